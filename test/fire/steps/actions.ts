import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Db } from "../../../src/db/pool.ts";
import { execute, sql } from "../../../src/db/sql.ts";
import { inTransaction } from "../../../src/db/transaction.ts";
import type { Command, SetOrderTarget } from "../../../src/ledger/commands.ts";
import { createLane } from "../../../src/ledger/lane.ts";
import { seal } from "../../../src/ledger/log/seal.ts";
import { signerOf } from "../../../src/ledger/log/signing-key.ts";
import { claimOutbox } from "../../../src/ledger/outbox.ts";
import { orderTargetKey } from "../../../src/ledger/post.ts";

/** One run's own corner of the ledger; `side` tells its two sessions apart. */
export type World = { readonly n: number };
type Side = "a" | "b";

export type Action = {
  readonly name: string;
  /** The commands it puts to the ledger, in one batch; none: it works beside the ledger. */
  readonly commands: (world: World, side: Side) => readonly Command[];
  /** Answers as a JSON array. */
  readonly run: (db: Db, world: World, side: Side) => Promise<string>;
};

const at = "2026-11-01T00:00:00.000Z";
const location = (id: string) => LocationId.parse(id);
const base = (key: string) => ({ key, actor: "steps", occurredAt: at });
const place = (sku: string, { n }: World) => ({ sku: Sku.parse(`${sku}-${n}`), locationId: location("main") });
const units = (sku: string, world: World, count: number) => ({ ...place(sku, world), units: count });

export const skusOf = ({ n }: World): readonly string[] => ["A", "B", "C"].map((sku) => `${sku}-${n}`);

const orderView = (world: World, second: number, holdUnits: number, leftUnits: number): SetOrderTarget => {
  const view = {
    accountId: "shop",
    orderRef: `o-${world.n}`,
    lineRef: "1",
    sku: place("A", world).sku,
    target: { holdUnits, leftUnits, backUnits: 0 },
    sourceUpdatedAt: `2026-11-01T00:00:0${second}.000Z`,
    sourceObservedAt: `2026-11-01T00:00:0${second}.000Z`,
  };
  return { ...view, ...base(orderTargetKey(view)), kind: "order-target", locationId: location("main") };
};

/** What each run begins with. */
export const setUp = (world: World): readonly Command[] => {
  const { n } = world;
  const hold = { kind: "reserve", mode: "all", reference: null } as const;
  const two = [units("A", world, 3), units("B", world, 2)];
  return [
    { ...base(`s-${n}-1`), ...units("A", world, 20), kind: "receive", reason: null },
    { ...base(`s-${n}-2`), ...units("B", world, 10), kind: "receive", reason: null },
    { ...base(`s-${n}-3`), ...hold, reservationId: `r-${n}`, lines: two, ttlMs: null },
    { ...base(`s-${n}-4`), ...hold, reservationId: `x-${n}`, lines: two, ttlMs: 1_000 },
    { ...base(`s-${n}-5`), ...transfer(world, "t"), kind: "transfer-send", ...ways, units: 4, reason: null },
  ];
};
const transfer = (world: World, id: string) => ({
  transferId: `${id}-${world.n}`,
  sku: place("A", world).sku,
  reason: null,
});
const ways = { fromLocationId: location("main"), toLocationId: location("shop") };

/** Through a lane of its own, in one batch. */
const submitting = (name: string, commands: Action["commands"]): Action => ({
  name,
  commands,
  run: async (db, world, side) => {
    const lane = createLane({ db, clock: systemClock, random: seededRandom(world.n), afterCommit: () => undefined });
    const answers = await Promise.all(commands(world, side).map((command) => lane.submit(command, "steps")));
    return `[${answers.join(",")}]`;
  },
});
const beside = (name: string, run: (db: Db, world: World) => Promise<unknown>): Action => ({
  name,
  commands: () => [],
  run: async (db, world) => {
    await run(db, world);
    return "[]";
  },
});

/** A month nobody has made yet; whoever runs the pair drops it again. */
export const farMonth = "2150-01";
const signer = signerOf(new Secret("5".repeat(64)));
const own = (world: World, side: Side, what: string) => base(`${what}-${world.n}-${side}`);
const onR = (world: World, side: Side, what: string) => ({ ...own(world, side, what), reservationId: `r-${world.n}` });
const reserve = { kind: "reserve", mode: "all", ttlMs: null, reference: null } as const;

