import type { Delivery } from "../../src/connectors/connector.ts";
import type { ChannelOrder, SimChannel } from "./channel.ts";
import { deliveryOf, garbled } from "./connector.ts";
import type { Given, Policy, Request } from "./policy.ts";
import type { Demand, OwnDoor, Scenario } from "./scenario.ts";

const webhookRetryMs = [2_000, 8_000, 30_000] as const;
const requestRetryMs = 5_000;

/** Messages of the channels on their way to us, as unreliable as they are. */
export const connectMessages = (given: Given, policy: Policy): void => {
  const { world, faults, channels, messages } = given;
  for (const channel of channels.values()) {
    const { accountId } = channel.shape;
    const random = world.random(`sender/${accountId}`);
    const queue = messages.get(accountId);
    if (queue !== undefined) queue.onAcknowledged = ({ id }) => given.accepted.push({ accountId, deliveryId: id });
    const send = (delivery: Delivery, tries: number): void => {
      let answered = false;
      const again = (): void => {
        if (answered) return;
        answered = true;
        const waitMs = webhookRetryMs[tries];
        if (waitMs !== undefined) world.after(waitMs, () => send(delivery, tries + 1));
      };
      world.after(5_000, again);
      policy.deliver(accountId, delivery).then((isKept) => {
        if (!isKept) return again();
        answered = true;
        given.accepted.push({ accountId, deliveryId: delivery.id });
      }, again);
    };
    const arrive = (delivery: Delivery, afterMs: number): void =>
      world.after(afterMs, () => (queue === undefined ? send(delivery, 0) : queue.send(delivery)));
    channel.announce = (order) => {
      const delivery = deliveryOf(channel, order);
      if (!channel.tellsOrders || faults.strikes("webhook-lost")) return;
      const lateMs = faults.strikes("webhook-late") ? 1_000 + random() * 60_000 : 50 + random() * 400;
      if (faults.strikes("message-garbled"))
        arrive({ ...delivery, id: `garbled:${delivery.id}`, topic: garbled }, lateMs);
      arrive(delivery, lateMs);
      if (faults.strikes("webhook-twice")) arrive(delivery, lateMs * 2);
    };
  }
};

/** Buyers and the seller's own hands. Returns how many of their deeds are still to come. */
export const schedulePeople = (given: Given, policy: Policy, scenario: Scenario, offsetMs: number): (() => number) => {
  const { world, books, channels } = given;
  let open = 0;
  const later = (atMs: number, run: () => void): void => {
    open += 1;
    world.at(atMs, () => {
      open -= 1;
      run();
    });
  };
  const insist = (request: Request, onAnswer: (isDone: boolean) => void): void => {
    let answered = false;
    open += 1;
    const ask = (): void => {
      if (answered) return;
      world.after(requestRetryMs, ask);
      policy.request(request).then(
        (isDone) => {
          if (answered) return;
          answered = true;
          open -= 1;
          onAnswer(isDone);
        },
        () => undefined,
      );
    };
    ask();
  };
  const follow = (channel: SimChannel, order: ChannelOrder, demand: Demand): void => {
    const { shipAfterMs, giveBack } = demand;
    if (shipAfterMs !== null) later(world.nowMs + shipAfterMs, () => channel.ship(order));
    for (const { afterMs, units, sku } of giveBack) {
      later(world.nowMs + afterMs, () => channel.giveBack(order, units, sku));
    }
  };
  for (const demand of scenario.demands) {
    later(demand.atMs + offsetMs, () => {
      const channel = channels.get(demand.accountId);
      const order = channel?.buy(
        demand.orderRef,
        demand.wishes.map(({ sku, units }) => ({ ref: `${demand.accountId}:${sku}`, units })),
      );
      if (channel !== undefined && order !== undefined) follow(channel, order, demand);
    });
  }
  const atDoor = (door: OwnDoor, key: string): void => {
    const { sku, units } = door;
    if (!("end" in door)) {
      if (door.kind === "receive") books.change(sku, -units);
      return insist({ kind: door.kind, key, sku, units }, (isDone) => {
        if (isDone && door.kind === "adjust") books.change(sku, -units);
      });
    }
    const { end, endAfterMs } = door;
    const askedMs = world.nowMs;
    insist({ kind: "reserve", key, id: key, sku, units, ttlMs: end === "expire" ? endAfterMs : null }, (isHeld) => {
      if (!isHeld) return;
      books.change(sku, units);
      // A promise that ends by itself may end so long after it was first asked for, and has ended so long after its answer.
      if (end === "expire") {
        later(askedMs + endAfterMs, () => books.change(sku, -units));
        return later(world.nowMs + endAfterMs, () => undefined);
      }
      later(world.nowMs + endAfterMs, () => {
        if (end === "release") books.change(sku, -units);
        insist({ kind: end, key: `${key}:${end}`, id: key }, () => undefined);
      });
    });
  };
  for (const [index, door] of scenario.ownDoors.entries())
    later(door.atMs + offsetMs, () => atDoor(door, `door-${index}`));
  for (const { atMs, ref, accountId } of scenario.lateLinks) {
    later(atMs + offsetMs, () => {
      const listing = books.listings.find((one) => one.ref === ref);
      if (listing === undefined) return;
      const { sku, unitsEach } = listing;
      insist({ kind: "link", key: `link:${ref}`, accountId, ref, sku, units: unitsEach }, () => {
        listing.linkedMs = world.nowMs;
      });
    });
  }
  for (const [index, { atMs, forMs, brake, on }] of scenario.brakes.entries()) {
    later(atMs + offsetMs, () =>
      insist({ kind: "brake", key: `brake-${index}`, brake, on }, () =>
        later(world.nowMs + forMs, () =>
          insist({ kind: "let-go", key: `brake-${index}:end`, id: `brake-${index}`, brake, on }, () => undefined),
        ),
      ),
    );
  }
  return () => open;
};
