export type TimelineSubject =
  | { readonly of: "sku"; readonly sku: string }
  /** By its number on the channel; `accountId` null: of any account. */
  | { readonly of: "order"; readonly orderRef: string; readonly accountId: string | null }
  | { readonly of: "listing"; readonly accountId: string; readonly listing: string };

/** One thing that happened. `id` counts within its kind: a movement's, a delivery's, an attempt's, … */
export type TimelineEntry = {
  readonly at: string;
  readonly kind: "delivery" | "movement" | "push" | "answer" | "applied" | "observation" | "hold";
  readonly id: number;
  readonly text: string;
  readonly account: string | null;
  readonly listing: string | null;
  readonly sku: string | null;
};

/** Newest first. `next`: ask for what is before it; null at the end. */
export type Timeline = { readonly entries: readonly TimelineEntry[]; readonly next: string | null };
