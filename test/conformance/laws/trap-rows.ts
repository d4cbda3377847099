import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { countOf } from "../count.ts";

const root = new URL("../../../", import.meta.url).pathname;

/** The numbered rows of the channel document's section on traps, whether it is a table or a list. */
const rowsOf = (channel: string): readonly number[] => {
  const text = readFileSync(join(root, `docs/channels/${channel}.md`), "utf8");
  const section = /^## \d+\. Traps [^\n]*\n(.*?)(?=^## |$(?![^]))/ms.exec(text)?.[1] ?? "";
  return [...section.matchAll(/^(?:\| )?(\d+)(?: \||\. )/gm)].map(([, row]) => Number(row));
};

/** The rows that tests are named after: "amazon trap 3: …", "amazon traps 8, 9 and 10: …". */
const testedRows = (channel: string): ReadonlySet<number> => {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" });
  const named = new RegExp(`"${channel} traps? ([0-9, and]+):? `, "g");
  return new Set(
    files
      .filter((file) => file.endsWith(".test.ts"))
      .flatMap((file) => [...readFileSync(join(root, "test", file), "utf8").matchAll(named)])
      .flatMap(([, rows = ""]) => (rows.match(/\d+/g) ?? []).map(Number)),
  );
};

/** Why a row is not the connector's, and whose test keeps it: a file and the name of a test in it. */
export type Elsewhere = { readonly reason: string; readonly keptBy: readonly [file: string, test: string] };

/** Every row of the document's traps has a test named after it, or is kept elsewhere for a reason that is printed. */
export const holdTrapRows = (channel: string, elsewhere: Readonly<Record<number, Elsewhere>> = {}): void => {
  const count = countOf(channel);
  test(`${channel}: every trap of the channel document has a test named after it, or a reason and another room's test`, ({
    task,
  }) => {
    const rows = rowsOf(channel);
    // 1, 2, 3, …: a row that was not recognised would go unnoticed.
    expect(rows.length).toBeGreaterThan(10);
    expect(rows).toEqual(rows.map((_, index) => index + 1));
    const tested = testedRows(channel);
    const excused = Object.keys(elsewhere).map(Number);
    expect(rows.filter((row) => !tested.has(row) && !excused.includes(row))).toEqual([]);
    // Neither an excuse for what has a test, nor a test or an excuse for what is not in the document.
    expect(excused.filter((row) => tested.has(row))).toEqual([]);
    expect([...tested, ...excused].filter((row) => !rows.includes(row))).toEqual([]);
    for (const { keptBy } of Object.values(elsewhere))
      expect(readFileSync(join(root, keptBy[0]), "utf8")).toContain(`test("${keptBy[1]}`);
    count("trap rows with a test", rows.length - excused.length);
    const notes = Object.entries(elsewhere).map(
      ([row, { reason, keptBy }]) => `trap ${row} has no test here: ${reason} (${keptBy[0]}, "${keptBy[1]}")`,
    );
    Object.assign(task.meta, { notes });
    console.info(
      [`${channel}: ${rows.length - excused.length} of ${rows.length} traps have a test`, ...notes].join("\n"),
    );
  });
};
