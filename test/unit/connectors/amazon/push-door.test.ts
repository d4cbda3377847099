import { expect, test } from "vitest";
import { choosePushDoor } from "../../../../src/connectors/amazon/push-door.ts";
import type { DoorRequest } from "../../../../src/connectors/connector.ts";
import { bench } from "./harness.ts";

const terms = { burst: 5, ratePerSecond: 5, bulkSeconds: 10 };
const raises = (count: number): DoorRequest[] =>
  Array.from({ length: count }, (_, index) => ({
    ref: `raise-${index}`,
    reason: "raise",
    urgent: false,
    inFlight: "nothing",
  }));
const request = (changes: Partial<DoorRequest>): DoorRequest => ({
  ref: "one",
  reason: "raise",
  urgent: false,
  inFlight: "nothing",
  ...changes,
});
const doorOf = (one: DoorRequest, others: readonly DoorRequest[]) => choosePushDoor([one, ...others], terms).get("one");

test.each([
  [54, "single"],
  [55, "single"],
  [56, "bulk"],
  [25_000, "bulk"],
] as const)("%i raises against 5 + 5·10 single writes go as %s", (count, door) => {
  const doors = choosePushDoor(raises(count), terms);
  expect(doors.size).toBe(count);
  expect(new Set(doors.values())).toEqual(new Set([door]));
});

test.each([
  ["a lowering", { reason: "lower" }, "single"],
  ["an urgent raise", { urgent: true }, "single"],
  ["a raise", {}, "bulk"],
  ["a raise with a single write under way", { inFlight: "single" }, "single"],
  ["a raise with a feed under way", { inFlight: "bulk" }, "wait"],
  ["a lowering with a feed under way", { reason: "lower", inFlight: "bulk" }, "wait"],
  ["an urgent lowering with a feed under way", { reason: "lower", urgent: true, inFlight: "bulk" }, "wait"],
] as const)("amazon trap 18: among many raises %s goes %3$s", (_, changes, door) => {
  expect(doorOf(request(changes), raises(60))).toBe(door);
});

test("lowerings and urgent writes do not make a bulk of a few raises", () => {
  const lowerings = raises(60).map((one) => ({ ...one, reason: "lower" as const }));
  expect(doorOf(request({}), lowerings)).toBe("single");
});

test("the connector decides by its own quota of single writes", () => {
  const { connector } = bench({ quotas: { patchListingsItem: { ratePerSecond: 1, burst: 1 } } });
  expect(connector.bulk?.doors(raises(301)).get("raise-0")).toBe("single");
  expect(connector.bulk?.doors(raises(302)).get("raise-0")).toBe("bulk");
});
