import type { Channel } from "../connectors/connector.ts";
import type { ControlClient, OrderTruth } from "./control-client.ts";
import type { DemoPlan, Step } from "./plan.ts";
import type { StockEvent } from "./verdict.ts";

export type ReplayProgress = { sales: number; lines: number; units: number; soldOutLines: number };

export type ReplayDeps = {
  readonly plan: DemoPlan;
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly salesPerSecond: number;
  /** Steps done by an earlier run of the same plan. */
  readonly stepsDone: number;
  /** Orders that an earlier run made, by invoice. */
  readonly ordersBefore: ReadonlyMap<string, OrderTruth>;
  /** Called after each step with what it took back. */
  readonly onStep: (stepsDone: number, progress: ReplayProgress, cancels: readonly StockEvent[]) => void;
  readonly signal: AbortSignal;
};

/** Buyers in a row: the steps happen in order, as fast as the rate says. */
export const replay = async (deps: ReplayDeps): Promise<ReplayProgress> => {
  const { plan, controls } = deps;
  const orders = new Map<string, Pick<OrderTruth, "orderId" | "lines">>(deps.ordersBefore);
  const progress: ReplayProgress = { sales: 0, lines: 0, units: 0, soldOutLines: 0 };
  const startedMs = deps.nowMs();
  for (const [index, step] of plan.steps.entries()) {
    if (deps.signal.aborted) break;
    if (index < deps.stepsDone) continue;
    let cancels: readonly StockEvent[] = [];
    if (step.kind === "sale") {
      const waitMs = startedMs + (progress.sales / deps.salesPerSecond) * 1000 - deps.nowMs();
      if (waitMs > 0) await deps.sleep(waitMs);
      const result = await controls[step.channel].sell(step.invoice, step.lines);
      if (result.orderId !== null) orders.set(step.invoice, { orderId: result.orderId, lines: result.lines });
      progress.sales += 1;
      progress.lines += result.lines.length;
      progress.units += result.lines.reduce((sum, line) => sum + line.orderedUnits, 0);
      progress.soldOutLines += result.soldOut.length;
    } else {
      const order = orders.get(step.invoice);
      // Without an order everything was sold out: nothing to follow up.
      if (order !== undefined) {
        const followed = await follow(step, order, controls[step.channel], deps.nowMs);
        orders.set(step.invoice, followed.order);
        cancels = followed.cancels;
      }
    }
    deps.onStep(index + 1, progress, cancels);
  }
  return progress;
};

/** Ships an order, or takes back what is still open of it. */
const follow = async (
  step: Exclude<Step, { kind: "sale" }>,
  order: Pick<OrderTruth, "orderId" | "lines">,
  control: ControlClient,
  nowMs: () => number,
): Promise<{ order: Pick<OrderTruth, "orderId" | "lines">; cancels: readonly StockEvent[] }> => {
  if (step.kind === "ship") return { order: await control.ship(order.orderId), cancels: [] };
  const wanted = step.lines.flatMap(({ sku, units }) => {
    const line = order.lines.find((candidate) => candidate.sku === sku);
    if (line === undefined) return [];
    const open = line.orderedUnits - line.cancelledUnits - line.shippedUnits;
    return open > 0 ? [{ lineId: line.lineId, units: Math.min(units, open) }] : [];
  });
  if (wanted.length === 0) return { order, cancels: [] };
  const atMs = nowMs();
  const after = await control.cancel(order.orderId, wanted);
  const before = new Map(order.lines.map((line) => [line.lineId, line.cancelledUnits]));
  const cancels = after.lines.flatMap((line): StockEvent[] => {
    const units = line.cancelledUnits - (before.get(line.lineId) ?? 0);
    return units > 0 ? [{ kind: "cancel", atMs, channel: step.channel, sku: line.sku, units }] : [];
  });
  return { order: after, cancels };
};
