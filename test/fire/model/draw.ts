import { LocationId, Sku } from "../../../src/core/ids.ts";
import type { Random } from "../../../src/core/random.ts";
import type { Command, OrderTarget, ReservationUnits } from "../../../src/ledger/commands.ts";
import { orderTargetKey } from "../../../src/ledger/post.ts";
import { PlainLedger } from "./plain-ledger.ts";

export const locations = ["main", "shop"];
const skusPerGroup = 30;
const recentMax = 2_000;
const occurredAt = "2026-11-01T00:00:00.000Z";
const firstUpdateMs = Date.parse("2026-11-01T00:00:00.000Z");

/** A list that forgets its oldest. */
const createRecent = <Item>(random: Random) => {
  const items: Item[] = [];
  let next = 0;
  return {
    add: (item: Item): void => {
      if (items.length < recentMax) next = items.push(item) - 1;
      else items[(next = (next + 1) % recentMax)] = item;
    },
    any: (): Item | undefined => items[Math.floor(random() * items.length)],
    /** One of the last forty; if it can be, one that `suits`. */
    latest: (suits: (item: Item) => boolean): Item | undefined => {
      let found: Item | undefined;
      for (let look = 0; look < 8; look += 1) {
        const back = Math.floor(random() * Math.min(40, items.length));
        found = items[(next - back + items.length) % items.length];
        if (found !== undefined && suits(found)) return found;
      }
      return found;
    },
  };
};

/**
 * Random commands of one group of SKUs, of every kind: sound ones, refused ones, repeated keys, keys with other bodies.
 * Groups share nothing, so each has an order of its own.
 */
