import type { FieldProblem } from "../ops/problem.ts";

export type StrictJson =
  | { readonly kind: "ok"; readonly value: unknown }
  /** Not JSON, or JSON that two readers could understand differently. */
  | { readonly kind: "unacceptable"; readonly detail: string }
  /** JSON, with values that we would have to change to take. */
  | { readonly kind: "mistakes"; readonly errors: readonly FieldProblem[] };

const depthMax = 20;
/** Every decimal of up to 15 significant digits survives a double; with more, 0.99999999999999999 would become 1. */
const digitsMax = 15;

const [openBrace, closeBrace, openBracket, closeBracket, comma, quote, backslash] = [
  0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x22, 0x5c,
] as const;

/** Of correct JSON only: the end of the string that begins here. */
const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end + 1;
  }
};

const isOfNumber = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e || code === 0x45 || code === 0x65;

const endOfNumber = (text: string, start: number): number => {
  let end = start + 1;
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end += 1;
  return end;
};

/** Of correct JSON only: true where a number begins. */
const beginsNumber = (code: number): boolean => code === 0x2d || (code >= 0x30 && code <= 0x39);

/** `\u0075nits` is `units`. */
const nameOf = (quoted: string): string => (quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1));

type Frame = {
  readonly path: string;
  /** Names seen so far in an object; undefined in an array. */
  readonly names: Set<string> | undefined;
  /** What the next value stands under. */
  at: string | number;
  expectsName: boolean;
};

const significantDigits = (number: string): number =>
  (number.split(/[eE]/)[0] ?? "")
    .replace(/^-?[0.]*/, "")
    .replace(".", "")
    .replace(/^0+/, "").length;

const pathOf = (frame: Frame | undefined): string => {
  if (frame === undefined) return "";
  if (typeof frame.at === "number") return `${frame.path}[${frame.at}]`;
  return frame.path === "" ? frame.at : `${frame.path}.${frame.at}`;
};

/**
 * Looks for what JSON.parse lets pass in silence: a name twice in one object (the last would win), numbers with more
 * digits than a double holds, nesting without end. Iterative: a hostile depth cannot exhaust the stack.
 */
export const checkJsonText = (text: string): StrictJson => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "unacceptable", detail: "The body is not valid JSON." };
  }
  // From here on the syntax is known to be right, so tokens are all there is to look at.
  const errors: FieldProblem[] = [];
  const frames: Frame[] = [];
  for (let at = 0; at < text.length; ) {
    const start = at;
    const code = text.charCodeAt(start);
    const frame = frames.at(-1);
    at += 1;
    if (code === openBrace || code === openBracket) {
      if (frames.length >= depthMax)
        return { kind: "unacceptable", detail: `The body nests deeper than ${depthMax} levels.` };
      const isObject = code === openBrace;
      frames.push({
        path: pathOf(frame),
        names: isObject ? new Set() : undefined,
        at: isObject ? "" : 0,
        expectsName: isObject,
      });
    } else if (code === closeBrace || code === closeBracket) {
      frames.pop();
    } else if (code === comma) {
      if (frame?.names !== undefined) frame.expectsName = true;
      else if (typeof frame?.at === "number") frame.at += 1;
    } else if (code === quote) {
      at = endOfString(text, start);
      if (frame?.names === undefined || !frame.expectsName) continue;
      const name = nameOf(text.slice(start, at));
      frame.at = name;
      frame.expectsName = false;
      if (frame.names.has(name))
        return { kind: "unacceptable", detail: `The name ${pathOf(frame)} is given twice in one object.` };
      frame.names.add(name);
      if (name === "__proto__")
        errors.push({ field: pathOf(frame), problem: "is not a known field", fix: "leave it out" });
    } else if (beginsNumber(code)) {
      at = endOfNumber(text, start);
      if (at - start <= digitsMax || significantDigits(text.slice(start, at)) <= digitsMax) continue;
      errors.push({
        field: pathOf(frame) || "body",
        problem: "has more digits than can be kept exactly",
        fix: "send a whole number of units",
      });
    }
  }
  return errors.length === 0 ? { kind: "ok", value } : { kind: "mistakes", errors };
};
