/** What one round did, read back from the books. All four must equal the number of answers. */
export type Sums = {
  /** Change of what is reserved over all levels. */
  readonly levels: number;
  readonly reservations: number;
  readonly movements: number;
  readonly keys: number;
};

/** A way to reserve one unit of a SKU under an idempotency key. */
export interface Contestant {
  readonly name: string;
  /** Called before each round, outside the measured time. */
  begin(): Promise<void>;
  /** False: the window was over before it had a connection, and nothing was done. Rejects when it was refused. */
  reserve(one: { readonly key: string; readonly sku: string }, isOver: () => boolean): Promise<boolean>;
  /** What was written since `begin` under keys that start with `<run>/`. */
  sums(run: string): Promise<Sums>;
  close(): Promise<void>;
}

export const hotSku = "hot";
export const spreadSkus: readonly string[] = Array.from({ length: 10_000 }, (_, index) => `sku-${index}`);
export const allSkus: readonly string[] = [hotSku, ...spreadSkus];
/** More than any run can take. */
export const stockUnits = 1_000_000_000;
export const connectionsCount = 64;

/** Keys of a run are those from `<run>/` up to `<run>0`: "0" follows "/" in byte order. */
export const keyRange = (run: string): readonly [string, string] => [`${run}/`, `${run}0`];
