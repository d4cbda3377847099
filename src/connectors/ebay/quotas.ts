import type { Quota } from "../budget.ts";

const secondsPerDay = 86_400;

/**
 * eBay counts calls per day (docs: sell.inventory 2 000 000, sell.fulfillment 100 000, commerce.notification 10 000,
 * developer analytics 5 000; token mints 50 000 and 1 000). A tenth of the day may burst and nine tenths refill, so
 * that no 24 hours can ever exceed the whole. The limits are the *application's*: all accounts of one keyset in a
 * process draw from one budget.
 */
export const perWindow = (calls: number, seconds: number): Quota => ({
  ratePerSecond: (calls * 0.9) / seconds,
  burst: calls * 0.1,
});

const perDay = (calls: number): Quota => perWindow(calls, secondsPerDay);

export const ebayQuotas = {
  inventory: perDay(2_000_000),
  fulfillment: perDay(100_000),
  // commerce.notification's 10 000, divided: a flood of forged key ids must not use up what `check` needs.
  notification: perDay(5_000),
  publicKey: perDay(4_000),
  analytics: perDay(4_000),
  feed: perDay(100_000),
  // Post-Order and Trading count each call name on its own, 5 000 a day until eBay certifies the application for more.
  returns: perDay(5_000),
  tradingList: perDay(5_000),
  tradingItem: perDay(5_000),
  tradingRevise: perDay(5_000),
  tradingPreferences: perDay(5_000),
  sellerToken: perDay(50_000),
  applicationToken: perDay(1_000),
} as const satisfies Record<string, Quota>;

export type EbayQuota = keyof typeof ebayQuotas;
