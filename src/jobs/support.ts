import { listHolds } from "../sync/holds.ts";
import { type ExplainDeps } from "./explain.ts";
import { explain } from "./explain-sku.ts";
import { listOversells, oversellPostMortem } from "./oversells.ts";
import { endHold, type HoldDeps, previewHold, putHold } from "./put-hold.ts";
import { timelineOf } from "./timeline.ts";

export type { HoldRow } from "../sync/holds.ts";
export type { ExplainAnswer, Explained, ExplainQuestion } from "./explain-sku.ts";
export { termText } from "./explanation.ts";
export type { ExplainedOversell, PostMortem } from "./oversells.ts";
export type { HoldDone, HoldTarget } from "./put-hold.ts";
export type { Timeline, TimelineSubject } from "./timeline-entry.ts";

/** What the surfaces answer support's questions with, bound to what it needs. */
export const createSupport = (deps: ExplainDeps & HoldDeps) => ({
  explain: (question: Parameters<typeof explain>[1]) => explain(deps, question),
  timeline: (subject: Parameters<typeof timelineOf>[1], asked: Parameters<typeof timelineOf>[2]) =>
    timelineOf(deps, subject, asked),
  oversells: (page: Parameters<typeof listOversells>[1]) => listOversells(deps, page),
  postMortem: (id: number) => oversellPostMortem(deps, id),
  holds: (page: Parameters<typeof listHolds>[1]) => listHolds(deps.db, page),
  previewHold: (target: Parameters<typeof previewHold>[1]) => previewHold(deps, target),
  putHold: (request: Parameters<typeof putHold>[1]) => putHold(deps, request),
  endHold: (ended: Parameters<typeof endHold>[1]) => endHold(deps, ended),
});
export type Support = ReturnType<typeof createSupport>;
