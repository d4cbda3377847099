import { afterAll, beforeAll, expect, test } from "vitest";
import { checkLedger } from "../../../src/ledger/check.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let key: string;

beforeAll(async () => {
  web = await startWeb();
  key = await web.keyWith("inventory:read", "inventory:write");
});
afterAll(async () => {
  const broken = (await checkLedger(web.deps.db)).filter((check) => check.subjects.length > 0);
  await web.database.drop();
  expect(broken).toEqual([]);
});

const post = async (command: string, lines: readonly object[], idempotencyKey: string): Promise<Response> =>
  web.app.request(`/v1/inventory/${command}`, {
    method: "POST",
    body: JSON.stringify({ lines }),
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "idempotency-key": idempotencyKey,
    },
  });
const answersOf = async (command: string, lines: readonly object[], name: string): Promise<unknown> => {
  const first = await (await post(command, lines, name)).text();
  // Whatever was answered, the repetition is answered alike and moves nothing.
  expect(await (await post(command, lines, name)).text()).toBe(first);
  const other = await post(command, [...lines, ...lines], name);
  expect([other.status, await other.json()]).toMatchObject([422, { type: "urn:lockstep:problem:key-reused" }]);
  return JSON.parse(first);
};
const refused = (line: number, slug: string, field: string): object => ({
  line,
  status: "refused",
  problem: { type: `urn:lockstep:problem:${slug}`, field: `lines[${line}].${field}`, fix: expect.stringMatching(/./) },
});
const at = (sku: string, units: number): object => ({ sku, location: "main", units });

test("a count makes on hand what was counted, line by line", async () => {
  const lines = [at("COUNT", 7), at("COUNT", 5), at("COUNT", 0), { ...at("COUNT", 1), location: "moon" }];
  expect(await answersOf("count", lines, "count")).toMatchObject({
    results: [
      { line: 0, status: "done", sku: "COUNT", location: "main", level: { onHand: 7 } },
      { status: "done", level: { onHand: 5 } },
      { status: "done", level: { onHand: 0, version: 3 } },
      refused(3, "unknown-location", "location"),
    ],
  });
});

test("expected units are incoming until they are received from there", async () => {
  const expected = [at("ORDERED", 10), at("ORDERED", -4), at("ORDERED", -7), at("ORDERED", 1_000_000_000)];
  expect(await answersOf("expect", expected, "expect")).toMatchObject({
    results: [
      { level: { incoming: 10, onHand: 0 } },
      { level: { incoming: 6 } },
      refused(2, "insufficient-incoming", "units"),
      refused(3, "units-over-limit", "units"),
    ],
  });
  const received = [
    { ...at("ORDERED", 4), fromIncoming: true },
    { ...at("ORDERED", 1), fromIncoming: false },
    { ...at("ORDERED", 3), fromIncoming: true },
  ];
  expect(await answersOf("receive", received, "arrived")).toMatchObject({
    results: [
      { level: { incoming: 2, onHand: 4 } },
      { level: { incoming: 2, onHand: 5 } },
      refused(2, "insufficient-incoming", "units"),
    ],
  });
});

test("what a buyer sent back is on the shelf only when it is restocked", async () => {
  const lines = [
    { ...at("BACK", 2), restock: true },
    { ...at("BACK", 1), restock: false, reason: "broken" },
  ];
  expect(await answersOf("return", lines, "back")).toMatchObject({
    results: [{ level: { onHand: 2 } }, { level: { onHand: 2, version: 1 } }],
  });
});

test("a transfer takes units from one shelf to the other, and every unit is accounted for", async () => {
  await post("receive", [at("MOVE", 10)], "move-0");
  const send = { action: "send", transferId: "t-1", sku: "MOVE", fromLocation: "main", toLocation: "shop", units: 6 };
  const receive = { action: "receive", transferId: "t-1", sku: "MOVE", units: 3, lostUnits: 1 };
  const lines = [
    send,
    receive,
    { ...receive, units: 3, lostUnits: 0 },
    { action: "cancel", transferId: "t-1", sku: "MOVE" },
    receive,
    send,
    { ...send, transferId: "t-2", toLocation: "main" },
    { ...send, transferId: "t-2", units: 100 },
    { ...send, transferId: "t-2", fromLocation: "moon" },
    { ...receive, transferId: "t-9" },
  ];
  expect(await answersOf("transfer", lines, "move")).toMatchObject({
    results: [
      { line: 0, status: "done", transfer: { id: "t-1", sentUnits: 6, underWayUnits: 6 } },
      { status: "done", transfer: { receivedUnits: 3, lostUnits: 1, underWayUnits: 2 } },
      refused(2, "units-over-transfer", "units"),
      { status: "done", transfer: { returnedUnits: 2, underWayUnits: 0, fromLocation: "main", toLocation: "shop" } },
      refused(4, "transfer-closed", "transferId"),
      refused(5, "transfer-exists", "transferId"),
      refused(6, "same-location", "toLocation"),
      refused(7, "insufficient-stock", "units"),
      refused(8, "unknown-location", "fromLocation"),
      refused(9, "unknown-transfer", "transferId"),
    ],
  });
  const levels = await web.app.request("/v1/inventory/MOVE", { headers: { authorization: `Bearer ${key}` } });
  expect(await levels.json()).toMatchObject({
    levels: [
      { location: "main", onHand: 6, incoming: 0 },
      { location: "shop", onHand: 3, incoming: 0 },
    ],
  });
});
