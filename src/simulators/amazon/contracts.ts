import { type Contract, loadContract } from "../kit/contract.ts";

const models = [
  "listingsItems_2021-08-01",
  "orders_2026-01-01",
  "ordersV0",
  "fbaInventory",
  "feeds_2021-06-30",
  "reports_2021-06-30",
  "notifications",
  "sellers",
  "tokens_2021-03-01",
] as const;

export type OfferedContract = {
  readonly contract: Contract;
  /** The operation's name among all contracts: v0 and 2026-01-01 both have a getOrder. */
  readonly nameOf: (operationId: string) => string;
};

/** The official contracts this simulator answers for; request bodies may hold nothing they do not name. */
export const loadAmazonContracts = (): readonly OfferedContract[] =>
  models.map((model) => ({
    contract: loadContract(new URL(`../../../contracts/amazon/models/${model}.json`, import.meta.url), {
      closeRequestSchemas: true,
    }),
    nameOf: (operationId) => (model === "ordersV0" ? `v0.${operationId}` : operationId),
  }));

/**
 * What the seller's software has no business with: every call is counted as a violation and refused like a missing role.
 * Personal data (channel document §5), whatever ends a listing (§6), and what of Orders v0 is not reading.
 */
export const refusalReason = (operation: string): string => {
  if (personalOperations.has(operation)) return "asks for personal data";
  if (operation.startsWith("v0.")) return "is no reading of Orders v0";
  if (operation === "deleteListingsItem") return "deletes a listing";
  return "is not offered to this application";
};

const personalOperations: ReadonlySet<string> = new Set([
  "createRestrictedDataToken",
  "v0.getOrderBuyerInfo",
  "v0.getOrderAddress",
  "v0.getOrderItemsBuyerInfo",
  "v0.getOrderRegulatedInfo",
]);

/** `includedData` values of Orders 2026-01-01 that are personal. */
export const personalDatasets: ReadonlySet<string> = new Set(["BUYER", "RECIPIENT", "TAX", "PAYMENT"]);
