import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { challengeResponse } from "../../../src/connectors/ebay/notifications.ts";
import { contractJson, createBench, grantTokens, host } from "../../unit/connectors/ebay/harness.ts";
import { printTally, tally } from "./tally.ts";

const Vector = z.object({ signature: z.string(), message: z.json(), response: z.json() });
const signatures = z.record(z.string(), Vector).parse(contractJson("vectors/x-ebay-signature.json"));
const kid = "9936261a-7d7b-4621-a0f1-96ccb428af49";
/** What the connector makes of each of eBay's own vectors. ERROR: the key cannot be had. */
const expected: Readonly<Record<string, string>> = {
  VALID: "delivery",
  INVALID: "refused",
  SIGNATURE_MISMATCH: "refused",
  ERROR: "retry-later",
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());
afterAll(() => printTally("eBay signature and challenge vectors"));

const verified = async (body: string, vector: z.infer<typeof Vector>): Promise<string> => {
  const key = nock(host).persist().get(`/commerce/notification/v1/public_key/${kid}`);
  if (vector.response === null) key.reply(500);
  else key.reply(200, JSON.stringify(vector.response), { "Content-Type": "application/json" });
  const { connector, context } = createBench();
  const request = {
    method: "POST",
    url: "https://sync.example.com/hooks/ebay",
    headers: { "x-ebay-signature": vector.signature },
    body: Buffer.from(body),
  };
  return (await connector.webhooks?.verify(request, context))?.kind ?? "no webhooks";
};

test.each(Object.entries(signatures))("signature vector %s", async (name, vector) => {
  tally("vectors");
  expect(await verified(JSON.stringify(vector.message), vector)).toBe(expected[name]);
});

test("the valid vector, indented anew, is not signed any more", async () => {
  tally("vectors");
  const { VALID: valid } = signatures;
  if (valid === undefined) throw new Error("no vector VALID");
  expect(await verified(JSON.stringify(valid.message, null, 2), valid)).toBe("refused");
});

const Challenges = z.object({
  vectors: z.array(
    z.object({
      challengeCode: z.string(),
      verificationToken: z.string(),
      endpoint: z.string(),
      challengeResponse: z.string(),
    }),
  ),
  negative: z.array(z.object({ value: z.string().optional(), must_not_equal_vector: z.number().optional() })),
});
const challenges = Challenges.parse(contractJson("vectors/challenge-response.json"));

test.each(challenges.vectors)("challenge vector for $endpoint", (vector) => {
  tally("vectors");
  const { challengeCode, verificationToken, endpoint } = vector;
  expect(challengeResponse(challengeCode, verificationToken, endpoint)).toBe(vector.challengeResponse);
});

test("challenge negatives: another order of the parts, and a trailing slash, give another answer", () => {
  const [, plain, slashed] = challenges.vectors;
  const wrongOrder = challenges.negative.find(({ value }) => value !== undefined)?.value;
  tally("vectors", challenges.negative.length);
  expect(plain?.challengeResponse).not.toBe(wrongOrder);
  expect(plain?.challengeResponse).not.toBe(slashed?.challengeResponse);
});
