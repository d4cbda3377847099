/** A made-up buyer. Every text carries the canary, so that a leak of any of them can be searched for. */
export type Buyer = {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly phone: string;
  readonly address1: string;
  readonly city: string;
  readonly zip: string;
  readonly note: string;
  readonly clientIp: string;
};

/** The buyer of the order with this number; always the same. */
export const buyerOf = (orderNumber: number): Buyer => ({
  customerId: String(7_115_000_000_000 + orderNumber * 32_768),
  firstName: `Canary${orderNumber}`,
  lastName: `Buyer-canary-${orderNumber}`,
  email: `canary-${orderNumber}@buyer.example`,
  phone: `+1555${String(orderNumber % 10_000_000).padStart(7, "0")}`,
  address1: `${orderNumber} Canary Street canary-${orderNumber}`,
  city: "Springfield",
  zip: "01103",
  note: `Please leave it with the neighbour canary-${orderNumber}`,
  clientIp: `203.0.113.${orderNumber % 256}`,
});
