import { z } from "zod";

/** A movement's facts as the log keeps them: every column but the transaction's number, which is not a fact of stock. */
export const MovementFacts = z.object({
  id: z.number(),
  command_key: z.string(),
  leg: z.number(),
  kind: z.string(),
  sku: z.string(),
  location_id: z.string(),
  d_on_hand: z.number(),
  d_reserved: z.number(),
  d_incoming: z.number(),
  on_hand_after: z.number(),
  reserved_after: z.number(),
  incoming_after: z.number(),
  level_version: z.number(),
  cause_type: z.string(),
  cause_id: z.string(),
  actor: z.string(),
  reason: z.string().nullable(),
  /** UTC with microseconds, as the database keeps them. */
  occurred_at: z.string(),
  recorded_at: z.string(),
});
export type MovementFacts = z.infer<typeof MovementFacts>;

/**
 * The log's entry: the facts as canonical JSON (RFC 8785), in UTF-8. Keys are written down in sorted order here, which is
 * all that canonical form asks of whole numbers, well-formed text and null. Never change it: the hash of every sealed
 * movement depends on each byte.
 */
export const entryOf = (facts: MovementFacts): string =>
  JSON.stringify({
    actor: facts.actor,
    cause_id: facts.cause_id,
    cause_type: facts.cause_type,
    command_key: facts.command_key,
    d_incoming: facts.d_incoming,
    d_on_hand: facts.d_on_hand,
    d_reserved: facts.d_reserved,
    id: facts.id,
    incoming_after: facts.incoming_after,
    kind: facts.kind,
    leg: facts.leg,
    level_version: facts.level_version,
    location_id: facts.location_id,
    occurred_at: facts.occurred_at,
    on_hand_after: facts.on_hand_after,
    reason: facts.reason,
    recorded_at: facts.recorded_at,
    reserved_after: facts.reserved_after,
    sku: facts.sku,
  });
