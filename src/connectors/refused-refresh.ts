import type { Clock } from "../core/clock.ts";
import { ChannelError } from "../core/failure.ts";

/** Shorter than any account's pause between two polls, by which a set-aside account is tried again. */
const toldMs = 2_000;

/**
 * Whoever asks for a token within moments of a refused refresh is told the same: a dozen calls were under way when the
 * credentials died, and the channel is asked once for all of them. Only `auth` is kept; other failures pass by themselves.
 */
export const createRefusedRefresh = (clock: Clock) => {
  let refused: { readonly error: ChannelError; readonly untilMs: number } | undefined;
  return async <Token>(refresh: () => Promise<Token>): Promise<Token> => {
    if (refused !== undefined && clock.monotonicMs() < refused.untilMs) throw refused.error;
    try {
      return await refresh();
    } catch (error) {
      if (error instanceof ChannelError && error.kind === "auth")
        refused = { error, untilMs: clock.monotonicMs() + toldMs };
      throw error;
    }
  };
};
