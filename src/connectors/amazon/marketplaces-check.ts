import { ChannelError } from "../../core/failure.ts";
import type { CallContext, CheckFinding } from "../connector.ts";
import type { AmazonSettings } from "../settings.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { ParticipationsAnswer } from "./schemas.ts";

const check = "marketplaces";

/** Are the settings' marketplaces the seller's, in this region, and on sale? A call that is refused says nothing of it. */
export const marketplacesFinding = async (
  client: AmazonClient,
  { marketplaceIds, region }: AmazonSettings,
  { signal }: CallContext,
): Promise<CheckFinding> => {
  try {
    const path = "/sellers/v1/marketplaceParticipations";
    const answer = await client.call({ operation: "getMarketplaceParticipations", method: "GET", path }, signal);
    const { payload } = parseAnswer(ParticipationsAnswer, answer.data, "getMarketplaceParticipations");
    const known = new Map(payload.map(({ marketplace, participation }) => [marketplace.id, participation]));
    const foreign = marketplaceIds.filter((id) => known.get(id)?.isParticipating !== true);
    if (foreign.length > 0) {
      const fix = `Name only marketplaces in which the seller sells and that belong to region ${region}: ${[...known.keys()].join(", ")}.`;
      return { check, ok: false, detail: `the seller does not sell in ${foreign.join(", ")}`, fix };
    }
    const suspended = marketplaceIds.filter((id) => known.get(id)?.hasSuspendedListings === true);
    if (suspended.length > 0) {
      const fix = "Seller Central → Settings → Account Info → Listing Status: set it to active when you want to sell.";
      return { check, ok: false, detail: `listings are suspended in ${suspended.join(", ")}`, fix };
    }
    return { check, ok: true, detail: `the seller sells in ${marketplaceIds.join(", ")}, region ${region}` };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { check, ok: true, detail: `not told: ${error.message}` };
  }
};
