import type { FieldProblem } from "../ops/problem.ts";

export type StrictJson =
  | { readonly kind: "ok" }
  /** Not JSON, or JSON that two readers could understand differently. */
  | { readonly kind: "unacceptable"; readonly detail: string }
  /** JSON, with values that we would have to change to take. */
  | { readonly kind: "mistakes"; readonly errors: readonly FieldProblem[] };

const depthMax = 20;
/** Every decimal of up to 15 significant digits survives a double; with more, 0.99999999999999999 would become 1. */
const digitsMax = 15;

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\],]/g;

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
  try {
    JSON.parse(text);
  } catch {
    return { kind: "unacceptable", detail: "The body is not valid JSON." };
  }
  // From here on the syntax is known to be right, so tokens are all there is to look at.
  const errors: FieldProblem[] = [];
  const frames: Frame[] = [];
  for (const [symbol] of text.matchAll(token)) {
    const frame = frames.at(-1);
    if (symbol === "{" || symbol === "[") {
      if (frames.length >= depthMax)
        return { kind: "unacceptable", detail: `The body nests deeper than ${depthMax} levels.` };
      const isObject = symbol === "{";
      frames.push({
        path: pathOf(frame),
        names: isObject ? new Set() : undefined,
        at: isObject ? "" : 0,
        expectsName: isObject,
      });
    } else if (symbol === "}" || symbol === "]") {
      frames.pop();
    } else if (symbol === ",") {
      if (frame?.names !== undefined) frame.expectsName = true;
      else if (typeof frame?.at === "number") frame.at += 1;
    } else if (frame?.names !== undefined && frame.expectsName) {
      const name = String(JSON.parse(symbol));
      frame.at = name;
      frame.expectsName = false;
      if (frame.names.has(name))
        return { kind: "unacceptable", detail: `The name ${pathOf(frame)} is given twice in one object.` };
      frame.names.add(name);
      if (name === "__proto__")
        errors.push({ field: pathOf(frame), problem: "is not a known field", fix: "leave it out" });
    } else if (!symbol.startsWith('"') && significantDigits(symbol) > digitsMax) {
      errors.push({
        field: pathOf(frame) || "body",
        problem: "has more digits than can be kept exactly",
        fix: "send a whole number of units",
      });
    }
  }
  return errors.length === 0 ? { kind: "ok" } : { kind: "mistakes", errors };
};
