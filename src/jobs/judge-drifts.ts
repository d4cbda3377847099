import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { readCursor } from "../sync/cursors.ts";
import {
  classifyDrift,
  type DriftCause,
  type DriftEvidence,
  isChannelsOwn,
  isOlderNumber,
} from "../sync/drift-cause.ts";
import { movedAlready, ordersKnownUntil, type Suspect, suspects } from "../sync/drift-evidence.ts";
import { actOnDrift, type DriftPolicies } from "../sync/drift-policy.ts";
import { closeHealedDrifts, type Judgement, oweAgain, recordJudgements, recordLaterCauses } from "../sync/drifts.ts";
import { acceptDrift } from "./accept-drift.ts";
import { defaultAuditPlan } from "./audit-plan.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { gatherEvidence } from "./gather-evidence.ts";
import { countMoved } from "./moved-together.ts";
import { orderAuditStream, rereadOrders } from "./reread-orders.ts";

const rowsMax = 500;
/** A number alone tells these; what moved together may tell otherwise. */
const reconsidered: ReadonlySet<DriftCause> = new Set(["hand-edit", "other-app", "lost-push"]);

type Weighed = { readonly suspect: Suspect; readonly evidence: DriftEvidence; readonly cause: DriftCause };

/** What is certain whatever the orders and the neighbours say. */
const isSure = ({ cause, evidence }: Pick<Weighed, "cause" | "evidence">): boolean =>
  cause === "unseen-order" || cause === "our-lag" || isChannelsOwn(evidence);

/** The order was told by itself a moment later, and all is right: it was no drift. */
const wasOnItsWay = ({ suspect, evidence, cause }: Weighed, lagMsMax: number, rereadMs: number): boolean => {
  const { ordersKnownAfterMs, shownUnits, wantedUnits } = evidence;
  if (cause !== "unseen-order" || ordersKnownAfterMs === null || shownUnits !== wantedUnits) return false;
  const knownMs = suspect.observedAtMs + ordersKnownAfterMs;
  const byReread = knownMs >= rereadMs && knownMs - rereadMs <= lagMsMax;
  return ordersKnownAfterMs <= lagMsMax && !byReread;
};

/** The state a judged drift is in, and what its listing needs. Pure. */
const judgementOf = (weighed: Weighed, policies: DriftPolicies, isNone: (weighed: Weighed) => boolean) => {
  const { suspect, evidence, cause } = weighed;
  const policy = policies[cause];
  const action = actOnDrift(cause, policy, evidence);
  const stored = { ...evidence, isOlder: isOlderNumber(evidence) };
  const state = action.action === "close" ? action.state : action.action === "heal" ? "healing" : "open";
  const judgement: Judgement = isNone(weighed)
    ? { id: suspect.id, cause: null, policy: null, evidence: stored, state: "gone", reason: "its order was on its way" }
    : { id: suspect.id, cause, policy, evidence: stored, state, reason: null };
  const owes = action.action === "heal" || (action.action === "ask" && action.lowers);
  return { judgement, owes, accepts: action.action === "accept", suspect, evidence };
};

/**
 * Judges what the audit found: reads the listings and, where nothing else explains a difference, the order window again;
 * gives each a cause; does what the account's policy says. Returns how many were judged.
 */
