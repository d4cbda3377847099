import { toIso } from "../core/clock.ts";
import { type OversellRow, type OversellsPage, oversellsPage } from "../ledger/oversells.ts";
import { causeOfOversell, type OversellVerdict } from "../sync/oversell-cause.ts";
import type { OversellFigures } from "../sync/oversell-evidence.ts";
import { type AvoidedBy, avoidedBy } from "../sync/oversell-setting.ts";
import { oversellFigures } from "./oversell-figures.ts";
import type { OversellDeps } from "./oversell-takings.ts";
import { avoidedText, causeText, secondsText, takerText } from "./oversell-text.ts";
import { timelineOf } from "./timeline.ts";
import type { TimelineEntry } from "./timeline-entry.ts";

/** An oversell with its cause. `sentence` and `advice` are for people, the rest for programs. */
export type ExplainedOversell = Omit<OversellRow, "commandKey" | "leg" | "version"> &
  Pick<OversellVerdict, "cause" | "what"> & {
    readonly sentence: string;
    readonly avoidedBy: AvoidedBy;
    readonly advice: string;
  };

/** A sale is told of by the channel's own time, whenever we heard of it. */
export type PostMortemEntry = Omit<TimelineEntry, "kind"> & { readonly kind: TimelineEntry["kind"] | "sale" };

export type PostMortem = ExplainedOversell & {
  /** By how much each thing is to blame. */
  readonly blames: OversellVerdict["blames"];
  /** What the cause was told from; null: the movement is gone. */
  readonly evidence: OversellFigures | null;
  /** Oldest first. */
  readonly timeline: readonly PostMortemEntry[];
};

const unknown: OversellVerdict = {
  cause: "unknown",
  what: "unexplained",
  movementId: null,
  gapMs: null,
  blames: [],
  excessUnits: 0,
};
const nothing: AvoidedBy = { setting: "none", value: null, account: null };

const judge = (deps: OversellDeps, figures: OversellFigures | undefined) => {
  if (figures === undefined) return { verdict: unknown, sentence: "nothing on record explains it", by: nothing };
  const verdict = causeOfOversell(figures);
  const late = [...figures.before, figures.second].find(({ movementId }) => movementId === verdict.movementId);
  const plan = late?.accountId == null ? undefined : deps.planFor(late.accountId);
  const telling = plan && { ordersEveryMs: plan.ordersEveryMs, messagesSetting: plan.messagesSetting ?? null };
  return { verdict, sentence: causeText(verdict, figures), by: avoidedBy(verdict, figures, telling) };
};

const explained = (row: OversellRow, { verdict, sentence, by }: ReturnType<typeof judge>): ExplainedOversell => {
  const { commandKey: _key, leg: _leg, version: _version, ...incident } = row;
  const { cause, what } = verdict;
  return { ...incident, cause, what, sentence, avoidedBy: by, advice: avoidedText(by) };
};

/** Oversells, newest first, each with its cause: told anew from what is on record. */
export const listOversells = async (deps: OversellDeps, page: OversellsPage): Promise<readonly ExplainedOversell[]> => {
  const found: ExplainedOversell[] = [];
  for (const row of await oversellsPage(deps.db, page))
    found.push(explained(row, judge(deps, await oversellFigures(deps, row))));
  return found;
};

const entriesMax = 300;
const leadMs = 5_000;
const aftermathMs = 5 * 60_000;

const salesOf = (figures: OversellFigures | undefined): readonly PostMortemEntry[] => {
  if (figures === undefined) return [];
  const { before, second, last } = figures;
  return [...new Map([...before, second, last].map((taking) => [taking.movementId, taking])).values()]
    .filter(({ by, units }) => by !== "hand" && units > 0)
    .map((taking) => {
      const told = `told after ${secondsText(taking.toldAtMs - taking.soldAtMs)}${taking.door === null ? "" : ` by ${taking.door}`}`;
      const known = `in the ledger after ${secondsText(taking.recordedAtMs - taking.soldAtMs)}`;
      return {
        at: toIso(taking.soldAtMs),
        kind: "sale" as const,
        id: taking.movementId,
        text: `${takerText(taking)} took ${taking.units}; ${told}, ${known}`,
        account: taking.accountId,
        listing: null,
        sku: null,
      };
    });
};

const storyOf = async (
  deps: OversellDeps,
  row: OversellRow,
  figures: OversellFigures | undefined,
): Promise<readonly PostMortemEntry[]> => {
  const endMs = Math.min(Date.parse(row.recordedAt) + aftermathMs, deps.clock.now() + 1);
  const sales = salesOf(figures);
  const fromMs = Math.min(
    Date.parse(row.recordedAt),
    figures?.offer?.madeAtMs ?? Number.POSITIVE_INFINITY,
    ...sales.map(({ at }) => Date.parse(at)),
  );
  const from = toIso(fromMs - leadMs);
  const found = await timelineOf(
    deps,
    { of: "sku", sku: row.sku },
    { before: toIso(Math.max(endMs, Date.parse(row.recordedAt) + 1)), rowsMax: entriesMax },
  );
  const entries = (found?.entries ?? []).filter(({ at }) => at >= from).toReversed();
  return [...sales, ...entries].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
};

/** One oversell: what happened, why, and what would have avoided it. Undefined: there is no such incident. */
export const oversellPostMortem = async (deps: OversellDeps, id: number): Promise<PostMortem | undefined> => {
  const [row] = await oversellsPage(deps.db, { id, sku: null, since: null, beforeId: null, rowsMax: 1 });
  if (row === undefined) return undefined;
  const figures = await oversellFigures(deps, row);
  const judged = judge(deps, figures);
  return {
    ...explained(row, judged),
    blames: judged.verdict.blames,
    evidence: figures ?? null,
    timeline: await storyOf(deps, row, figures),
  };
};
