/** The simulated seller's account and the application that may act for it. */
export type EbayCredentials = {
  readonly clientId: string;
  readonly clientSecret: string;
  /** From the seller's consent; never rotated (channel document §1). */
  readonly refreshToken: string;
  /** What the seller consented to; a refresh may ask for a part of it, never for more. */
  readonly consentedScopes: readonly string[];
  /** The seller's immutable id, as notifications name it. */
  readonly sellerUserId: string;
  readonly sellerUsername: string;
};

const scope = (name: string): string => `https://api.ebay.com/oauth/api_scope${name}`;

export const scopes = {
  base: scope(""),
  inventory: scope("/sell.inventory"),
  inventoryReadonly: scope("/sell.inventory.readonly"),
  fulfillment: scope("/sell.fulfillment"),
  fulfillmentReadonly: scope("/sell.fulfillment.readonly"),
  subscription: scope("/commerce.notification.subscription"),
  subscriptionReadonly: scope("/commerce.notification.subscription.readonly"),
  cancellationRead: scope("/sell.cancellation.read"),
} as const;

export const demoEbayCredentials: EbayCredentials = {
  clientId: "LockstepDemo-PRD-0a1b2c3d4-5e6f7a8b",
  clientSecret: "PRD-lockstepdemosecret",
  refreshToken: "v^1.1#i^1#r^1#lockstepdemorefresh",
  consentedScopes: [
    scopes.base,
    scopes.inventory,
    scopes.fulfillment,
    scopes.subscription,
    // Approval-gated on the real channel; leave it out to see ORDER_CANCELLATION_ACTIVITY refused.
    scopes.cancellationRead,
  ],
  sellerUserId: "LkstpDemo77",
  sellerUsername: "lockstep_demo_seller",
};
