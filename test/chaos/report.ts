import type { Result } from "../../src/demo/result.ts";
import type { Books } from "./books.ts";
import type { OwnEnd } from "./daemons.ts";
import { type FaultRecord, type RecoveryFigures, recoveryByType } from "./recovery.ts";

export type ChaosReport = {
  readonly ok: boolean;
  readonly minutes: number;
  readonly seed: number;
  readonly seconds: number;
  /** By type, of those that struck alone. */
  readonly faults: Readonly<Record<string, RecoveryFigures>>;
  readonly overlapping: RecoveryFigures;
  readonly all: RecoveryFigures;
  readonly orders: number;
  readonly lines: number;
  readonly units: number;
  /** Stock commands through the HTTP API by kind, and requests that had to be sent again under their keys. */
  readonly commands: Readonly<Record<string, number>>;
  readonly repeats: number;
  readonly lost: number;
  readonly invented: number;
  readonly doubled: number;
  readonly oversoldByUs: number;
  readonly oversoldByRace: number;
  /** Listings that do not show what they should, after healing. */
  readonly differences: number;
  readonly quietAfterSeconds: number;
  /** Violations by invariant (`lockstep ledger check`); null: it could not be checked. */
  readonly invariants: Readonly<Record<string, number | null>>;
  /** Processes that ended by themselves after they had been up. */
  readonly ownEnds: readonly OwnEnd[];
  readonly records: readonly FaultRecord[];
  /** Why it is not ok, in sentences; empty when it is. */
  readonly complaints: readonly string[];
};

export type ReportInput = {
  readonly options: { readonly minutes: number; readonly seed: number; readonly recoveryMsMax: number };
  readonly records: readonly FaultRecord[];
  readonly result: Result;
  readonly checks: readonly { readonly name: string; readonly violations: number | null }[];
  readonly errors: readonly string[];
  readonly ownEnds: readonly OwnEnd[];
  readonly books: Pick<Books, "commands">;
  readonly repeats: number;
};

/** Everything that was seen, and what is wrong with it. A run without a single fault proves nothing, and is wrong. Pure. */
export const reportOf = (input: ReportInput): ChaosReport => {
  const { options, records, result, checks, errors, ownEnds } = input;
  const complaints = [
    ...(records.length === 0 ? ["no fault struck: the run was too short"] : []),
    ...records
      .filter(({ recoveredMs }) => recoveredMs === null)
      .map(
        ({ type, what, waitedFor }) =>
          `${type} (${what}): not recovered within ${options.recoveryMsMax / 1_000} s: ${waitedFor.slice(0, 5).join(", ")}`,
      ),
    ...result.complaints,
    ...checks
      .filter(({ violations }) => violations !== 0)
      .map(({ name, violations }) => `invariant ${name}: ${violations ?? "could not be checked"}`),
    ...ownEnds.map(({ name, code, signal }) => `${name} ended by itself (code ${code}, signal ${signal})`),
    ...errors,
  ];
  const { orders, lines, units, lost, invented, doubled, oversoldByUs, oversoldByRace, quietAfterSeconds } = result;
  return {
    ok: complaints.length === 0,
    minutes: options.minutes,
    seed: options.seed,
    seconds: result.seconds,
    ...recoveryByType(records),
    orders,
    lines,
    units,
    commands: Object.fromEntries(input.books.commands),
    repeats: input.repeats,
    lost,
    invented,
    doubled,
    oversoldByUs,
    oversoldByRace,
    differences: Object.values(result.channels).reduce((sum, { differences }) => sum + differences, 0),
    quietAfterSeconds,
    invariants: Object.fromEntries(checks.map(({ name, violations }) => [name, violations])),
    ownEnds,
    records,
    complaints,
  };
};

const seconds = (ms: number | null): string => (ms === null ? "–" : (ms / 1_000).toFixed(1)).padStart(7);

/** The report for people. */
export const reportLines = (report: ChaosReport): readonly string[] => {
  const row = (name: string, { count, unrecovered, recoveryMs: { p50, p99, max } }: RecoveryFigures): string =>
    `${name.padEnd(26)}${String(count).padStart(5)}${seconds(p50)}${seconds(p99)}${seconds(max)}${unrecovered === 0 ? "" : `  ${unrecovered} NOT RECOVERED`}`;
  const heading = `${"recovery in seconds".padEnd(26)}${"n".padStart(5)}${"p50".padStart(7)}${"p99".padStart(7)}${"max".padStart(7)}`;
  const commands = Object.values(report.commands).reduce((sum, count) => sum + count, 0);
  return [
    heading,
    ...Object.entries(report.faults).map(([type, figures]) => row(type, figures)),
    ...(report.overlapping.count === 0 ? [] : [row("two that overlapped", report.overlapping)]),
    row("all", report.all),
    "",
    `${report.ok ? "OK" : "NOT OK"}  ${report.orders} orders, ${report.lines} lines, ${report.units} units, ${commands} stock commands in ${report.seconds} s, seed ${report.seed}`,
    `    lost ${report.lost}   invented ${report.invented}   doubled ${report.doubled}   oversold by our writes ${report.oversoldByUs}   oversold in a race ${report.oversoldByRace}   listings that differ ${report.differences}`,
    ...report.complaints.map((complaint) => `    ! ${complaint}`),
  ];
};