/** Every type of transaction that the ledger has. */
export const actions: readonly Action[] = [
  submitting("receive", (w, s) => [{ ...own(w, s, "rec"), ...units("A", w, 2), kind: "receive", reason: null }]),
  submitting("receive-new-sku", (w, s) => [
    { ...own(w, s, "new"), ...units("C", w, 2), kind: "receive", reason: null },
  ]),
  submitting("adjust-new-sku", (w, s) => [
    { ...own(w, s, "adn"), ...units("C", w, 1), kind: "adjust", reason: "found" },
  ]),
  submitting("adjust", (w, s) => [{ ...own(w, s, "adj"), ...units("A", w, -1), kind: "adjust", reason: "broken" }]),
  submitting("count", (w, s) => [{ ...own(w, s, "cnt"), ...units("A", w, 12), kind: "count", reason: null }]),
  submitting("expect", (w, s) => [{ ...own(w, s, "exp"), ...units("B", w, 5), kind: "expect", reason: null }]),
  submitting("reserve-ab", (w, s) => [
    { ...own(w, s, "rab"), ...reserve, reservationId: `ab-${w.n}-${s}`, lines: [units("A", w, 7), units("B", w, 4)] },
  ]),
  submitting("reserve-ba", (w, s) => [
    { ...own(w, s, "rba"), ...reserve, reservationId: `ba-${w.n}-${s}`, lines: [units("B", w, 4), units("A", w, 7)] },
  ]),
  submitting("reserve-same-id", (w, s) => [
    { ...own(w, s, "rid"), ...reserve, reservationId: `id-${w.n}`, lines: [units(s === "a" ? "A" : "B", w, 1)] },
  ]),
  submitting("commit", (w, s) => [{ ...onR(w, s, "com"), kind: "commit", lines: null }]),
  submitting("commit-part", (w, s) => [{ ...onR(w, s, "cop"), kind: "commit", lines: [units("B", w, 1)] }]),
  submitting("release", (w, s) => [{ ...onR(w, s, "rel"), kind: "release", lines: null }]),
  submitting("extend", (w, s) => [{ ...onR(w, s, "ext"), kind: "extend", ttlMs: 60_000 }]),
  submitting("expire", (w) => [{ ...base(`expire-${w.n}`), kind: "expire", reservationId: `x-${w.n}` }]),
  submitting("transfer-send", (w, s) => [
    { ...own(w, s, "ts"), ...transfer(w, `t2-${s}`), ...ways, kind: "transfer-send", units: 6 },
  ]),
  submitting("transfer-send-same-id", (w, s) => [
    { ...own(w, s, "ti"), ...transfer(w, "t3"), ...ways, kind: "transfer-send", units: 2 },
  ]),
  submitting("transfer-receive", (w, s) => [
    { ...own(w, s, "tr"), ...transfer(w, "t"), kind: "transfer-receive", units: 3, lostUnits: 0 },
  ]),
  // Of a transfer that may come up between its look for it and its locks.
  submitting("transfer-receive-new", (w, s) => [
    { ...own(w, s, "tn"), ...transfer(w, "t3"), kind: "transfer-receive", units: 1, lostUnits: 0 },
    { ...own(w, s, "tna"), ...units("A", w, 1), kind: "adjust", reason: "found" },
  ]),
  submitting("transfer-cancel", (w, s) => [{ ...own(w, s, "tc"), ...transfer(w, "t"), kind: "transfer-cancel" }]),
  submitting("order-new", (w) => [orderView(w, 1, 2, 0)]),
  submitting("order-newer", (w) => [orderView(w, 2, 0, 2)]),
  submitting("same-key", (w) => [{ ...base(`same-${w.n}`), ...units("A", w, 1), kind: "receive", reason: null }]),
  submitting("same-key-other-sku", (w) => [
    { ...base(`same-${w.n}`), ...units("B", w, 1), kind: "receive", reason: null },
  ]),
  beside("seal", (db) => seal({ db, clock: systemClock, signer })),
  beside("claim-outbox", (db) => inTransaction(db, (tx) => claimOutbox(tx, 50, at))),
  beside("make-month", (db) =>
    inTransaction(db, (tx) => execute(tx, sql`select make_movement_month(${`${farMonth}-05`}::timestamptz)`)),
  ),
];
