import { expect, test } from "vitest";
import { createStatementNames } from "../../../src/db/statement-names.ts";

const ask = (nameOf: (text: string) => string | undefined, text: string, times: number): (string | undefined)[] =>
  Array.from({ length: times }, () => nameOf(text));

test("a statement is named from its fifth time on, and keeps its name", () => {
  const names = ask(createStatementNames(), "select 1", 8);
  expect(names.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
  expect(names[4]).toMatch(/^lockstep_[0-9a-f]{32}$/);
  expect(new Set(names.slice(4)).size).toBe(1);
});

test("every process gives a statement the same name, and no two statements share one", () => {
  const [here, there] = [createStatementNames(), createStatementNames()];
  const last = (nameOf: (text: string) => string | undefined, text: string) => ask(nameOf, text, 5).at(-1);
  expect(last(here, "select 1")).toBe(last(there, "select 1"));
  expect(last(here, "select 2")).not.toBe(last(there, "select 1"));
});

test("texts without end make no names without end", () => {
  const nameOf = createStatementNames();
  const texts = Array.from({ length: 400 }, (_, index) => `select ${index}`);
  const named = texts.filter((text) => ask(nameOf, text, 6).at(-1) !== undefined);
  expect(named).toHaveLength(300);
});
