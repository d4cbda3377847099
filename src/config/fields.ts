import { z } from "zod";
import { nearestKey } from "./nearest.ts";

const separator = "\u001f";

/** A message that carries its own fix; `zod-complaints.ts` takes it apart again. */
export const say = (problem: string, fix: string): string => `${problem}${separator}${fix}`;
export const unsay = (message: string): { readonly problem: string; readonly fix: string | undefined } => {
  const [problem = "", fix] = message.split(separator);
  return { problem, fix };
};

/** An object that knows all its keys. Its message for unknown ones has a line a key, in the order of `issue.keys`. */
export const strict = <Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> => {
  const known = Object.keys(shape);
  const unknownKey = (key: string): string => {
    const meant = nearestKey(key, known);
    const fix = meant === undefined ? `remove it; known here: ${known.join(", ")}` : `did you mean ${meant}?`;
    return say("is not a setting", fix);
  };
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? issue.keys.map(unknownKey).join("\n") : undefined),
  });
};

/** Numbers may come from the environment, that is as text. */
const fromText = (value: unknown): unknown =>
  typeof value === "string" && /^-?\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : value;

type NumberField = z.ZodType<number, unknown>;
export const wholeNumber = (min: number, max: number): NumberField =>
  z.preprocess(
    fromText,
    z.number().int("must be a whole number").min(min, `must be at least ${min}`).max(max, `must be at most ${max}`),
  );
export const anyNumber = (min: number, max: number): NumberField =>
  z.preprocess(fromText, z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export const percent: NumberField = anyNumber(0, 100);
/** Seconds in the file, milliseconds in the settings. */
export const seconds = (min: number, max: number): NumberField =>
  anyNumber(min, max).transform((value) => Math.round(value * 1_000));

/** Text without blanks around it: a line break that slipped into a variable is a classic cause of refused credentials. */
export const text = z
  .string({
    error: (issue) =>
      typeof issue.input === "number" || typeof issue.input === "boolean"
        ? say("must be text", "put the value in quotes, so that every digit is kept")
        : undefined,
  })
  .min(1, "must not be empty")
  .refine(
    (value) => value === value.trim(),
    say("has blanks or a line break at its start or end", "remove them where the value is set"),
  );

export const isLoopback = (url: string): boolean => {
  const host = URL.parse(url)?.hostname ?? "";
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === "localhost" || host.endsWith(".localhost") || host === "[::1]";
};

/** http(s) address without credentials, query or fragment; a trailing slash is dropped. */
export const address = text
  .refine(
    (value) => {
      const url = URL.parse(value);
      if (url === null || !["http:", "https:"].includes(url.protocol)) return false;
      return url.username === "" && url.password === "" && url.search === "" && url.hash === "";
    },
    say("is not an http or https address", "write it like https://stock.example.com, without query or user name"),
  )
  .transform((value) => value.replace(/\/+$/, ""));