export const judgeDrifts = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  signal: AbortSignal,
): Promise<number> => {
  const { accountId } = plan;
  const audit = plan.audit ?? defaultAuditPlan;
  const nowMs = deps.clock.now();
  await closeHealedDrifts(deps.db, accountId, { now: toIso(nowMs), soonMs: audit.togetherMs });
  const found = await suspects(deps.db, accountId, {
    foundUntil: toIso(nowMs - audit.gatherMs),
    againSince: toIso(nowMs - audit.gatherMs - audit.togetherMs),
    rowsMax,
  });
  if (!found.some(({ state }) => state === "suspected")) return 0;
  const knownUntil = await ordersKnownUntil(deps.db, accountId);
  const knownMs = knownUntil === null ? 0 : Date.parse(knownUntil);
  const gaveUp = ({ observedAtMs }: Suspect): boolean => nowMs - observedAtMs > audit.giveUpMs;
  const ready = found.filter((suspect) => suspect.observedAtMs <= knownMs || gaveUp(suspect));
  if (ready.length < found.length) deps.wake("poll-orders", { accountId });
  if (ready.length === 0) return 0;

  const reread = await readCursor(deps.db, accountId, orderAuditStream);
  const rereadMs = reread.polledAt === null ? 0 : Date.parse(reread.polledAt);
  const seen = ({ observedAtMs }: Suspect): boolean => observedAtMs <= Math.min(knownMs, rereadMs);
  const weighed = (await gatherEvidence(deps, connector, plan, ready, seen, signal)).map((one) => ({
    ...one,
    cause: classifyDrift({ ...one.evidence, ordersSeen: true }),
  }));
  const unsure = weighed.filter((one) => !isSure(one));
  const waiting = new Set(
    unsure.filter(({ suspect }) => !seen(suspect) && !gaveUp(suspect)).map(({ suspect }) => suspect.id),
  );
  if (waiting.size > 0 && nowMs - rereadMs >= audit.ordersEveryMs) {
    await rereadOrders(deps, connector, accountId, signal);
  }
  const already = await movedAlready(deps.db, accountId, {
    since: toIso(Math.min(...ready.map(({ observedAtMs }) => observedAtMs)) - audit.togetherMs),
    until: toIso(nowMs),
  });
  const moved = countMoved(unsure, already, audit.togetherMs);
  const judged = weighed
    .filter(({ suspect }) => !waiting.has(suspect.id))
    .map((one) => {
      const evidence = { ...one.evidence, movedTogether: moved.get(one.suspect.id) ?? one.evidence.movedTogether };
      return { ...one, evidence, cause: classifyDrift(evidence) };
    })
    .filter(({ suspect, cause }) => suspect.state === "suspected" || cause !== suspect.cause)
    .map((one) => judgementOf(one, audit.policies, (weighed) => wasOnItsWay(weighed, audit.lagMsMax, rereadMs)));
  const over = already.filter(({ state, cause }) => state !== "open" && reconsidered.has(cause));
  await recordLaterCauses(
    deps.db,
    over.flatMap(({ id, cause, evidence: before }) => {
      const evidence = { ...before, movedTogether: moved.get(id) ?? before.movedTogether };
      const later = classifyDrift(evidence);
      return later === cause ? [] : [{ id, cause: later, evidence }];
    }),
  );
  await settle(deps, plan, judged);
  return judged.length;
};

const settle = async (
  deps: JobDeps,
  plan: AccountPlan,
  judged: readonly ReturnType<typeof judgementOf>[],
): Promise<void> => {
  if (judged.length === 0) return;
  const { accountId } = plan;
  const now = toIso(deps.clock.now());
  const judgements: Judgement[] = [];
  for (const { judgement, accepts, suspect, evidence } of judged) {
    const drift = { id: suspect.id, listingId: suspect.listingId, shownUnits: evidence.shownUnits };
    const by = { actor: "drift:policy", reason: `${judgement.cause}, accepted by policy` };
    const refused = accepts ? await acceptDrift(deps, plan, drift, by) : undefined;
    if (accepts && refused === undefined) judgements.push({ ...judgement, state: "accepted", reason: by.reason });
    else judgements.push({ ...judgement, reason: refused ?? judgement.reason });
  }
  const owing = judged.filter(({ owes }) => owes).map(({ suspect }) => suspect.listingId);
  await inTransaction(deps.db, async (tx) => {
    await recordJudgements(tx, judgements, now);
    await oweAgain(tx, owing, now);
  });
  if (owing.length > 0) deps.wake("push-account", { accountId });
  for (const [cause, rows] of Map.groupBy(judgements, (one) => one.cause)) {
    if (cause === null) continue;
    deps.log.warn({ accountId, cause, drifts: rows.length }, "listings showed another number than they should");
  }
};
