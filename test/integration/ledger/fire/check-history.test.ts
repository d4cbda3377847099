import { expect, test } from "vitest";
import type { Command } from "../../../../src/ledger/commands.ts";
import { type Call, checkHistory, type Placed } from "../../../fire/history/check-history.ts";
import { PlainLedger } from "../../../fire/model/plain-ledger.ts";
import { adjust, commit, line, receive, reserve } from "../../../support/ledger-commands.ts";

// The judge of histories is judged: true ones pass, and each way of lying is found.

const start = (): PlainLedger => {
  const model = new PlainLedger(["main"], 0);
  model.apply(receive("A", 3));
  return model;
};
const level = "A @ main";

/** Calls that a ledger answered in this order, at these times; each movement where that order puts it. */
const historyOf = (asked: readonly (readonly [Command, number, number])[]) => {
  const model = start();
  const placed = new Map<string, readonly Placed[]>();
  const calls = asked.map(([command, invokedMs, returnedMs]): Call => {
    const before = model.levels.get(level)?.version ?? 0;
    const answer = model.apply(command);
    const version = model.levels.get(level)?.version ?? 0;
    if (version > before) placed.set(command.key, [{ level, version }]);
    return { command, invokedMs, returnedMs, answer };
  });
  return { calls, placed };
};
const judge = ({ calls, placed }: ReturnType<typeof historyOf>): readonly string[] =>
  checkHistory(start(), calls, (key) => placed.get(key) ?? []).faults;

const overlapping = () =>
  historyOf([
    [reserve("r-1", [line("A", 2)], { ttlMs: null }), 0, 10],
    [reserve("r-2", [line("A", 2)], { ttlMs: null }), 1, 9],
    [commit("r-1"), 11, 20],
    [adjust("A", 1), 12, 19],
    [reserve("r-3", [line("A", 2)], { ttlMs: null }), 21, 30],
  ]);

test("calls that overlap may come in any order that the journal gives them", () => {
  expect(judge(overlapping())).toEqual([]);
});

test("a call that came first in the journal but was asked after the other had returned is found", () => {
  const history = overlapping();
  const calls = history.calls.map((call) =>
    call.command.kind === "adjust" ? { ...call, invokedMs: 1, returnedMs: 2 } : call,
  );
  expect(judge({ ...history, calls })[0]).toContain("no order of the journal keeps real time");
});

test("an answer that no state explains is found, also one with a single figure wrong", () => {
  const history = overlapping();
  const calls = history.calls.map((call): Call => {
    if (call.command.kind !== "adjust") return call;
    const figures = call.answer["level"] as { readonly onHand: number };
    return { ...call, answer: { ...call.answer, level: { ...figures, onHand: figures.onHand + 1 } } };
  });
  expect(judge({ ...history, calls })).toHaveLength(1);
});

test("a refusal that nobody could have got is found: there was enough in every state it can have seen", () => {
  const history = overlapping();
  const refused: Call = {
    command: reserve("r-4", [line("A", 1)], { ttlMs: null }),
    invokedMs: 12,
    returnedMs: 13,
    answer: { status: "refused", refusal: "insufficient-stock", field: "lines[0].units" },
  };
  expect(judge({ ...history, calls: [...history.calls, refused] })).toHaveLength(1);
  // After the last reserve there was nothing left.
  const late = { ...refused, invokedMs: 29, returnedMs: 40 };
  expect(judge({ ...history, calls: [...history.calls, late] })).toEqual([]);
});

test("a version that is missing or there twice is found", () => {
  const history = overlapping();
  const twice = new Map([...history.placed].map(([key]) => [key, [{ level, version: 2 }]]));
  expect(judge({ ...history, placed: twice })).not.toEqual([]);
});