export const createDraw = (group: number, random: Random, model: PlainLedger) => {
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const chance = (share: number): boolean => random() < share;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const sent = createRecent<Command>(random);
  const reservations = createRecent<{ readonly id: string; readonly lines: readonly ReservationUnits[] }>(random);
  const transfers = createRecent<{ readonly id: string; readonly sku: Sku }>(random);
  let drawn = 0;

  const drawSku = (): Sku => {
    // Some SKUs are hot, some are never received, and some have letters that a careless statement would trip over.
    const number = chance(0.5) ? whole(0, 3) : whole(0, skusPerGroup);
    return Sku.parse(number === 5 ? `g${group} "q\\u,{}' ü ${number}` : `g${group}-${number}`);
  };
  const drawLocation = (): LocationId => LocationId.parse(chance(0.01) ? "nowhere" : chance(0.7) ? "main" : "shop");
  const place = () => ({ sku: drawSku(), locationId: drawLocation() });
  const base = () => ({ key: `g${group}/${drawn}`, actor: "model", occurredAt });
  const drawLines = (): readonly ReservationUnits[] =>
    Array.from({ length: chance(0.6) ? 1 : whole(2, 4) }, () => ({
      ...place(),
      units: chance(0.9) ? whole(1, 8) : whole(9, 400),
    }));

  const drawTarget = (): OrderTarget => {
    const units = whole(1, 6);
    const left = whole(0, units);
    return pick<OrderTarget>([
      { holdUnits: units, leftUnits: 0, backUnits: 0 },
      { holdUnits: units - left, leftUnits: left, backUnits: 0 },
      { holdUnits: 0, leftUnits: units, backUnits: whole(0, units) },
      { holdUnits: 0, leftUnits: 0, backUnits: 0 },
    ]);
  };

  const drawOrder = (): Command => {
    const number = whole(Math.max(0, Math.floor(drawn / 60) - 5), Math.floor(drawn / 60));
    // An account has one location; one view in a hundred names one that is not there.
    const locationId = chance(0.01) ? drawLocation() : LocationId.parse(number % 3 === 0 ? "shop" : "main");
    const updatedMs = firstUpdateMs + whole(0, 20) * 1_000;
    const view = {
      accountId: "account",
      orderRef: `g${group}-${number}`,
      lineRef: `${whole(1, 2)}`,
      sku: drawSku(),
      target: drawTarget(),
      sourceUpdatedAt: new Date(updatedMs).toISOString(),
      sourceObservedAt: new Date(updatedMs + whole(0, 2) * 500).toISOString(),
    };
    return {
      ...view,
      kind: "order-target",
      key: orderTargetKey(view),
      actor: "model",
      occurredAt,
      locationId,
    };
  };

  const drawOnReservation = (): Command => {
    const isHeld = ({ id: one }: { readonly id: string }): boolean => model.reservations.get(one)?.state === "held";
    const { id, lines } = (chance(0.8) ? reservations.latest(isHeld) : reservations.any()) ?? {
      id: "never",
      lines: [],
    };
    const on = { ...base(), reservationId: chance(0.02) ? "never" : id };
    const part = (): readonly ReservationUnits[] =>
      lines.filter(() => chance(0.7)).map((line) => ({ ...line, units: whole(1, Math.min(line.units, 5)) }));
    const some = (): readonly ReservationUnits[] | null => {
      const chosen = chance(0.5) ? part() : [];
      return chosen.length === 0 ? null : chosen;
    };
    const kind = pick(["commit", "commit", "release", "extend", "expire"] as const);
    if (kind === "extend") return { ...on, kind, ttlMs: chance(0.05) ? 10 : whole(1_000, 300_000) };
    if (kind === "expire") return { ...on, kind, key: `expire/${on.reservationId}/${drawn}` };
    return { ...on, kind, lines: some() };
  };

  const drawTransfer = (): Command => {
    const known = transfers.latest((one) => model.transfers.has(`${one.id} of ${one.sku}`));
    if (known === undefined || chance(0.45)) {
      const [from, to] = chance(0.9)
        ? chance(0.6)
          ? ["main", "shop"]
          : ["shop", "main"]
        : [drawLocation(), drawLocation()];
      const id = chance(0.05) ? (known?.id ?? "t") : `t-g${group}-${drawn}`;
      const sku = drawSku();
      transfers.add({ id, sku });
      return {
        ...base(),
        kind: "transfer-send",
        transferId: id,
        sku,
        fromLocationId: LocationId.parse(from),
        toLocationId: LocationId.parse(to),
        units: whole(1, 12),
        reason: null,
      };
    }
    const on = { ...base(), transferId: chance(0.03) ? "never" : known.id, sku: known.sku, reason: null };
    if (chance(0.25)) return { ...on, kind: "transfer-cancel" };
    const lostUnits = chance(0.2) ? whole(1, 3) : 0;
    return { ...on, kind: "transfer-receive", units: lostUnits > 0 ? whole(0, 3) : whole(1, 6), lostUnits };
  };

  const drawReserve = (): Command => {
    const id = chance(0.02) ? (reservations.any()?.id ?? "r") : `r-g${group}-${drawn}`;
    const lines = drawLines();
    reservations.add({ id, lines });
    const ttlMs = chance(0.2) ? null : chance(0.02) ? pick([0, 999, 1.5, 8e9]) : whole(1_000, 300_000);
    const mode = chance(0.6) ? "all" : "partial";
    return {
      ...base(),
      kind: "reserve",
      reservationId: id,
      lines,
      mode,
      ttlMs,
      reference: chance(0.1) ? "cart" : null,
    };
  };

  const drawStock = (): Command => {
    const at = { ...base(), ...place() };
    const units = chance(0.002) ? 999_999_000 : whole(1, 60);
    const drawing = random();
    if (drawing < 0.4) {
      // Orders take whatever they want: without deliveries to match, nothing could be reserved after a while.
      const level = model.levels.get(PlainLedger.levelName(at.sku, at.locationId));
      const short = level === undefined ? 0 : level.reserved - level.onHand;
      if (short > 0) return { ...at, kind: "receive", units: short + whole(1, 300), reason: null };
      const taken = chance(0.3) ? ({ fromIncoming: true } as const) : {};
      return { ...at, kind: "receive", units, reason: null, ...taken };
    }
    if (drawing < 0.5) return { ...at, kind: "expect", units: chance(0.7) ? units : -whole(1, 30), reason: null };
    if (drawing < 0.65) return { ...at, kind: "adjust", units: whole(-20, 12) || 1, reason: "broken" };
    if (drawing < 0.8) return { ...at, kind: "count", units: whole(0, 150), reason: null };
    if (drawing < 0.9) return { ...at, kind: "return", units: whole(1, 5), restock: chance(0.5), reason: null };
    return {
      ...at,
      kind: "correct",
      onHandUnits: whole(-5, 5),
      incomingUnits: whole(-5, 5),
      reason: "typed wrong",
      corrects: chance(0.05) ? 900_000_000_000 + drawn : null,
    };
  };

  const drawNew = (): Command => {
    const drawing = random();
    if (drawing < 0.25) return drawStock();
    if (drawing < 0.5) return drawReserve();
    if (drawing < 0.75) return drawOnReservation();
    if (drawing < 0.85) return drawTransfer();
    return drawOrder();
  };

  return (): Command => {
    drawn += 1;
    const earlier = chance(0.08) ? sent.any() : undefined;
    if (earlier !== undefined && chance(0.7)) return { ...earlier, actor: "somebody else" };
    const command = drawNew();
    if (earlier !== undefined) return { ...command, key: earlier.key };
    sent.add(command);
    return command;
  };
};
