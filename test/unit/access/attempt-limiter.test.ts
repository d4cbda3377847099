import { expect, test } from "vitest";
import { AttemptLimiter } from "../../../src/access/attempt-limiter.ts";
import { fakeClock } from "./fake-clock.ts";

const limits = { failuresMax: 3, windowMs: 60_000, addressesMax: 2 };

test("an address is blocked after its last allowed failure, until the window ends", () => {
  const clock = fakeClock();
  const limiter = new AttemptLimiter(clock, limits);
  for (let failure = 0; failure < 3; failure += 1) {
    expect(limiter.blockedForMs("a")).toBe(0);
    limiter.fail("a");
  }
  clock.advance(20_000);
  expect(limiter.blockedForMs("a")).toBe(40_000);
  expect(limiter.blockedForMs("b")).toBe(0);
  clock.advance(40_000);
  expect(limiter.blockedForMs("a")).toBe(0);
});

test("success forgets an address's failures", () => {
  const limiter = new AttemptLimiter(fakeClock(), limits);
  for (let failure = 0; failure < 3; failure += 1) limiter.fail("a");
  limiter.succeed("a");
  expect(limiter.blockedForMs("a")).toBe(0);
});

test("memory is bounded: the address longest without a failure is forgotten", () => {
  const limiter = new AttemptLimiter(fakeClock(), limits);
  for (let failure = 0; failure < 3; failure += 1) limiter.fail("a");
  limiter.fail("b");
  limiter.fail("c");
  expect(limiter.blockedForMs("a")).toBe(0);
});
