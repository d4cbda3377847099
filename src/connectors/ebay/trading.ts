import type { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { EbayClient } from "./client.ts";
import type { EbayQuota } from "./quotas.ts";
import { rootOf } from "./trading-errors.ts";
import { buildXml, type XmlTree } from "./xml.ts";

/** The version whose elements `contracts/ebay/trading` names. */
const compatibilityLevel = "1379";

/** Trading knows sites by number. An account's listings may lie on any of them; only texts and dates follow the site. */
const siteIds: Readonly<Record<string, string>> = {
  EBAY_US: "0",
  EBAY_CA: "2",
  EBAY_GB: "3",
  EBAY_AU: "15",
  EBAY_AT: "16",
  EBAY_FR: "71",
  EBAY_DE: "77",
  EBAY_MOTORS_US: "100",
  EBAY_IT: "101",
  EBAY_BE: "123",
  EBAY_NL: "146",
  EBAY_ES: "186",
  EBAY_CH: "193",
  EBAY_HK: "201",
  EBAY_IE: "205",
  EBAY_PL: "212",
  EBAY_SG: "216",
};

export type TradingCall<Shape extends z.ZodType> = {
  readonly name: "GetUserPreferences" | "GetMyeBaySelling" | "GetItem" | "ReviseInventoryStatus";
  readonly body: XmlTree;
  readonly answer: Shape;
  readonly quota: EbayQuota;
  readonly repeatable: boolean;
  readonly timeoutMs?: number;
};

/** Errors: `ChannelError`. A PartialFailure is an answer, to be read by the caller. */
export type Trading = <Shape extends z.ZodType>(
  call: TradingCall<Shape>,
  signal: AbortSignal,
) => Promise<z.infer<Shape>>;

/** eBay's older XML interface: the only one that tells and writes listings which the Inventory API did not make (§10). */
export const createTrading =
  (client: EbayClient, marketplaceId: string): Trading =>
  async ({ name, body, answer: shape, quota, repeatable, timeoutMs }, signal) => {
    const answer = await client(
      {
        method: "POST",
        path: "/ws/api.dll",
        body: buildXml({ [`${name}Request`]: { "@_xmlns": "urn:ebay:apis:eBLBaseComponents", ...body } }),
        headers: {
          "Content-Type": "text/xml; charset=utf-8",
          Accept: "text/xml",
          "X-EBAY-API-CALL-NAME": name,
          "X-EBAY-API-SITEID": siteIds[marketplaceId] ?? "0",
          "X-EBAY-API-COMPATIBILITY-LEVEL": compatibilityLevel,
        },
        tokenAs: "trading",
        quota,
        repeatable,
        ...(timeoutMs !== undefined && { timeoutMs }),
      },
      signal,
    );
    const parsed = shape.safeParse(rootOf(answer.body));
    if (parsed.success) return parsed.data;
    // A write whose answer cannot be read has been done all the same (§12.13).
    const where = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
    throw new ChannelError({
      kind: "retryable",
      ambiguous: !repeatable,
      message: `eBay's answer to ${name} cannot be read${where === "" ? "" : ` at ${where}`}`,
    });
  };
