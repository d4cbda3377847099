import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Difference, mergeDifferences } from "../../../src/sync/audit-merge.ts";
import { Spool } from "../../../src/sync/audit-spool.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Rows = ReadonlyMap<string, number>;

/** As COPY … ORDER BY collate "C" gives it. */
const copied = (rows: Rows): Buffer =>
  Buffer.concat(
    [...rows]
      .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, units]) => {
        const escaped = key.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
        return Buffer.from(`${escaped}\t${units}\n`);
      }),
  );

// biome-ignore lint/suspicious/useAwait: chunks as a stream gives them
async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const spooled = async (rows: Iterable<readonly [string, number]>) => {
  const spool = await Spool.make(folder);
  for (const [key, units] of rows) {
    const full = spool.add(key, units);
    if (full !== undefined) await full;
  }
  return { spool, sorted: await spool.finish() };
};

const differencesOf = async (ours: AsyncIterable<Buffer>, theirs: AsyncIterable<Buffer>) => {
  const found: Difference[] = [];
  for await (const difference of mergeDifferences(ours, theirs)) found.push(difference);
  return found;
};

/** The same by two maps. */
const expectedDifferences = (ours: Rows, theirs: Rows): readonly string[] =>
  [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((key) => {
    const [a, b] = [ours.get(key), theirs.get(key)];
    if (a === b) return [];
    return [`${key} ${a} ${b}`];
  });
const told = (difference: Difference): string => {
  if (difference.kind === "differs") return `${difference.key} ${difference.ours} ${difference.theirs}`;
  return difference.kind === "only-ours" ? `${difference.key} ours` : `${difference.key} theirs`;
};

const name = fc.oneof(
  fc.stringMatching(/^[A-C]{1,3}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
  fc.constantFrom("A\\B", "A\\\\", "ÄÖ", "\u{1F4E6}", "\uffee", "A B"),
);
const comparable = name.filter((key) => key.isWellFormed() && Array.from(key).every((char) => char >= " "));
const rowsOf = fc.uniqueArray(fc.tuple(comparable, fc.integer({ min: 0, max: 30 })), {
  selector: ([key]) => key,
  maxLength: 60,
});

test("the merge finds what two maps find, whatever the names, the order of arrival and the chunks", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOf, rowsOf, fc.integer({ min: 1, max: 40 }), async (ourRows, theirRows, size) => {
      const ours = new Map(ourRows);
      // Most listings agree.
      const theirs = new Map([...ourRows.slice(3), ...theirRows]);
      const { spool, sorted } = await spooled(theirs);
      const found = await differencesOf(inChunks(copied(ours), size), sorted.lines());
      await spool.dispose();
      const wanted = expectedDifferences(ours, theirs).map((line) =>
        line.endsWith(" undefined")
          ? line.replace(/ \d+ undefined$/, " ours")
          : line.replace(/ undefined \d+$/, " theirs"),
      );
      expect(found.map(told).toSorted()).toEqual(wanted.toSorted());
    }),
    { numRuns: 300 },
  );
});

test("more than one run is sorted as one, and a name told twice counts once", async () => {
  const rows = Array.from({ length: 120_000 }, (_, index) => [`SKU-${(index * 7919) % 120_000}`, index % 50] as const);
  const { spool, sorted } = await spooled([...rows, ["SKU-17", 3]]);
  expect(sorted.rows).toBe(120_000);
  const ours = new Map(rows);
  ours.set("SKU-5", 99);
  ours.delete("SKU-6");
  ours.set("SKU-120000", 1);
  const found = (await differencesOf(inChunks(copied(ours), 65_536), sorted.lines())).filter(
    ({ key }) => key !== "SKU-17",
  );
  expect(found.map(told)).toEqual(["SKU-120000 ours", `SKU-5 99 ${new Map(rows).get("SKU-5")}`, "SKU-6 theirs"]);
  await spool.dispose();
  expect(readdirSync(folder)).toEqual([]);
});

test("a name with a control character is left out on both sides and disturbs no neighbour", async () => {
  const { spool, sorted } = await spooled([
    ["A!", 1],
    ["A\tB", 2],
    ["A}", 3],
  ]);
  expect(sorted).toMatchObject({ rows: 2, skipped: 1 });
  const ours = new Map([
    ["A!", 1],
    ["A\tB", 9],
    ["A}", 4],
  ]);
  const found = await differencesOf(inChunks(copied(ours), 7), sorted.lines());
  expect(found.map(told)).toEqual(["A} 4 3"]);
  await spool.dispose();
});

test("a stream that breaks off within a line is an error, not the end of the listings", async () => {
  const cut = inChunks(Buffer.from("A\t1\nB\t"), 4);
  await expect(differencesOf(cut, inChunks(Buffer.from("A\t1\n"), 9))).rejects.toThrow("within a line");
});
