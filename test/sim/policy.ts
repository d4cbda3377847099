import type { Delivery } from "../../src/connectors/connector.ts";
import type { LedgerLine } from "../../src/demo/verdict.ts";
import type { Books } from "./books.ts";
import type { SimChannel } from "./channel.ts";
import type { Engine } from "./engine.ts";
import type { FaultBox } from "./faults.ts";
import type { MessageQueue } from "./messages.ts";
import type { World } from "./world.ts";

export type Given = {
  readonly world: World;
  readonly engine: Engine;
  readonly books: Books;
  readonly faults: FaultBox;
  readonly channels: ReadonlyMap<string, SimChannel>;
  readonly messages: ReadonlyMap<string, MessageQueue>;
  /** How often owed work is looked for, each account's orders are read, and promises are looked at. */
  readonly pace: {
    readonly sweepMs: number;
    readonly ordersMs: number;
    readonly watchMs: number;
    readonly auditMs?: number;
  };
  /** Deliveries that were answered with success, or acknowledged: from then on they are ours. */
  readonly accepted: { readonly accountId: string; readonly deliveryId: string }[];
};

/** A person stops a SKU's listings at 0, or as they are, or a whole account. `on`: the SKU, or the account. */
export type Brake = { readonly brake: "zero" | "freeze" | "pause"; readonly on: string };

/** Something at our own doors. Asked again under the same key until it is answered. */
export type Request =
  | { readonly kind: "receive"; readonly key: string; readonly sku: string; readonly units: number }
  | { readonly kind: "adjust"; readonly key: string; readonly sku: string; readonly units: number }
  | {
      readonly kind: "reserve";
      readonly key: string;
      readonly id: string;
      readonly sku: string;
      readonly units: number;
      /** Null: until it is committed or released. */
      readonly ttlMs: number | null;
    }
  | {
      /** A person says what a listing sells. */
      readonly kind: "link";
      readonly key: string;
      readonly accountId: string;
      readonly ref: string;
      readonly sku: string;
      readonly units: number;
    }
  | ({ readonly kind: "brake"; readonly key: string } & Brake)
  | ({ readonly kind: "let-go"; readonly key: string; readonly id: string } & Brake)
  | { readonly kind: "commit" | "release"; readonly key: string; readonly id: string };

/** Who keeps the channels in step: Lockstep itself, or a simpler tool to compare with. */
export interface Policy {
  /** Until the stock of the beginning is known and shown. */
  start(): Promise<void>;
  /** A webhook of the channel's; true = it was answered with success. */
  deliver(accountId: string, delivery: Delivery): Promise<boolean>;
  /** True = done, false = refused. Rejects, or never ends, when its process is gone. */
  request(request: Request): Promise<boolean>;
  /** Each returns whether it hit anything. */
  kill(draw: number): boolean;
  freeze(draw: number, forMs: number): boolean;
  emptyQueue(): boolean;
  queueAway(untilMs: number): boolean;
  /** Nothing is owed and nothing is under way. */
  isQuiet(): boolean;
  /** What it believes of an account's orders, and of a SKU. */
  orderLines(accountId: string): readonly LedgerLine[];
  available(): ReadonlyMap<string, number>;
  /** Looks for broken promises while it runs. */
  watch(): void;
  /** What breaks its own rules, or has broken them on the way. */
  breaches(): Promise<readonly string[]>;
}
