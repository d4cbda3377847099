import { expect } from "vitest";
import { z } from "zod";
import type { Shop } from "../../unit/simulators/shopify/shop.ts";

const Json = z.record(z.string(), z.unknown());

/** A recorded call: what was sent, and what the live shop answered. */
export type Recorded = {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly response: Readonly<Record<string, unknown>>;
};
export const Recorded = z.object({ variables: Json, response: Json });
/** Webhook recordings keep the HTTP status beside the body. */
export const RecordedPayload = z
  .object({ variables: Json, response: z.object({ payload: Json }) })
  .transform(({ variables, response }): Recorded => ({ variables, response: response.payload }));
export const RecordedQuery = Recorded.extend({ query: z.string() });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every store has ids of its own: learned pair by pair where the two answers say the same thing. */
export class Ids {
  readonly #pairs = new Map<string, string>();

  learn(theirs: unknown, ours: unknown): void {
    if (typeof theirs === "string" && typeof ours === "string") {
      if (theirs.startsWith("gid://") && !this.#pairs.has(theirs)) this.#pairs.set(theirs, ours);
    } else if (Array.isArray(theirs) && Array.isArray(ours)) {
      for (const [index, item] of theirs.entries()) this.learn(item, ours[index]);
    } else if (isObject(theirs) && isObject(ours)) {
      for (const [key, value] of Object.entries(theirs)) this.learn(value, ours[key]);
    }
  }

  /** Theirs in our words; the longest names first, since one may be the beginning of another. */
  translate(value: unknown): unknown {
    let text = JSON.stringify(value);
    for (const [theirs, ours] of [...this.#pairs].toSorted(([a], [b]) => b.length - a.length)) {
      text = text.replaceAll(theirs, ours);
    }
    return JSON.parse(text);
  }
}

/** Only what the recording has: the simulator was asked for at least as much. Times are each store's own. */
const pick = (ours: unknown, theirs: unknown): unknown => {
  if (Array.isArray(ours) && Array.isArray(theirs)) return ours.map((item, index) => pick(item, theirs[index]));
  if (!isObject(ours) || !isObject(theirs)) return ours;
  return Object.fromEntries(
    Object.entries(ours).flatMap(([key, value]) => (key in theirs ? [[key, pick(value, theirs[key])]] : [])),
  );
};
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, held: unknown) =>
    key.endsWith("At") && typeof held === "string" ? "T" : key === "locations" && Array.isArray(held) ? "L" : held,
  );

/** Sends a recorded call to the simulated shop and holds the answer against the recorded one. */
export const replay = async (
  shop: Shop,
  ids: Ids,
  { document, recorded }: { readonly document: string; readonly recorded: Recorded },
): Promise<void> => {
  const variables = Json.parse(ids.translate(recorded.variables));
  const { status, extensions, ...ours } = await shop.graphql(document, variables);
  const { extensions: told, ...theirs } = recorded.response;
  expect(status).toBe(200);
  ids.learn(theirs["data"], ours.data);
  expect(timeless(pick(ours, theirs))).toEqual(timeless(ids.translate(theirs)));
  const cost = z.object({ cost: z.object({ requestedQueryCost: z.number(), actualQueryCost: z.number() }) });
  const theirCost = cost.safeParse(told).data?.cost;
  if (theirCost !== undefined) expect(extensions?.cost).toMatchObject(theirCost);
};
