import { sha256Hex } from "../../core/digest.ts";

/**
 * Every id the simulated channel gives out follows from the seed and a running number, so that a run can be repeated.
 * Order item ids are longer than 2^53: software that reads them as numbers loses the order.
 */
export type Identifiers = {
  /** `111-1234567-1234567` */
  readonly orderId: (number: number) => string;
  /** Eighteen digits. */
  readonly orderItemId: (orderNumber: number, lineNumber: number) => string;
  readonly asin: (sku: string) => string;
  readonly fnSku: (sku: string) => string;
  /** A UUID-shaped id for submissions, notifications, subscriptions, requests. */
  readonly uuid: (purpose: string) => string;
};

export const createIdentifiers = (seed: number): Identifiers => {
  const digest = (text: string): string => sha256Hex(`${seed}:${text}`);
  const digits = (text: string, count: number): string =>
    (BigInt(`0x${digest(text)}`) % 10n ** BigInt(count)).toString().padStart(count, "0");
  const letters = (text: string, count: number): string => digest(text).slice(0, count).toUpperCase();
  return {
    // The number itself is the last group, so that two orders never share an id.
    orderId: (number) =>
      `${111 + (number % 3)}-${digits(`order:${number}`, 7)}-${String(number % 10_000_000).padStart(7, "0")}`,
    orderItemId: (orderNumber, lineNumber) =>
      `9${digits(`item:${orderNumber}:${lineNumber}`, 5)}${String(orderNumber % 1_000_000_000).padStart(9, "0")}${String(lineNumber % 1000).padStart(3, "0")}`,
    asin: (sku) => `B0${letters(`asin:${sku}`, 8)}`,
    fnSku: (sku) => `X0${letters(`fnsku:${sku}`, 8)}`,
    uuid: (purpose) => {
      const hex = digest(purpose);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    },
  };
};
