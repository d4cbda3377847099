import { BaselinePolicy } from "./baselines.ts";
import type { Bug } from "./bugs/bug.ts";
import type { Engine } from "./engine.ts";
import { lockstepWith } from "./plant.ts";
import { type PolicyMaker, runSeed, type SeedOptions, type Verdict } from "./run-seed.ts";

export const policyNames = ["lockstep", "naive", "batch-hub"] as const;
export type PolicyName = (typeof policyNames)[number];

const batchMs = 15 * 60_000;
/** Every hundredth seed is run a second time. */
const repeatEvery = 100;

export type SeedSummary = {
  readonly seed: number;
  readonly policy: PolicyName;
  readonly trace: string;
  /** Run twice: whether both traces were the same; null = run once. */
  readonly repeats: boolean | null;
  readonly violations: readonly string[];
  readonly injected: Readonly<Record<string, number>>;
  readonly effective: Readonly<Record<string, number>>;
  readonly events: number;
  readonly statements: number;
  readonly virtualMs: number;
  readonly quietMs: number | null;
  readonly mendedMs: number | null;
  readonly figures: Readonly<Record<Figure, number>>;
};

export const figureNames = [
  "orders",
  "soldUnits",
  "lostUnits",
  "inventedUnits",
  "doubledUnits",
  "oversoldUnits",
  "oversoldByUsUnits",
  "writes",
  "raisesPastTruth",
  "raisedPastTruthUnits",
  "blamedRaises",
  "wrongListings",
  "overHours",
  "underHours",
  "emptyHours",
] as const;
export type Figure = (typeof figureNames)[number];

export const policyMaker = (name: PolicyName, bug?: Bug): Promise<PolicyMaker> => {
  if (name === "lockstep") return lockstepWith(bug);
  return Promise.resolve((given) => new BaselinePolicy(given, name === "batch-hub" ? batchMs : undefined));
};

const figuresOf = ({ books, figures }: Verdict): Readonly<Record<Figure, number>> => ({
  orders: books.orders,
  soldUnits: books.soldUnits,
  lostUnits: figures.lost,
  inventedUnits: figures.invented,
  doubledUnits: figures.doubled,
  oversoldUnits: books.oversoldUnits,
  oversoldByUsUnits: books.oversoldByUsUnits,
  writes: books.writes,
  raisesPastTruth: books.raisesPastTruth,
  raisedPastTruthUnits: books.raisedPastTruthUnits,
  blamedRaises: books.blamedRaises.length,
  wrongListings: figures.wrongListings,
  overHours: books.overHours,
  underHours: books.underHours,
  emptyHours: books.emptyHours,
});

export const summarise = async (
  engine: Engine,
  policy: { readonly name: PolicyName; readonly make: PolicyMaker },
  options: SeedOptions & { readonly isRepeated?: boolean },
): Promise<SeedSummary> => {
  const before = engine.statements;
  const verdict = await runSeed(engine, policy.make, options);
  const statements = engine.statements - before;
  const isRepeated = options.isRepeated ?? options.seed % repeatEvery === 1;
  const again = isRepeated ? await runSeed(engine, policy.make, options) : undefined;
  return {
    seed: options.seed,
    policy: policy.name,
    trace: verdict.trace,
    repeats: again === undefined ? null : again.trace === verdict.trace,
    violations: verdict.violations,
    injected: Object.fromEntries(verdict.injected),
    effective: Object.fromEntries(verdict.effective),
    events: verdict.events,
    statements,
    virtualMs: verdict.virtualMs,
    quietMs: verdict.quietMs,
    mendedMs: verdict.mendedMs,
    figures: figuresOf(verdict),
  };
};
