export { createShopifyConnector, shopifyQuotas } from "./connector.ts";
