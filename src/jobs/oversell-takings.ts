import { z } from "zod";
import type { OrderSnapshot } from "../connectors/connector.ts";
import { movementsUpTo, type OversellRow } from "../ledger/oversells.ts";
import type { MovementRow } from "../ledger/queries.ts";
import type { Taking } from "../sync/oversell-evidence.ts";
import { messagedAccounts, type Told, toldOf } from "../sync/oversell-rows.ts";
import type { JobDeps } from "./deps.ts";
import { StoredSnapshot, snapshotTopic } from "./order-snapshot.ts";

export type OversellDeps = Pick<JobDeps, "db" | "clock" | "planFor" | "connectorFor">;

/** How many movements of the level are looked at: whatever matters happened shortly before. */
const movementsMax = 200;

const LineCause = z.tuple([z.string(), z.string(), z.string()]);
type Line = { readonly accountId: string; readonly orderRef: string; readonly lineRef: string };

const lineOf = ({ causeType, causeId }: MovementRow): Line | undefined => {
  if (causeType !== "order-line") return undefined;
  const [accountId, orderRef, lineRef] = LineCause.parse(JSON.parse(causeId));
  return { accountId, orderRef, lineRef };
};

/** What a delivery says about an order; undefined for a hint, and for what nobody can read any more. */
const snapshotIn = (deps: OversellDeps, told: Told): OrderSnapshot | undefined => {
  if (told.topic === snapshotTopic) {
    const stored = StoredSnapshot.safeParse(told.payload);
    return stored.success ? stored.data : undefined;
  }
  const { deliveryId: id, topic, payload, sourceAt } = told;
  try {
    const events = deps.connectorFor(told.accountId)?.translate({ id, topic, payload, sourceAt }) ?? [];
    return events.flatMap((event) =>
      event.kind === "order" && event.order.orderRef === told.orderRef ? [event.order] : [],
    )[0];
  } catch {
    return undefined;
  }
};

/** `names`: of the listing that sold it, as the channel called it. */
export type NamedTaking = Omit<Taking, "isSameListing" | "wasParked"> & { readonly names: readonly string[] };

const takingOf = (
  row: MovementRow,
  line: Line | undefined,
  about: {
    readonly told: readonly Told[];
    readonly snapshot: OrderSnapshot | undefined;
    readonly isFirst: boolean;
    readonly hasMessages: boolean;
  },
): NamedTaking => {
  const recordedAtMs = Date.parse(row.recordedAt);
  const occurredAtMs = Date.parse(row.occurredAt);
  const { told, snapshot, isFirst } = about;
  const soon = told.filter(({ receivedAtMs }) => receivedAtMs <= recordedAtMs);
  // What an order did first was told first; a later change by the delivery that came last.
  const by = isFirst ? soon[0] : soon.at(-1);
  const toldAtMs = by?.receivedAtMs ?? recordedAtMs;
  const madeAtMs = isFirst && snapshot !== undefined ? Date.parse(snapshot.createdAt) : occurredAtMs;
  const isByPerson = row.kind !== "reservation" || row.actor.startsWith("cli:");
  return {
    movementId: row.id,
    version: row.levelVersion,
    by: line !== undefined ? "order" : isByPerson ? "hand" : "checkout",
    kind: row.kind,
    units: row.dReserved - row.dOnHand,
    accountId: line?.accountId ?? null,
    orderRef: line?.orderRef ?? null,
    actor: row.actor,
    // A channel's clock may be ahead of ours.
    soldAtMs: Math.min(madeAtMs, occurredAtMs, toldAtMs),
    toldAtMs,
    recordedAtMs,
    door: by?.door ?? null,
    isMessaged: told.some(({ door }) => door === "webhook" || door === "queue"),
    accountHasMessages: about.hasMessages,
    names: snapshot?.lines.find(({ lineRef }) => lineRef === line?.lineRef)?.listingRefs ?? [],
  };
};

export type Takings = {
  /** In the order of the ledger; the last is the one that was recorded as the oversell. */
  readonly takings: readonly NamedTaking[];
  readonly movements: readonly MovementRow[];
  /** Available before the first of them. */
  readonly availableUnits: number;
};

/** What moved the level's available units up to an incident, with how and when we were told of it. */
export const takingsOf = async (deps: OversellDeps, incident: OversellRow): Promise<Takings> => {
  const movements = (await movementsUpTo(deps.db, incident, movementsMax)).toReversed();
  const lines = new Map(movements.map((row) => [row.id, lineOf(row)]));
  const orders = [...lines.values()].filter((line) => line !== undefined);
  const told = orders.length === 0 ? [] : await toldOf(deps.db, orders);
  const nameOf = (of: { readonly accountId: string; readonly orderRef: string }): string =>
    JSON.stringify([of.accountId, of.orderRef]);
  const toldOfOrder = Map.groupBy(told, nameOf);
  const around = [...new Map(told.map(({ accountId, inboxId }) => [accountId, { accountId, inboxId }])).values()];
  const messaged = await messagedAccounts(deps.db, around);
  const seen = new Set<string>();
  const takings = movements.flatMap((row) => {
    const line = lines.get(row.id);
    const isFirst = !seen.has(row.causeId);
    seen.add(row.causeId);
    if (row.dReserved === row.dOnHand) return [];
    const deliveries = line === undefined ? [] : (toldOfOrder.get(nameOf(line)) ?? []);
    const snapshot = deliveries.map((one) => snapshotIn(deps, one)).find((one) => one !== undefined);
    const hasMessages = line !== undefined && messaged.has(line.accountId);
    return [takingOf(row, line, { told: deliveries, snapshot, isFirst, hasMessages })];
  });
  const first = movements[0];
  const availableUnits =
    first === undefined ? 0 : first.onHandAfter - first.reservedAfter + first.dReserved - first.dOnHand;
  return { takings, movements, availableUnits };
};

/**
 * What took the units last by the clock of the world, which need not be what the ledger learned of last: the incident's
 * own movement when there was not enough at its time, else the first later one for which there was not.
 */
export const secondOf = ({ takings, availableUnits }: Takings): NamedTaking | undefined => {
  const last = takings.at(-1);
  let left = availableUnits;
  let isPast = false;
  for (const taking of takings.toSorted((a, b) => a.soldAtMs - b.soldAtMs || a.version - b.version)) {
    left -= taking.units;
    isPast ||= taking === last;
    if (isPast && left < 0 && taking.units > 0) return taking;
  }
  return last;
};
