import { expect, test } from "vitest";
import { createCircuits } from "../../../src/connectors/circuits.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { TestClock } from "../../support/test-clock.ts";

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const silence = (): Promise<never> => Promise.reject(new ChannelError({ kind: "retryable", message: "no answer" }));
const push = { accountId: "shop", callClass: "push", attemptKey: "a" } as const;

const opened = async () => {
  const clock = new TestClock();
  const circuits = createCircuits({ clock, log: quiet });
  for (let failure = 0; failure < 5; failure += 1)
    await expect(circuits.around(push, silence)).rejects.toMatchObject({ kind: "retryable" });
  return { clock, circuits };
};

test("after five failures in a row calls of that class are turned away at once, and say for how long", async () => {
  const { circuits } = await opened();
  const worked: string[] = [];
  const work = (what: string) => async () => void worked.push(what);
  await expect(circuits.around(push, work("same"))).rejects.toMatchObject({ kind: "throttled", retryAfterMs: 5_000 });
  await circuits.around({ ...push, callClass: "orders" }, work("another class"));
  await circuits.around({ ...push, accountId: "other" }, work("another account"));
  await circuits.around({ ...push, callClass: "setup" }, work("a person looks"));
  expect(worked).toEqual(["another class", "another account", "a person looks"]);
  expect(circuits.states().filter(({ open }) => open)).toEqual([{ accountId: "shop", callClass: "push", open: true }]);
});

test("one probe goes while the others wait, and its success lets all go", async () => {
  const { circuits, clock } = await opened();
  clock.advance(5_000);
  const { promise, resolve } = Promise.withResolvers<string>();
  const probe = circuits.around(push, () => promise);
  await expect(circuits.around(push, () => Promise.resolve("too early"))).rejects.toMatchObject({ kind: "throttled" });
  resolve("there");
  expect(await probe).toBe("there");
  expect(await circuits.around(push, () => Promise.resolve("all"))).toBe("all");
  expect(circuits.waitMs("shop", "push")).toBe(0);
});

test("a failed probe doubles the wait, up to five minutes", async () => {
  const { circuits, clock } = await opened();
  const waits: number[] = [];
  for (let probe = 0; probe < 8; probe += 1) {
    const waitMs = circuits.waitMs("shop", "push");
    waits.push(waitMs);
    clock.advance(waitMs);
    await expect(circuits.around(push, silence)).rejects.toMatchObject({ kind: "retryable" });
  }
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("a channel that refuses or throttles is there: only silence opens the circuit", async () => {
  const clock = new TestClock();
  const circuits = createCircuits({ clock, log: quiet });
  for (let call = 0; call < 40; call += 1) {
    // Four silences, then a refusal.
    const kind = call % 5 === 4 ? "permanent" : "retryable";
    const work = () => Promise.reject(new ChannelError({ kind, message: kind }));
    await expect(circuits.around(push, work)).rejects.toMatchObject({ kind });
  }
  for (let call = 0; call < 40; call += 1) {
    const work = () => Promise.reject(new ChannelError({ kind: "throttled", message: "slow down" }));
    await expect(circuits.around(push, work)).rejects.toMatchObject({ message: "slow down" });
  }
  expect(circuits.waitMs("shop", "push")).toBe(0);
});

test("an answer that says nothing of any listing counts as silence", async () => {
  const circuits = createCircuits({ clock: new TestClock(), log: quiet });
  for (let call = 0; call < 5; call += 1)
    await circuits.around(
      push,
      () => Promise.resolve("nothing"),
      () => true,
    );
  expect(circuits.waitMs("shop", "push")).toBeGreaterThan(0);
});
