import { expect } from "vitest";
import type {
  Connector,
  Delivery,
  ImportedListing,
  ListingWrite,
  OrderPage,
} from "../../../src/connectors/connector.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { certain, type FaultName, faults } from "./faults.ts";
import { linesOf, linesOfTruth, newestOf, ordersOf } from "./orders.ts";
import { createMailbox, importAll, type Opened, persist, pushOnce, readAll, turnUntil } from "./subject.ts";

/**
 * What the rooms above rely on, whichever the channel. Each law is held against every fault of every simulator; a law
 * that does not concern a fault says so with `concerns`. Laws use SKUs of their own, for all of a fault's laws share a
 * channel.
 */
export type Law = {
  readonly name: string;
  /** Default: every fault. */
  readonly concerns?: (fault: FaultName) => boolean;
  hold(opened: Opened, fault: FaultName): Promise<void>;
};

/** What has broken SKUs on their way before: spaces, slashes, leading zeros, letters of other alphabets. */
const oddities = ["with space", "a/b & c+", "0042", "Übergröße'"];
const seed = ({ channel }: Opened, law: string, units = 20): readonly string[] => {
  const skus = oddities.map((oddity) => `${law}-${oddity}`);
  channel.seedListings(skus.map((sku) => ({ sku, title: `Thing ${sku}`, units })));
  return skus;
};
const importedOf = async (opened: Opened, skus: readonly string[]): Promise<readonly ImportedListing[]> =>
  (await importAll(opened)).filter(({ channelSku }) => channelSku !== null && skus.includes(channelSku));
const shownBy = ({ channel }: Opened): ReadonlyMap<string, number> =>
  new Map(channel.truth().listings.map(({ sku, units }) => [sku, units]));
const skuOf = (listings: readonly ImportedListing[], ref: string): string =>
  listings.find((listing) => listing.ref === ref)?.channelSku ?? `no listing ${ref}`;
const lastSequence = ({ channel }: Opened): number => channel.writesSince(0).at(-1)?.sequence ?? 0;
const quiet = ({ channel }: Opened): Promise<unknown> =>
  turnUntil(
    async () => channel.counters().pendingWrites,
    (pending) => pending === 0,
  );
const writesOf = async (
  opened: Opened,
  listings: readonly ImportedListing[],
  unitsOf: (at: number) => number,
): Promise<readonly ListingWrite[]> => {
  const shown = new Map((await readAll(opened, listings)).map(({ ref, units }) => [ref, units]));
  return listings.map(({ ref, details }, at) => ({
    ref,
    details,
    units: unitsOf(at),
    expectedUnits: shown.get(ref) ?? null,
  }));
};

/** Polls until the channel's watermark has passed `untilMs`; every page is handed over as it comes. */
const pollPast = async (
  { connector, context }: Opened,
  untilMs: number,
  each: (page: OrderPage) => Promise<void> | void,
): Promise<void> => {
  let cursor: string | null = null;
  await turnUntil(
    async () => {
      const from: string | null = cursor;
      const page = await persist(() => connector.pullOrders(from, context));
      await each(page);
      cursor = page.next;
      return page.done ? page.watermark : null;
    },
    (watermark) => watermark !== null && Date.parse(watermark) > untilMs,
  );
};

const unsold = "-";
const sell = ({ channel }: Opened, law: string, skus: readonly string[], orders = 8): readonly string[] =>
  Array.from({ length: orders }, (_, at) => {
    const lines = [{ sku: skus[at % skus.length] ?? unsold, units: 1 + (at % 2) }];
    if (at % 3 === 0) lines.push({ sku: skus[(at + 1) % skus.length] ?? unsold, units: 1 });
    const { orderId } = channel.sell({ reference: `${law}-${at}`, lines });
    if (orderId === null) throw new Error("nothing was sold");
    return orderId;
  });
const truthOf = ({ channel }: Opened, orderId: string) => {
  const order = channel.truth().orders.find((one) => one.orderId === orderId);
  if (order === undefined) throw new Error(`the channel has no order ${orderId}`);
  return order;
};
/** The order's own name with the connector: found by what it sold, for a channel may call it otherwise. */
const tellsTruth = (
  opened: Opened,
  listings: readonly ImportedListing[],
  orderId: string,
  seen: ReturnType<typeof newestOf>,
) => {
  const snapshot = seen.get(orderId);
  expect(snapshot && linesOf(snapshot, listings)).toEqual(linesOfTruth(truthOf(opened, orderId)));
};

