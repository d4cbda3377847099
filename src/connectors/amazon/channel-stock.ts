import { ChannelError } from "../../core/failure.ts";
import type { CallContext, ChannelStockRow } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { InventoryPage } from "./schemas.ts";

/** A page token dies after 30 seconds (§3), so all pages are read here and now; a dead one means from the start. */
const restartsMax = 2;
/** At 50 rows a page: more SKUs than any catalogue has, so a token that leads nowhere (§13.12). */
const pagesMax = 4_000;

const readPage = async (
  client: AmazonClient,
  marketplaceId: string,
  token: string | undefined,
  signal: AbortSignal,
) => {
  const query = {
    details: "true",
    granularityType: "Marketplace",
    granularityId: marketplaceId,
    marketplaceIds: [marketplaceId],
    nextToken: token,
  };
  const path = "/fba/inventory/v1/summaries";
  const answer = await client.call({ operation: "getInventorySummaries", method: "GET", path, query }, signal);
  return parseAnswer(InventoryPage, answer.data, "getInventorySummaries");
};

/**
 * No start time and no SKUs are sent: the one is known to skip rows, and the others are a csv list, which a SKU with a
 * comma would break (§7, §13.13, §13.20). One SKU may stand under several conditions: they are summed.
 */
const readMarketplace = async (
  client: AmazonClient,
  marketplaceId: string,
  signal: AbortSignal,
): Promise<readonly ChannelStockRow[]> => {
  const rows = new Map<string, ChannelStockRow>();
  const seen = new Set<string>();
  let token: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const { payload, pagination } = await readPage(client, marketplaceId, token, signal);
    for (const {
      sellerSku,
      inventoryDetails,
      lastUpdatedTime = null,
      asin,
      fnSku,
      condition,
    } of payload.inventorySummaries) {
      // The same row again on the next page, not another condition of the SKU.
      const row = JSON.stringify([sellerSku, asin, fnSku, condition]);
      if (seen.has(row)) continue;
      seen.add(row);
      const units = (rows.get(sellerSku)?.units ?? 0) + inventoryDetails.fulfillableQuantity;
      rows.set(sellerSku, { channelSku: sellerSku, region: marketplaceId, units, changedAt: lastUpdatedTime });
    }
    const next = pagination?.nextToken;
    if (next === undefined || next === "") return [...rows.values()];
    if (next === token) break;
    token = next;
  }
  throw new ChannelError({ kind: "retryable", message: "the FBA inventory's page tokens lead nowhere" });
};

/**
 * What lies with Amazon and can be sold (`fulfillableQuantity`, §7), marketplace by marketplace. Where marketplaces
 * share their stock, each shows it: rows of different marketplaces must not be added up.
 * Errors: `ChannelError`; nothing is answered unless everything was read.
 */
export const readChannelStock = async (
  client: AmazonClient,
  marketplaceIds: readonly string[],
  deps: Pick<ConnectorDeps, "log">,
  { accountId, signal }: CallContext,
): Promise<readonly ChannelStockRow[]> => {
  const all: ChannelStockRow[] = [];
  for (const marketplaceId of marketplaceIds) {
    for (let restarts = 0; ; restarts += 1) {
      try {
        all.push(...(await readMarketplace(client, marketplaceId, signal)));
        break;
      } catch (error) {
        const isDeadToken = error instanceof ChannelError && error.kind === "permanent";
        if (!isDeadToken || restarts >= restartsMax) throw error;
        deps.log.warn(
          { accountId, marketplaceId, restarts: restarts + 1 },
          "FBA inventory is read from the start again",
        );
      }
    }
  }
  return all;
};
