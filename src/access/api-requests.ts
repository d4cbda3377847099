import { z } from "zod";
import { type Queryable, queryOne, sql } from "../db/sql.ts";

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
  // The update changes nothing: it makes a losing insert wait for the winner and return the winner's row.
  const row = await queryOne(
    on,
    z.object({ fingerprint: z.string() }),
    sql`
      insert into api_request as r (api_key_id, route, idempotency_key, fingerprint, recorded_at)
      values (${claim.apiKeyId}, ${claim.route}, ${claim.idempotencyKey}, ${claim.fingerprint}, ${claim.now}::timestamptz)
      on conflict (api_key_id, route, idempotency_key) do update set fingerprint = r.fingerprint
      returning fingerprint`,
  );
  return row?.fingerprint === claim.fingerprint;
};
