import { z } from "zod";
import type { ChannelErrorOptions, FailureKind } from "../../core/failure.ts";
import { parseXml } from "./xml.ts";

/** An element that may be there not at all, once or often: parsers give one as itself, several as an array (§12.13). */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (value === undefined || value === "" ? [] : [value].flat()), z.array(item));

export const TradingError = z.object({
  ErrorCode: z.string().default("?"),
  ShortMessage: z.string().optional(),
  LongMessage: z.string().optional(),
  SeverityCode: z.string().optional(),
  ErrorClassification: z.string().optional(),
  ErrorParameters: listOf(z.object({ Value: z.string().optional() })).optional(),
});
export type TradingError = z.infer<typeof TradingError>;

export const TradingHead = z.object({ Ack: z.string(), Errors: listOf(TradingError) });

/** Warnings stand among the errors; they say nothing about failure. */
export const seriousOnes = (errors: readonly TradingError[]): readonly TradingError[] =>
  errors.filter(({ SeverityCode }) => SeverityCode !== "Warning");

const sentenceMax = 400;

export const describeTradingErrors = (errors: readonly TradingError[]): string =>
  errors
    .map(({ ErrorCode, LongMessage, ShortMessage }) => `${ErrorCode}: ${LongMessage ?? ShortMessage ?? "no message"}`)
    .join("; ")
    .slice(0, sentenceMax);

/** 931 and 932 of old, the IAF token's own codes, and whatever else words it so: eBay words expiry in several ways. */
const tokenCodes = new Set(["931", "932", "16110", "17470", "21916984", "21917053"]);
const tokenWords = /hard expired|(iaf|auth|access) token.{0,40}(invalid|expired)|token is invalid/i;
/** The day's calls of one call name, and the burst of Revise calls. */
const throttleCodes = new Set(["518", "21919144"]);

const kindOf = (errors: readonly TradingError[]): FailureKind => {
  const has = (codes: ReadonlySet<string>): boolean => errors.some(({ ErrorCode }) => codes.has(ErrorCode));
  if (has(throttleCodes)) return "throttled";
  if (has(tokenCodes) || tokenWords.test(describeTradingErrors(errors))) return "auth";
  const theirs = errors.some((one) => one.ErrorClassification === "SystemError" || one.ErrorCode === "10007");
  return theirs ? "retryable" : "permanent";
};

/** Trading answers HTTP 200 whatever happened: the truth is `Ack`. Undefined for everything but a whole failure (§4). */
export const tradingFailureOf = (body: unknown): ChannelErrorOptions | undefined => {
  if (typeof body !== "string" || !/<Ack>Failure<\/Ack>/.test(body)) return undefined;
  const root = rootOf(body);
  const errors = seriousOnes(TradingHead.safeParse(root).data?.Errors ?? []);
  return {
    kind: kindOf(errors),
    message: `eBay's Trading API refused the call: ${describeTradingErrors(errors)}`,
    channelCode: errors[0]?.ErrorCode ?? "?",
  };
};

/** The one element `<Call>Response` that an answer consists of; undefined when it is no XML. */
export const rootOf = (body: unknown): unknown => {
  if (typeof body !== "string") return undefined;
  try {
    const document = z.record(z.string(), z.unknown()).parse(parseXml(body));
    return Object.entries(document).find(([name]) => name.endsWith("Response"))?.[1];
  } catch {
    return undefined;
  }
};
