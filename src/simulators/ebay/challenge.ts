import { z } from "zod";
import { sha256Hex } from "../../core/digest.ts";

const Reply = z.object({ challengeResponse: z.string() });
const timeoutMs = 5_000;

/**
 * Asks an endpoint to prove that it knows its verification token (channel document §9.1): true when it answers 200 and
 * JSON with the SHA-256 of code + token + endpoint, the endpoint byte for byte as registered.
 */
export const passesChallenge = async (
  target: { readonly endpoint: string; readonly verificationToken: string },
  challengeCode: string,
): Promise<boolean> => {
  const url = new URL(target.endpoint);
  url.searchParams.set("challenge_code", challengeCode);
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.status !== 200 || response.headers.get("content-type")?.includes("application/json") !== true)
      return false;
    const { challengeResponse } = Reply.parse(JSON.parse(text));
    return challengeResponse === sha256Hex(challengeCode + target.verificationToken + target.endpoint);
  } catch {
    return false; // Not reached, too slow, or no JSON: not proven.
  }
};
