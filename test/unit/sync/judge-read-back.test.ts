import { expect, test } from "vitest";
import { judgeReadBack } from "../../../src/sync/judge-read-back.ts";

const attempt = (id: number, units: number, effectUntilMs: number) => ({ id, units, version: id * 10, effectUntilMs });

test("the number was seen and nothing else can act any more: settled at its version", () => {
  expect(judgeReadBack([attempt(1, 5, 2_000)], 5, 1_000)).toEqual({
    appliedId: 1,
    lostIds: [],
    stillOpenIds: [],
    settledVersion: 10,
  });
});

test("the number was seen, but an older push may still act: applied, not settled", () => {
  expect(judgeReadBack([attempt(1, 9, 5_000), attempt(2, 5, 6_000)], 5, 1_000)).toEqual({
    appliedId: 2,
    lostIds: [],
    stillOpenIds: [1],
    settledVersion: null,
  });
});

test("an older push whose time is up no longer stands in the way", () => {
  expect(judgeReadBack([attempt(1, 9, 900), attempt(2, 5, 6_000)], 5, 1_000)).toMatchObject({
    appliedId: 2,
    lostIds: [1],
    settledVersion: 20,
  });
});

test("another number, and the push may still come: wait", () => {
  expect(judgeReadBack([attempt(1, 5, 2_000)], 8, 1_000)).toMatchObject({
    appliedId: null,
    stillOpenIds: [1],
    settledVersion: null,
  });
});

test("another number, and its time is up: lost, to be planned again", () => {
  expect(judgeReadBack([attempt(1, 5, 1_000)], 8, 1_000)).toMatchObject({
    appliedId: null,
    lostIds: [1],
    settledVersion: null,
  });
});

test("an older number reappearing does not pass for the newest", () => {
  expect(judgeReadBack([attempt(1, 9, 5_000), attempt(2, 5, 6_000)], 9, 1_000)).toMatchObject({
    appliedId: null,
    stillOpenIds: [1, 2],
  });
});

test("a channel that tells no number proves nothing", () => {
  expect(judgeReadBack([attempt(1, 0, 2_000)], null, 1_000)).toMatchObject({
    appliedId: null,
    stillOpenIds: [1],
    settledVersion: null,
  });
});
