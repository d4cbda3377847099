import { listOversells } from "../../src/jobs/oversells.ts";
import { showEverything } from "../../src/mapping/policy.ts";
import type { TestDatabase } from "./database.ts";
import { deeds } from "./oversell-deeds.ts";
import { here, OversellStage } from "./oversell-stage.ts";

export type OversellShow = {
  readonly staged: number;
  /** Incidents that the ledger recorded; one deed may make several. */
  readonly incidents: number;
  readonly right: number;
  readonly rightShare: number;
  readonly wrong: readonly { readonly deed: string; readonly sku: string; readonly found: string }[];
  /** SKUs that were oversold. */
  readonly oversold: ReadonlySet<string>;
  /** Buffers that would have avoided it, as told, by SKU. */
  readonly buffers: ReadonlyMap<string, number>;
  /** To read one page of fifty with their causes. */
  readonly pageMs: number;
};

/**
 * Stages so many oversells, each kind in turn with times and units by chance, and asks for the causes at the end.
 * `buffers`: kept back of these SKUs from the start, on the account where the second sale is made.
 */
export const runOversellShow = async (given: {
  readonly staged: number;
  readonly seed: number;
  readonly buffers?: ReadonlyMap<string, number>;
  /** Left as it is at the end; absent: one of its own. */
  readonly database?: TestDatabase;
}): Promise<OversellShow> => {
  const names = Array.from({ length: given.staged }, (_, index) => `SKU-${index}`);
  const units = new Map(names.map((sku, index) => [sku, 4 + ((index * 7 + given.seed) % 9)]));
  const overrides = [...(given.buffers ?? [])].map(([sku, bufferUnits]) => ({
    skus: [sku],
    listings: [],
    policy: { ...showEverything, bufferUnits },
  }));
  const stage = await OversellStage.open(units, given.seed, {
    settings: { overrides },
    ...(given.database !== undefined && { database: given.database }),
  });
  try {
    const expected = new Map<string, (typeof deeds)[number]>();
    for (const [index, sku] of names.entries()) {
      const deed = deeds[index % deeds.length];
      if (deed === undefined) throw new Error("there are no deeds");
      expected.set(sku, deed);
      const there = units.get(sku) ?? 0;
      const first = stage.int(1, there - 1);
      await deed.act(stage, sku, { units: there, first, second: there - first + 1 });
      await stage.setState(here, "live");
      stage.pass(1_000, 5_000);
      await stage.work();
    }
    const page = { id: null, sku: null, since: null, beforeId: null, rowsMax: 10_000 };
    const found = await listOversells(stage.bench.deps, page);
    const startedAt = performance.now();
    await listOversells(stage.bench.deps, { ...page, rowsMax: 50 });
    const pageMs = Math.round(performance.now() - startedAt);
    const wrong = names.flatMap((sku) => {
      const deed = expected.get(sku);
      const told = found.filter((row) => row.sku === sku);
      const isRight = told.length > 0 && told.every(({ cause, what }) => cause === deed?.cause && what === deed.what);
      if (isRight || deed === undefined) return [];
      const causes = told.map(({ cause, what }) => `${cause}/${what}`).join(", ");
      return [{ deed: deed.name, sku, found: causes || "no incident" }];
    });
    const right = given.staged - wrong.length;
    return {
      staged: given.staged,
      incidents: found.length,
      right,
      rightShare: right / given.staged,
      wrong,
      oversold: new Set(found.map(({ sku }) => sku)),
      buffers: new Map(
        found.flatMap(({ sku, avoidedBy: { setting, value } }) =>
          setting === "policy.buffer" && typeof value === "number" ? [[sku, value] as const] : [],
        ),
      ),
      pageMs,
    };
  } finally {
    if (given.database === undefined) await stage.close();
  }
};
