import fc from "fast-check";
import { expect, test } from "vitest";
import { checkJsonText } from "../../../src/api/strict-json.ts";

test("whatever JSON.stringify writes with whole numbers is accepted", () => {
  const whole = (_name: string, value: unknown): unknown =>
    typeof value === "number" ? Math.trunc(value % 1e9) : value;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value, whole);
      fc.pre(!text.includes('"__proto__"'));
      expect(checkJsonText(text)).toEqual({ kind: "ok", value: JSON.parse(text) });
    }),
  );
});

test.each(["", "{", "{'a':1}", '{"a":1,}', "[1 2]", "NaN", '{"a":01}', "\u0000"])("%j is not JSON", (text) => {
  expect(checkJsonText(text)).toMatchObject({ kind: "unacceptable", detail: "The body is not valid JSON." });
});

test("where a string ends is seen behind any number of backslashes", () => {
  for (const written of ["", "\\\\", '\\"', '\\\\\\"', "\\\\\\\\", '\\",\\"b\\":1,\\"']) {
    const once = `{"a":"${written}","b":1}`;
    expect(checkJsonText(once)).toMatchObject({ kind: "ok" });
    expect(checkJsonText(`${once.slice(0, -1)},"b":2}`)).toMatchObject({
      detail: expect.stringContaining("b is given"),
    });
  }
});

test("a name given twice in one object is refused, also when it is spelled differently", () => {
  expect(checkJsonText('{"lines":[{"units":1,"units":900}]}')).toEqual({
    kind: "unacceptable",
    detail: "The name lines[0].units is given twice in one object.",
  });
  expect(checkJsonText('{"units":1,"\\u0075nits":2}').kind).toBe("unacceptable");
});

test("the same name in different objects, and as a value, is fine", () => {
  expect(checkJsonText('{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c":"a","d":"\\"a\\":{"}')).toMatchObject({ kind: "ok" });
});

test("a number with more digits than a double holds is named by its field", () => {
  for (const number of ["0.99999999999999999", "1.0000000000000000001", "9007199254740993", "12345678901234567e3"]) {
    expect(checkJsonText(`{"lines":[{"units":1},{"units":${number}}]}`)).toMatchObject({
      kind: "mistakes",
      errors: [{ field: "lines[1].units" }],
    });
  }
  expect(checkJsonText('{"a":[0.001, -0, 1e3, 1000000000, 0.10]}')).toMatchObject({ kind: "ok" });
});

test("__proto__ is an unknown field like any other", () => {
  expect(checkJsonText('{"lines":[],"__proto__":{"x":1}}')).toMatchObject({
    kind: "mistakes",
    errors: [{ field: "__proto__" }],
  });
});

test("nesting has an end, and a hostile depth costs nothing", () => {
  expect(checkJsonText(`${"[".repeat(20)}${"]".repeat(20)}`)).toMatchObject({ kind: "ok" });
  expect(checkJsonText(`${"[".repeat(21)}${"]".repeat(21)}`).kind).toBe("unacceptable");
  expect(checkJsonText(`${"[".repeat(100_000)}${"]".repeat(100_000)}`).kind).toBe("unacceptable");
});
