import { expect, test } from "vitest";
import { csvCell } from "../../../src/cli/plan-csv.ts";

test.each([
  ["A-1", "A-1"],
  [7, "7"],
  [null, ""],
  ['say "x"', '"say ""x"""'],
  ["a,b", '"a,b"'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", `"'=1+1"`],
  ["+44", `"'+44"`],
  ["-5", `"'-5"`],
  ["@sum", `"'@sum"`],
  ["\tx", `"'\tx"`],
])("%j becomes the cell %s", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
