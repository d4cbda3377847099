/** Lowest, middle and highest of a few measurements. */
export type Spread = { readonly min: number; readonly median: number; readonly max: number };

const rounded = (value: number): number => Number(value.toPrecision(4));

/** Throws for an empty list: a case without a round has no figure. */
export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (min === undefined || max === undefined || low === undefined || high === undefined) {
    throw new RangeError("no measurement to sum up");
  }
  return { min: rounded(min), median: rounded((low + high) / 2), max: rounded(max) };
};

/** `share` in 0..1 of the values are at or below the result. NaN for an empty list. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN;
