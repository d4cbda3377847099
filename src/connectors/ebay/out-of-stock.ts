import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { Trading } from "./trading.ts";

const Preferences = z.object({ OutOfStockControlPreference: z.enum(["true", "false"]).optional() });

/** `unknown`: eBay cannot be asked now, or does not say. */
export type OutOfStockControl = "on" | "off" | "unknown";

/**
 * The seller's preference that keeps a listing alive at quantity 0. Off, a 0 ends the listing, and re-publishing makes a
 * new one without its watchers and history (§5.3). Only Trading tells it. Throws `ChannelError`.
 */
export const readOutOfStockControl = async (trading: Trading, signal: AbortSignal): Promise<OutOfStockControl> => {
  const { OutOfStockControlPreference: preference } = await trading(
    {
      name: "GetUserPreferences",
      body: { ShowOutOfStockControlPreference: "true" },
      answer: Preferences,
      quota: "tradingPreferences",
      repeatable: true,
      timeoutMs: 5_000,
    },
    signal,
  );
  if (preference === undefined) return "unknown";
  return preference === "true" ? "on" : "off";
};

/** A seller who switches it on is believed within minutes; one who switches it off, within the hour. */
const onMs = 60 * 60 * 1000;
const otherwiseMs = 5 * 60 * 1000;

/** The preference, remembered for a while; what cannot be read now is `unknown`, with a warning in the log. */
export const createOutOfStockControl = (trading: Trading, { clock, log }: ConnectorDeps) => {
  let seen: { readonly control: OutOfStockControl; readonly untilMs: number } | undefined;
  return async (accountId: string, signal: AbortSignal): Promise<OutOfStockControl> => {
    if (seen !== undefined && clock.monotonicMs() < seen.untilMs) return seen.control;
    let control: OutOfStockControl = "unknown";
    try {
      control = await readOutOfStockControl(trading, signal);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      log.warn(
        { accountId, err: error.message },
        "eBay does not tell whether out-of-stock control is on; quantities of 0 are sent all the same",
      );
    }
    seen = { control, untilMs: clock.monotonicMs() + (control === "on" ? onMs : otherwiseMs) };
    return control;
  };
};
