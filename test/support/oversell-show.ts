import { listOversells } from "../../src/jobs/oversells.ts";
import { deeds } from "./oversell-deeds.ts";
import { here, OversellStage } from "./oversell-stage.ts";

export type OversellShow = {
  readonly staged: number;
  /** Incidents that the ledger recorded; one deed may make several. */
  readonly incidents: number;
  readonly right: number;
  readonly rightShare: number;
  readonly wrong: readonly { readonly deed: string; readonly sku: string; readonly found: string }[];
  /** To read one page of fifty with their causes. */
  readonly pageMs: number;
};

/** Stages so many oversells, each kind in turn with times and units by chance, and asks for the causes at the end. */
export const runOversellShow = async (given: {
  readonly staged: number;
  readonly seed: number;
  readonly only?: string;
}): Promise<OversellShow> => {
  const acts = deeds.filter(({ name }) => given.only === undefined || name === given.only);
  const names = Array.from({ length: given.staged }, (_, index) => `SKU-${index}`);
  const units = new Map(names.map((sku, index) => [sku, 4 + ((index * 7 + given.seed) % 9)]));
  const stage = await OversellStage.open(units, given.seed);
  try {
    const expected = new Map<string, (typeof deeds)[number]>();
    for (const [index, sku] of names.entries()) {
      const deed = acts[index % acts.length];
      if (deed === undefined) throw new Error(`no deed ${given.only}`);
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
      return isRight || deed === undefined
        ? []
        : [
            {
              deed: deed.name,
              sku,
              found: told.map(({ cause, what }) => `${cause}/${what}`).join(", ") || "no incident",
            },
          ];
    });
    const right = given.staged - wrong.length;
    return {
      staged: given.staged,
      incidents: found.length,
      right,
      rightShare: right / given.staged,
      wrong,
      pageMs,
    };
  } finally {
    await stage.close();
  }
};
