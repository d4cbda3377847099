import { z } from "zod";
import { sameBytes } from "../../core/digest.ts";
import { execute, type Queryable, queryOne, sql, type Tx } from "../../db/sql.ts";
import { inTransaction } from "../../db/transaction.ts";
import { readOrigin, readRoot, readTreeSize } from "./log-rows.ts";
import type { TreeHead } from "./note.ts";
import { putHead, type SealDeps, takeSealTurn } from "./seal.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
const Rewind = z.object({
  id: z.number(),
  detectedAt: z.string(),
  reason: z.string(),
  outsideSize: z.number(),
  outsideRoot: z.instanceof(Buffer),
  treeSize: z.number(),
});
export type Rewind = z.infer<typeof Rewind>;

/** The rewind that nobody has accepted yet: while there is one, nothing is pushed. */
export const openRewind = (on: Queryable): Promise<Rewind | undefined> =>
  queryOne(on, Rewind, {
    text: `
      select id, to_char(detected_at, '${iso}') as "detectedAt", reason, outside_size as "outsideSize",
             outside_root as "outsideRoot", tree_size as "treeSize"
        from ledger_log_rewind where accepted_at is null`,
    values: [],
  });

const isAccepted = async (on: Queryable, head: TreeHead): Promise<boolean> =>
  (await queryOne(
    on,
    z.object({ id: z.number() }),
    sql`
      select id from ledger_log_rewind
       where accepted_at is not null and outside_size = ${head.size} and outside_root = ${head.root} limit 1`,
  )) !== undefined;

/** Why the tree does not continue a head that is kept outside; undefined when it does. */
export const whyNotContinued = async (on: Queryable, outside: TreeHead): Promise<string | undefined> => {
  const origin = await readOrigin(on);
  if (outside.origin !== origin)
    return `the heads kept outside are those of another log (${outside.origin}); this database holds ${origin}`;
  const size = await readTreeSize(on);
  if (outside.size > size)
    return `a head kept outside (${outside.signedAt}) speaks of ${outside.size} movements; the database holds ${size}: it is older than what was seen`;
  if (!sameBytes(await readRoot(on, outside.size), outside.root))
    return `the first ${outside.size} movements are not those of the head kept outside (${outside.signedAt})`;
  return undefined;
};

/** Records that the tree does not continue a head, and so freezes pushes. True when this is news. */
export const recordRewind = async (
  on: Queryable,
  found: { readonly outside: TreeHead; readonly reason: string; readonly now: string },
): Promise<boolean> => {
  if (await isAccepted(on, found.outside)) return false;
  const treeSize = await readTreeSize(on);
  const added = await execute(
    on,
    sql`
      insert into ledger_log_rewind (detected_at, reason, outside_size, outside_root, tree_size)
      values (${found.now}::timestamptz, ${found.reason}, ${found.outside.size}, ${found.outside.root}, ${treeSize})
      on conflict ((true)) where accepted_at is null do nothing`,
  );
  return added > 0;
};

/**
 * A person's word that what the database holds is the truth from here on. A head is signed that says which one was given up,
 * so that the heads outside tell the same story. False when another sealer has the turn: try again.
 */
export const acceptRewind = (
  deps: SealDeps,
  accepted: { readonly rewind: Rewind; readonly actor: string; readonly now: string },
): Promise<boolean> =>
  inTransaction(deps.db, async (tx: Tx) => {
    if (!(await takeSealTurn(tx))) return false;
    const { rewind, actor, now } = accepted;
    await execute(
      tx,
      sql`update ledger_log_rewind set accepted_at = ${now}::timestamptz, accepted_by = ${actor} where id = ${rewind.id}`,
    );
    const size = await readTreeSize(tx);
    const rewoundFrom = { size: rewind.outsideSize, root: rewind.outsideRoot };
    await putHead(tx, deps, { size, root: await readRoot(tx, size), rewoundFrom });
    return true;
  });
