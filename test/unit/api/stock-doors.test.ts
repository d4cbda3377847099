import { expect, test } from "vitest";
import { EndBody, ExtendBody, ReserveBody } from "../../../src/api/reservation-schemas.ts";
import { resolveLines } from "../../../src/api/reserve-lines.ts";
import { CountBody, ExpectBody, ReturnBody } from "../../../src/api/stock-schemas.ts";
import { TransferBody } from "../../../src/api/transfer-schemas.ts";
import { ProblemError } from "../../../src/ops/problem.ts";

const at = { sku: "A", location: "main" };
const send = { action: "send", transferId: "t", sku: "A", fromLocation: "main", toLocation: "shop", units: 1 };
const receive = { action: "receive", transferId: "t", sku: "A", units: 1 };

/** `units` stands for what is tried. */
const bodies = {
  count: [CountBody, (units: unknown) => ({ lines: [{ ...at, units }] })],
  expect: [ExpectBody, (units: unknown) => ({ lines: [{ ...at, units }] })],
  return: [ReturnBody, (units: unknown) => ({ lines: [{ ...at, units, restock: true }] })],
  send: [TransferBody, (units: unknown) => ({ lines: [{ ...send, units }] })],
  arrive: [TransferBody, (units: unknown) => ({ lines: [{ ...receive, units }] })],
  lose: [TransferBody, (units: unknown) => ({ lines: [{ ...receive, units: 0, lostUnits: units }] })],
  reserve: [ReserveBody, (units: unknown) => ({ lines: [{ ...at, units }] })],
  commit: [EndBody, (units: unknown) => ({ lines: [{ ...at, units }] })],
} as const;
type Door = keyof typeof bodies;
const takes = (door: Door, units: unknown): boolean => {
  const [schema, bodyOf] = bodies[door];
  return schema.safeParse(bodyOf(units)).success;
};
const doors = Object.keys(bodies) as readonly Door[];

test.each(doors)("%s takes whole units up to the limit and nothing else", (door) => {
  expect(takes(door, 1)).toBe(true);
  expect(takes(door, 1_000_000_000)).toBe(true);
  for (const units of [1.5, 1_000_000_001, -1_000_000_001, Number.NaN, "1", null, true, [1], undefined])
    expect([units, takes(door, units)]).toEqual([units, false]);
});

test("only a count may be zero, only what is expected may be less", () => {
  expect(doors.filter((door) => takes(door, 0))).toEqual(["count"]);
  expect(doors.filter((door) => takes(door, -1))).toEqual(["expect"]);
});

test.each([
  ["a line with neither SKU nor listing", { lines: [{ location: "main", units: 1 }] }],
  ["a line with both", { lines: [{ ...at, units: 1, listing: { account: "shop", ref: "1" } }] }],
  ["no lines", { lines: [] }],
  ["more than 100 lines", { lines: Array.from({ length: 101 }, (_, index) => ({ ...at, sku: `${index}`, units: 1 })) }],
  ["another mode", { lines: [{ ...at, units: 1 }], mode: "some" }],
  ["an id that is no path", { lines: [{ ...at, units: 1 }], id: "../x" }],
  ["a fraction of a millisecond", { lines: [{ ...at, units: 1 }], ttlMs: 1_000.5 }],
  ["a reference of more than 255 bytes", { lines: [{ ...at, units: 1 }], reference: "ä".repeat(128) }],
  ["an unknown field", { lines: [{ ...at, units: 1 }], ttl: 60 }],
])("a reservation with %s is refused at the door", (_name, body) => {
  expect(ReserveBody.safeParse(body).success).toBe(false);
});

test("a transfer's line says what it does, and an extension how long", () => {
  expect(TransferBody.safeParse({ lines: [{ ...send, action: "move" }] }).error?.issues[0]).toMatchObject({
    path: ["lines", 0, "action"],
    message: "must be send, receive or cancel",
  });
  expect(TransferBody.safeParse({ lines: [{ action: "cancel", transferId: "t", sku: "A", units: 1 }] }).success).toBe(
    false,
  );
  expect(ExtendBody.safeParse({}).success).toBe(false);
  expect(ExtendBody.safeParse({ ttlMs: null }).success).toBe(false);
});

const listing = (ref: string, units: number): object => ({
  listing: { account: "shop", ref },
  location: "main",
  units,
});
const links: Readonly<Record<string, readonly { sku: string; units: number }[]>> = {
  kit: [
    { sku: "A", units: 2 },
    { sku: "B", units: 1 },
  ],
  wide: Array.from({ length: 101 }, (_, index) => ({ sku: `W${index}`, units: 1 })),
};
const resolve = (lines: readonly object[], mode: "all" | "partial" = "all"): ReturnType<typeof resolveLines> =>
  resolveLines(ReserveBody.parse({ lines, mode }), ({ ref }) => links[ref] ?? []);
const fieldRefused = (lines: readonly object[], mode?: "all" | "partial"): readonly unknown[] => {
  try {
    return [resolve(lines, mode)];
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return [error.slug, error.options.errors?.[0]?.field];
  }
};

test("kits become their components, one line a SKU and location", () => {
  expect(resolve([listing("kit", 3), { ...at, units: 1 }, { ...at, location: "shop", units: 1 }])).toEqual([
    { sku: "A", locationId: "main", units: 7 },
    { sku: "B", locationId: "main", units: 3 },
    { sku: "A", locationId: "shop", units: 1 },
  ]);
});

test("two plain lines of one SKU stay two: the ledger names the mistake", () => {
  expect(
    resolve([
      { ...at, units: 1 },
      { ...at, units: 2 },
    ]),
  ).toHaveLength(2);
});

test("a kit is not torn apart, and not made of nothing, too much or too many", () => {
  expect(fieldRefused([listing("kit", 1)], "partial")).toEqual(["invalid-request", "mode"]);
  expect(fieldRefused([{ ...at, units: 1 }, listing("none", 1)])).toEqual(["unmapped-listing", "lines[1].listing"]);
  expect(fieldRefused([listing("kit", 500_000_001)])).toEqual(["units-over-limit", "lines[0].units"]);
  expect(fieldRefused([listing("wide", 1)])).toEqual(["invalid-request", "lines"]);
});
