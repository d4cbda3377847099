import { sha256Hex } from "../../core/digest.ts";

/** Ids that look like the channel's own and are the same in every run with the same seed. */
export interface Identifiers {
  /** A decimal number of exactly `length` digits, as text: many are beyond 2^53. */
  digits(label: string, length: number): string;
  uuid(label: string): string;
}

export const createIdentifiers = (seed: number): Identifiers => {
  const hex = (label: string): string => sha256Hex(`ebay:${seed}:${label}`);
  return {
    digits: (label, length) => {
      const floor = 10n ** BigInt(length - 1);
      return String(floor + (BigInt(`0x${hex(label)}`) % (9n * floor)));
    },
    uuid: (label) => {
      const text = hex(label);
      return [
        text.slice(0, 8),
        text.slice(8, 12),
        `4${text.slice(13, 16)}`,
        `8${text.slice(17, 20)}`,
        text.slice(20, 32),
      ].join("-");
    },
  };
};

/** The first of the labels `name`, `name+1`, … whose id is still free. */
export const freeId = (make: (label: string) => string, name: string, taken: (id: string) => boolean): string => {
  for (let attempt = 0; ; attempt += 1) {
    const id = make(attempt === 0 ? name : `${name}+${attempt}`);
    if (!taken(id)) return id;
  }
};
