import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";

const Window = z.object({
  from: z.string(),
  to: z.string(),
  offset: z.number().int().min(0),
  total: z.number().int().nullable(),
});
type Window = z.infer<typeof Window>;

/** When the last wide sweep and the last look at returns began, ISO; absent: never. */
const rounds = { wideAt: z.string().optional(), returnsAt: z.string().optional() };

/** Between sweeps only the watermark; within one the window and the place in it. */
const Cursor = z.union([
  z.strictObject({ watermark: z.string(), ...rounds }),
  z.strictObject({ watermark: z.string().nullable(), window: Window, ...rounds }),
]);
type Cursor = z.infer<typeof Cursor>;

export type OrderPlace = {
  readonly watermark: string | null;
  readonly window: Window;
  readonly wideAt?: string | undefined;
  readonly returnsAt?: string | undefined;
};

const dayMs = 86_400_000;
const firstLookBackMs = dayMs;
/** Once a day the poll reaches far back: what slipped through every overlap is met then at the latest. */
const wideEveryMs = dayMs;
const wideBackMs = 2 * dayMs;
/** eBay keeps two years and refuses to look further (30830); a day of it is given away for clocks and leap years. */
const historyMs = 729 * dayMs;

type Timing = { readonly orderOverlapMs: number };

/** Where the poll goes on. Throws `ChannelError` (permanent) for a cursor that is none of ours. */
export const placeOf = (cursor: string | null, nowMs: number, timing: Timing): OrderPlace => {
  const parsed = cursor === null ? undefined : parseCursor(cursor);
  if (parsed !== undefined && "window" in parsed) return parsed;
  const watermark = parsed?.watermark ?? null;
  const { wideAt, returnsAt } = parsed ?? {};
  const isWide = wideAt === undefined || nowMs - Date.parse(wideAt) >= wideEveryMs;
  const backMs = isWide ? Math.max(wideBackMs, timing.orderOverlapMs) : timing.orderOverlapMs;
  const fromMs = watermark === null ? nowMs - firstLookBackMs : Date.parse(watermark) - backMs;
  return {
    watermark,
    window: {
      from: toIso(Math.max(fromMs, nowMs - historyMs)),
      to: toIso(nowMs),
      offset: 0,
      total: null,
    },
    wideAt: isWide ? toIso(nowMs) : wideAt,
    ...(returnsAt !== undefined && { returnsAt }),
  };
};

const stepBackMs = 10 * 60 * 1000;

/**
 * eBay calls the window's end the future (30850): our clock is ahead of its, at first believed to be so by no more than
 * `firstStepMs`. A window that ends earlier is just as good, the rest comes with the next poll. Undefined: stepping back
 * further leaves nothing to ask for.
 */
export const endingEarlier = (place: OrderPlace, nowMs: number, firstStepMs: number): OrderPlace | undefined => {
  const { from, to } = place.window;
  const toMs = Date.parse(to) - (nowMs - Date.parse(to) < firstStepMs ? firstStepMs : stepBackMs);
  return toMs <= Date.parse(from) || place.window.offset > 0
    ? undefined
    : { ...place, window: { ...place.window, to: toIso(toMs) } };
};

export const cursorText = (cursor: Cursor): string => JSON.stringify(cursor);

const parseCursor = (cursor: string): Cursor => {
  try {
    return Cursor.parse(JSON.parse(cursor));
  } catch (cause) {
    throw new ChannelError({ kind: "permanent", message: "the order cursor cannot be read", cause });
  }
};
