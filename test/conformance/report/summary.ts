import type { TestModule } from "vitest/node";
import { z } from "zod";

const Meta = z.object({
  channel: z.string().optional(),
  law: z.string().optional(),
  fault: z.string().optional(),
  notes: z.array(z.string()).optional(),
  counts: z.record(z.string(), z.record(z.string(), z.number())).optional(),
  operations: z.record(z.string(), z.record(z.string(), z.number())).optional(),
});

type Cell = "held" | "broken" | "not run";

export type ChannelSummary = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Requests that the official contract was held against, each of them valid, or a test has failed. */
  readonly contractValidatedRequests: number;
  /** Requests of the laws by the contract's own name of the operation. */
  readonly operations: Readonly<Record<string, number>>;
  readonly sandboxPairs: number;
  readonly recordedAnswers: number;
  readonly vectors: number;
  /** Law → fault → what became of it. A fault that the channel cannot have is not named. */
  readonly laws: Readonly<Record<string, Readonly<Record<string, Cell>>>>;
  readonly lawsHeld: number;
  readonly lawsBroken: number;
  readonly failures: readonly string[];
  /** What is not held here, each with its reason. */
  readonly notes: readonly string[];
  /** Everything that was counted, by its own name. */
  readonly counts: Readonly<Record<string, number>>;
};

export type Summary = {
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly channels: Readonly<Record<string, ChannelSummary>>;
};

const categories = {
  contractValidatedRequests: /request/,
  sandboxPairs: /sandbox pair/,
  recordedAnswers: /recorded/,
  vectors: /vector|ids beyond/,
} as const;

const sumOf = (counts: Readonly<Record<string, number>>, name: RegExp): number =>
  Object.entries(counts).reduce((sum, [what, count]) => sum + (name.test(what) ? count : 0), 0);

const channelOf = (module: TestModule): string => /conformance\/([a-z]+)\//.exec(module.moduleId)?.[1] ?? "all";

const added = (
  into: Record<string, number>,
  more: Readonly<Record<string, number>> | undefined,
): Record<string, number> => {
  for (const [what, count] of Object.entries(more ?? {})) into[what] = (into[what] ?? 0) + count;
  return into;
};

const summaryOf = (channel: string, modules: readonly TestModule[]): ChannelSummary => {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const stateOf = (state: string): number => tests.filter((test) => test.result().state === state).length;
  // A file that could not be read, or whose hooks failed, has no test that says so.
  const brokenFiles = modules.filter(
    (module) => module.state() === "failed" && [...module.children.allTests()].every((test) => test.ok()),
  );
  const counts: Record<string, number> = {};
  const operations: Record<string, number> = {};
  for (const module of modules) {
    const meta = Meta.parse(module.meta());
    added(counts, meta.counts?.[channel]);
    added(operations, meta.operations?.[channel]);
  }
  const laws: Record<string, Record<string, Cell>> = {};
  for (const test of tests) {
    const { law, fault } = Meta.parse(test.meta());
    if (law === undefined || fault === undefined) continue;
    const { state } = test.result();
    laws[law] = { ...laws[law], [fault]: state === "passed" ? "held" : state === "failed" ? "broken" : "not run" };
  }
  const cells = Object.values(laws).flatMap((row) => Object.values(row));
  return {
    passed: stateOf("passed"),
    failed: stateOf("failed") + brokenFiles.length,
    skipped: stateOf("skipped"),
    contractValidatedRequests: sumOf(counts, categories.contractValidatedRequests),
    operations,
    sandboxPairs: sumOf(counts, categories.sandboxPairs),
    recordedAnswers: sumOf(counts, categories.recordedAnswers),
    vectors: sumOf(counts, categories.vectors),
    laws,
    lawsHeld: cells.filter((cell) => cell === "held").length,
    lawsBroken: cells.filter((cell) => cell === "broken").length,
    failures: [
      ...tests.filter((test) => test.result().state === "failed").map((test) => test.fullName),
      ...brokenFiles.map((module) => `${module.relativeModuleId} as a whole`),
    ],
    notes: tests.flatMap((test) => Meta.parse(test.meta()).notes ?? []),
    counts,
  };
};

export const summarise = (modules: readonly TestModule[]): Summary => {
  const names = [...new Set(modules.map(channelOf))].toSorted();
  const channels = Object.fromEntries(
    names.map((name) => [
      name,
      summaryOf(
        name,
        modules.filter((module) => channelOf(module) === name),
      ),
    ]),
  );
  const sum = (of: (channel: ChannelSummary) => number): number =>
    Object.values(channels).reduce((total, channel) => total + of(channel), 0);
  const [passed, failed, skipped] = [sum((c) => c.passed), sum((c) => c.failed), sum((c) => c.skipped)];
  // A suite that found nothing to run has shown nothing.
  return { ok: failed === 0 && passed > 0, passed, failed, skipped, channels };
};
