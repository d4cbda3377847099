import { readdirSync } from "node:fs";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { failureOf } from "../../../src/connectors/shopify/failures.ts";
import { contract, createBench, item, serveGraphql } from "../../unit/connectors/shopify/support.ts";
import { tallyOf } from "./tally.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const Body = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.looseObject({ extensions: z.object({ code: z.string().optional() }).optional() })).optional(),
});
type Body = z.infer<typeof Body>;
type Found = { readonly at: string; readonly body: Body };

/** Every answer in a recording, wherever it stands. */
const answersIn = (value: unknown, at: string): readonly Found[] => {
  if (typeof value !== "object" || value === null) return [];
  const body = Body.safeParse(value);
  if (body.success && (body.data.data !== undefined || body.data.errors !== undefined))
    return [{ at, body: body.data }];
  return Object.entries(value).flatMap(([key, held]) => answersIn(held, `${at} ${key}`));
};

const folder = new URL("../../../contracts/shopify/recorded/", import.meta.url);
const answers = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".json"))
  .toSorted()
  .flatMap((name) => answersIn(contract(`recorded/${name}`, z.unknown()), name));

const tallyAnswers = tallyOf("recorded answers classified by the connector");

test("the recordings hold what this suite was written for", () => {
  expect(answers.length).toBeGreaterThan(150);
});

test.each(answers.map(({ at, body }) => [at, body] as const))("%s is told apart", (_, body) => {
  const nowMs = Date.parse("2026-11-20T12:00:00Z");
  const roots = Object.values(body.data ?? {});
  const hasData = roots.length > 0 && roots.every((root) => root !== null && root !== undefined);
  for (const write of [false, true]) {
    const failure = failureOf({ status: 200, headers: {}, body }, { write, nowMs });
    tallyAnswers(write ? 1 : 0);
    if (body.errors === undefined || (write && hasData)) {
      expect(failure).toBeUndefined();
      continue;
    }
    // No recording shows a throttle or a fault of the channel: all are requests that no retry mends.
    const code = body.errors[0]?.extensions?.code ?? "";
    expect(failure).toMatchObject({
      kind: code === "ACCESS_DENIED" ? "auth" : "permanent",
      channelCode: code,
      ambiguous: false,
    });
  }
});

const SetPayload = z.object({
  inventorySetQuantities: z.object({
    inventoryAdjustmentGroup: z.object({ id: z.string() }).nullable(),
    userErrors: z.array(z.object({ field: z.array(z.string()).nullable(), message: z.string(), code: z.string() })),
  }),
});
const sets = answers.flatMap(({ at, body }) => {
  const payload = SetPayload.safeParse(body.data);
  return payload.success ? [{ at, body, payload: payload.data.inventorySetQuantities }] : [];
});
const tallySets = tallyOf("recorded set answers judged by the connector");

test.each(sets.map((set) => [set.at, set] as const))(
  "a set answered as in %s has one outcome a row",
  async (_, { body, payload }) => {
    const { connector, context } = createBench();
    const rows = payload.userErrors.map(({ field }) => Number(field?.[2] ?? 0));
    const batch = Array.from({ length: Math.max(0, ...rows) + 1 }, (_row, id) => ({
      ref: item(id),
      details: null,
      units: 5,
      expectedUnits: 9,
    }));
    const replies: unknown[] = [body];
    const sent = serveGraphql({}, () => ({ status: 200, body: replies.shift() }));
    const outcomes = await connector.pushQuantities(batch, "attempt", context);
    expect(sent).toHaveLength(1);
    expect(outcomes.map(({ ref }) => ref)).toEqual(batch.map(({ ref }) => ref));
    const expected =
      payload.userErrors.length === 0
        ? { status: "accepted", receipt: payload.inventoryAdjustmentGroup?.id ?? null }
        : { status: "refused", retry: "never" };
    for (const outcome of outcomes) expect(outcome).toMatchObject(expected);
    tallySets();
  },
);
