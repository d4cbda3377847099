import { z } from "zod";
import { execute, type Queryable, queryOne, sql } from "../db/sql.ts";

/**
 * Claims an Idempotency-Key for a body, for ever. True when it stands for this body (now or since an earlier request),
 * false when it stands for another. Of two that claim at once one wins, and the other learns which.
 */
export const claimRequest = async (
  on: Queryable,
  claim: {
    readonly apiKeyId: number;
    readonly route: string;
    readonly idempotencyKey: string;
    readonly fingerprint: string;
    /** ISO, UTC. */
    readonly now: string;
  },
): Promise<boolean> => {
  // A losing insert waits for the winner; the look after it then sees the winner's row. No update: the row is for ever.
  await execute(
    on,
    sql`
      insert into api_request (api_key_id, route, idempotency_key, fingerprint, recorded_at)
      values (${claim.apiKeyId}, ${claim.route}, ${claim.idempotencyKey}, ${claim.fingerprint}, ${claim.now}::timestamptz)
      on conflict (api_key_id, route, idempotency_key) do nothing`,
  );
  const row = await queryOne(
    on,
    z.object({ fingerprint: z.string() }),
    sql`
      select fingerprint from api_request
       where api_key_id = ${claim.apiKeyId} and route = ${claim.route} and idempotency_key = ${claim.idempotencyKey}`,
  );
  return row?.fingerprint === claim.fingerprint;
};
