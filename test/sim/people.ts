import type { ChannelOrder, SimChannel } from "./channel.ts";
import { deliveryOf } from "./connector.ts";
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
    channel.announce = (order) => {
      const delivery = deliveryOf(channel, order);
      if (faults.strikes("webhook-lost")) return;
      const lateMs = faults.strikes("webhook-late") ? 1_000 + random() * 60_000 : 50 + random() * 400;
      const copies = faults.strikes("webhook-twice") ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        world.after(lateMs * (1 + copy), () => {
          if (queue !== undefined) queue.send(delivery);
          else send(0);
        });
      }
      const send = (tries: number): void => {
        let answered = false;
        const again = (): void => {
          if (answered) return;
          answered = true;
          const waitMs = webhookRetryMs[tries];
          if (waitMs !== undefined) world.after(waitMs, () => send(tries + 1));
        };
        world.after(5_000, again);
        policy.deliver(accountId, delivery).then((isKept) => {
          if (!isKept) return again();
          answered = true;
          given.accepted.push({ accountId, deliveryId: delivery.id });
        }, again);
      };
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
    insist({ kind: "reserve", key, id: key, sku, units }, (isHeld) => {
      if (!isHeld) return;
      books.change(sku, units);
      later(world.nowMs + door.endAfterMs, () => {
        if (door.end === "release") books.change(sku, -units);
        insist({ kind: door.end, key: `${key}:${door.end}`, id: key }, () => undefined);
      });
    });
  };
  for (const [index, door] of scenario.ownDoors.entries())
    later(door.atMs + offsetMs, () => atDoor(door, `door-${index}`));
  return () => open;
};
