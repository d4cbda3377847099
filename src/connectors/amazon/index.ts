export { createAmazonConnector } from "./amazon-connector.ts";
export { amazonQuotas } from "./quotas.ts";
