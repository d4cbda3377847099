import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import type { AccountBook } from "../mapping/policy-versions.ts";
import { type Change, type GuardLimits, judgeRun } from "../sync/guard.ts";
import { wantedUnits } from "./wanted.ts";

/** A listing whose number another policy would change. */
export type PolicyChange = {
  readonly ref: string;
  readonly skus: readonly string[];
  readonly shownUnits: number | null;
  readonly fromUnits: number;
  readonly toUnits: number;
};

export type PolicyDiff = {
  readonly accountId: string;
  readonly listings: number;
  readonly zeroed: number;
  readonly lowered: number;
  readonly raised: number;
  /** At most as many as were asked for, largest change first. */
  readonly changes: readonly PolicyChange[];
  /** Why the account would be stopped for it; null: within its guards. */
  readonly guard: string | null;
};

const batchMax = 2_000;

const TargetRow = z.object({
  listingId: z.number(),
  ref: z.string(),
  skus: z.array(z.string()),
  shownUnits: z.number().nullable(),
});

const targetsAfter = (
  on: Queryable,
  accountId: string,
  afterId: number,
): Promise<readonly z.infer<typeof TargetRow>[]> =>
  query(
    on,
    TargetRow,
    sql`
      select t.listing_id as "listingId", l.ref, t.shown_units as "shownUnits",
             array(select k.sku from listing_link k where k.listing_id = t.listing_id order by k.sku) as skus
        from push_target t join listing l on l.id = t.listing_id
       where t.account_id = ${accountId} and t.listing_id > ${afterId}
       order by t.listing_id limit ${batchMax}`,
  );

type Booked = AccountBook & { readonly locationId: string };

/** Which of an account's quantities would change now if it were counted by `to` instead of `from`. Changes nothing. */
export const diffPolicies = async (
  on: Queryable,
  account: { readonly accountId: string; readonly from: Booked; readonly to: Booked; readonly guards: GuardLimits },
  changesMax: number,
): Promise<PolicyDiff> => {
  const { accountId, from, to, guards } = account;
  const changes: PolicyChange[] = [];
  const run: Change[] = [];
  let listings = 0;
  for (let afterId = 0; ; ) {
    const rows = await targetsAfter(on, accountId, afterId);
    const ids = rows.map(({ listingId }) => listingId);
    const before = await wantedUnits(on, ids, { ...from, accountId });
    const after = await wantedUnits(on, ids, { ...to, accountId });
    for (const { listingId, ref, skus, shownUnits } of rows) {
      const [fromUnits = 0, toUnits = 0] = [before.get(listingId)?.units, after.get(listingId)?.units];
      if (fromUnits === toUnits) continue;
      changes.push({ ref, skus, shownUnits, fromUnits, toUnits });
      run.push({ wantedUnits: toUnits, shownUnits, withheldUnits: 0 });
    }
    listings += rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchMax) break;
    afterId = last.listingId;
  }
  const size = ({ fromUnits, toUnits }: PolicyChange): number => Math.abs(toUnits - fromUnits);
  return {
    accountId,
    listings,
    zeroed: changes.filter(({ toUnits }) => toUnits === 0).length,
    lowered: changes.filter(({ fromUnits, toUnits }) => toUnits > 0 && toUnits < fromUnits).length,
    raised: changes.filter(({ fromUnits, toUnits }) => toUnits > fromUnits).length,
    changes: changes.toSorted((a, b) => size(b) - size(a)).slice(0, changesMax),
    guard: judgeRun(run, listings, guards) ?? null,
  };
};