const expectPassing = (error: unknown, fault: FaultName): void => {
  expect(error).toBeInstanceOf(ChannelError);
  const { kind } = error as ChannelError;
  expect(kind).toBe(fault === "throttleShare" ? "throttled" : "retryable");
};

const reads = (connector: Connector, context: Opened["context"], listings: readonly ImportedListing[]) => [
  () => connector.importListings(null, context),
  () => connector.readQuantities(listings.slice(0, 1), context),
  () => connector.pullOrders(null, context),
];

const personal = /canary|@|\+1 555/i;

export const laws: readonly Law[] = [
  {
    name: "every listing is imported once, byte for byte, and is called the same the next time",
    async hold(opened) {
      const skus = seed(opened, "import");
      const first = await importedOf(opened, skus);
      expect(first.map(({ channelSku }) => channelSku ?? "none").toSorted()).toEqual(skus.toSorted());
      const names = first.flatMap(({ ref, aliases }) => [...new Set([ref, ...aliases])]);
      expect(new Set(names).size).toBe(names.length);
      expect(first.every(({ fulfilledBy, status }) => fulfilledBy === "merchant" && status === "active")).toBe(true);
      expect((await importedOf(opened, skus)).map(({ ref }) => ref).toSorted()).toEqual(
        first.map(({ ref }) => ref).toSorted(),
      );
    },
  },
  {
    name: "a reading is a number that the listing has had, and in the end the one that it shows",
    async hold(opened) {
      const skus = seed(opened, "read");
      const listings = await importedOf(opened, skus);
      for (const sku of skus) opened.channel.editListing(sku, 7);
      await turnUntil(
        async () => {
          const readings = await readAll(opened, listings);
          expect(new Set(readings.map(({ ref }) => ref)).size).toBe(readings.length);
          for (const { units } of readings) expect([20, 7]).toContain(units);
          return readings.filter(({ units }) => units === 7).length;
        },
        (right) => right === listings.length,
      );
    },
  },
  {
    name: "a write is told truthfully: one outcome a listing, and what was refused was not done",
    async hold(opened, fault) {
      const skus = seed(opened, "honest");
      const listings = await importedOf(opened, skus);
      for (let round = 1; round <= 4; round += 1) {
        await quiet(opened);
        const before = shownBy(opened);
        const since = lastSequence(opened);
        const writes = await writesOf(opened, listings, (at) => 20 + round * 10 + at);
        const outcomes = await pushOnce(opened, writes);
        expect(outcomes.map(({ ref }) => ref).toSorted()).toEqual(listings.map(({ ref }) => ref).toSorted());
        await quiet(opened);
        const done = new Map(opened.channel.writesSince(since).map(({ sku, unitsAfter }) => [sku, unitsAfter]));
        const after = shownBy(opened);
        for (const { ref, units } of writes) {
          const sku = skuOf(listings, ref);
          const outcome = outcomes.find((one) => one.ref === ref);
          expect([before.get(sku), units], `${sku} shows a number of nobody's`).toContain(after.get(sku));
          if (outcome?.status === "refused" || outcome?.status === "conflict")
            expect([sku, outcome.status, done.get(sku)]).toEqual([sku, outcome.status, undefined]);
          if (outcome?.status === "accepted" && faults[fault].acceptedNotAppliedShare === 0)
            expect([sku, after.get(sku)]).toEqual([sku, units]);
        }
      }
    },
  },
  {
    name: "pushed until it shows, every listing shows its number, and no other listing was written",
    async hold(opened) {
      const [kept = "", ...skus] = seed(opened, "push");
      const listings = await importedOf(opened, skus);
      const wanted = new Map(listings.map(({ ref }, at) => [ref, at * 3]));
      const since = lastSequence(opened);
      await turnUntil(
        async () => {
          const shown = new Map((await readAll(opened, listings)).map(({ ref, units }) => [ref, units]));
          const writes = listings.flatMap(({ ref, details }) => {
            const expectedUnits = shown.get(ref) ?? null;
            const units = wanted.get(ref) ?? 0;
            return expectedUnits === units ? [] : [{ ref, details, units, expectedUnits }];
          });
          if (writes.length > 0) await pushOnce(opened, writes);
          await quiet(opened);
          const truth = shownBy(opened);
          return listings.filter(({ ref }) => truth.get(skuOf(listings, ref)) !== wanted.get(ref)).length;
        },
        (wrong) => wrong === 0,
      );
      const written = new Set(opened.channel.writesSince(since).map(({ sku }) => sku));
      expect([...written].filter((sku) => !skus.includes(sku))).toEqual([]);
      expect(shownBy(opened).get(kept)).toBe(20);
    },
  },
  {
    name: "the order list tells every order, and the watermark never passes one that was not told",
    async hold(opened, fault) {
      const skus = seed(opened, "orders");
      const listings = await importedOf(opened, skus);
      const sold = sell(opened, "orders", skus);
      const lastMs = Math.max(...sold.map((orderId) => truthOf(opened, orderId).atMs));
      // A channel may date an order by when it lists it, and the watermark speaks of the channel's dates.
      const datedLateMs = faults[fault].orderVisibilityMs[1];
      const told: Delivery[] = [];
      await pollPast(opened, lastMs + datedLateMs, async ({ items, watermark }) => {
        told.push(...items);
        if (watermark === null) return;
        const seen = newestOf(await ordersOf(opened, told));
        const due = sold.filter((orderId) => truthOf(opened, orderId).atMs + datedLateMs < Date.parse(watermark));
        expect(due.filter((orderId) => !seen.has(orderId))).toEqual([]);
      });
      const seen = newestOf(await ordersOf(opened, told));
      for (const orderId of sold) tellsTruth(opened, listings, orderId, seen);
      const known = new Set(opened.channel.truth().orders.map(({ orderId }) => orderId));
      expect([...seen.keys()].filter((orderId) => !known.has(orderId))).toEqual([]);
    },
  },
  {
    name: "an order is told as it is now: held, left, let go; and an unknown one is left out",
    async hold(opened) {
      const skus = seed(opened, "life");
      const listings = await importedOf(opened, skus);
      const [shipped = "", cancelled = "", partly = "", kept = ""] = sell(opened, "life", skus);
      const { connector, context, channel } = opened;
      channel.ship(shipped);
      channel.cancel(cancelled);
      const [line] = truthOf(opened, partly).lines;
      channel.ship(partly, [{ lineId: line?.lineId ?? "", units: 1 }]);
      const all = [shipped, cancelled, partly, kept];
      const unknown = kept.replaceAll(/\d/g, "9");
      const matches = (orders: ReturnType<typeof newestOf>): boolean =>
        all.every((orderId) => {
          const snapshot = orders.get(orderId);
          return (
            snapshot !== undefined &&
            JSON.stringify(linesOf(snapshot, listings)) === JSON.stringify(linesOfTruth(truthOf(opened, orderId)))
          );
        });
      const seen = await turnUntil(
        async () => newestOf(await persist(() => connector.fetchOrders([...all, unknown], context))),
        matches,
        60,
      );
      for (const orderId of all) tellsTruth(opened, listings, orderId, seen);
      expect(seen.has(unknown)).toBe(false);
    },
  },
  {
    name: "messages are authentic, understood, and called the same when they come twice",
    async hold(opened, fault) {
      const skus = seed(opened, "message");
      const listings = await importedOf(opened, skus);
      const sold = sell(opened, "message", skus);
      const mailbox = createMailbox(opened);
      const known = new Set(opened.channel.truth().orders.map(({ orderId }) => orderId));
      let [lastCount, turnsSame] = [0, 0];
      const kept = await turnUntil(mailbox, ({ length }) => {
        turnsSame = length === lastCount ? turnsSame + 1 : 0;
        lastCount = length;
        return turnsSame >= 4 && length > 0 && opened.channel.counters().pendingMessages === 0;
      });
      const byId = new Map<string, string>();
      for (const { id, topic, payload } of kept) {
        const text = JSON.stringify([topic, payload]);
        expect(byId.get(id) ?? text).toBe(text);
        byId.set(id, text);
      }
      const seen = newestOf(await ordersOf(opened, kept));
      expect([...seen.keys()].filter((orderId) => !known.has(orderId))).toEqual([]);
      const missing = sold.filter((orderId) => !seen.has(orderId));
      if (faults[fault].messageDropShare === 0) expect(missing).toEqual([]);
      else expect(missing.length).toBeLessThan(sold.length);
      for (const orderId of sold.filter((one) => seen.has(one))) {
        const snapshot = seen.get(orderId);
        expect(snapshot && linesOf(snapshot, listings).length).toBe(truthOf(opened, orderId).lines.length);
      }
      const { connector, context } = opened;
      for (const request of opened.received().slice(0, 3)) {
        const body = Buffer.from(Buffer.from(request.body).toString("utf8").replace(/\d/, "x"), "utf8");
        const forged = await turnUntil(
          async () => connector.webhooks?.verify({ ...request, body }, context),
          (answer) => answer?.kind !== "retry-later",
        );
        expect(forged).toMatchObject({ kind: "refused", status: 401 });
      }
    },
  },
  {
    name: "nothing about a buyer leaves the connector",
    async hold(opened) {
      const skus = seed(opened, "buyer");
      const sold = sell(opened, "buyer", skus, 4);
      const lastMs = Math.max(...sold.map((orderId) => truthOf(opened, orderId).atMs));
      const told: Delivery[] = [...(await createMailbox(opened)())];
      await pollPast(opened, lastMs, ({ items }) => void told.push(...items));
      const { connector, context } = opened;
      const fetched = await persist(() => connector.fetchOrders(sold, context));
      expect(told.length + fetched.length).toBeGreaterThan(4);
      expect(JSON.stringify([told, fetched, await ordersOf(opened, told)])).not.toMatch(personal);
    },
  },
  {
    name: "what fails in passing is told as passing, and a write without an answer as one that may have been done",
    concerns: (fault) => fault in certain,
    async hold(opened, fault) {
      const skus = seed(opened, "kinds");
      const listings = await importedOf(opened, skus);
      const writes = await writesOf(opened, listings.slice(0, 2), () => 3);
      const { connector, context } = opened;
      const plan = certain[fault];
      if (plan === undefined) throw new Error("the law concerns no such fault");
      const since = lastSequence(opened);
      await opened.setFaults(plan);
      try {
        for (const read of reads(connector, context, listings)) {
          const error: unknown = await read().then(
            () => "no error",
            (thrown: unknown) => thrown,
          );
          expectPassing(error, fault);
        }
        const outcomes = await pushOnce(opened, writes);
        await quiet(opened);
        const done = new Set(opened.channel.writesSince(since).map(({ sku }) => sku));
        for (const { ref, status } of outcomes) {
          expect(status === "unknown" || status === "refused").toBe(true);
          if (status === "refused") expect(done.has(skuOf(listings, ref))).toBe(false);
        }
      } finally {
        await opened.setFaults(faults[fault]);
      }
    },
  },
  {
    name: "a call that is called off asks nothing of the channel",
    async hold(opened) {
      const skus = seed(opened, "abort");
      const listings = await importedOf(opened, skus);
      const writes = await writesOf(opened, listings.slice(0, 2), () => 3);
      const { connector } = opened;
      const context = { ...opened.context, signal: AbortSignal.abort(new Error("called off")) };
      const since = lastSequence(opened);
      const before = opened.channel.counters().requests;
      for (const read of reads(connector, context, listings)) await expect(read()).rejects.toThrow();
      const outcomes = await connector.pushQuantities(writes, "called-off", context).catch(() => []);
      expect(outcomes.filter(({ status }) => status === "accepted")).toEqual([]);
      expect(opened.channel.counters().requests).toBe(before);
      expect(opened.channel.writesSince(since)).toEqual([]);
    },
  },
  {
    name: "checking writes nothing, and whatever is wrong comes with a fix",
    async hold(opened, fault) {
      const { connector, context, channel } = opened;
      const since = lastSequence(opened);
      const findings = await connector.check(context);
      expect(findings.length).toBeGreaterThan(0);
      for (const { ok, fix, detail } of findings) expect([ok || fix !== undefined, detail]).toEqual([true, detail]);
      if (fault === "none") expect(findings.filter(({ ok }) => !ok)).toEqual([]);
      expect(channel.writesSince(since)).toEqual([]);
    },
  },
  {
    name: "subscriptions are made once and stay, and an audit makes none",
    async hold(opened) {
      const { context, channel } = opened;
      const { subscriptions } = opened.connector;
      if (subscriptions === undefined) throw new Error("the channel sends messages, so the ability is due");
      const since = lastSequence(opened);
      const failing = (findings: readonly { readonly ok: boolean; readonly check: string }[]): readonly string[] =>
        findings.filter(({ ok }) => !ok).map(({ check }) => check);
      await turnUntil(
        () => persist(() => subscriptions.ensure(context)),
        (findings) => failing(findings).length === 0,
        60,
      );
      await turnUntil(
        () => persist(() => subscriptions.audit(context)),
        (findings) => failing(findings).length === 0,
        60,
      );
      expect(channel.writesSince(since)).toEqual([]);
    },
  },
];
