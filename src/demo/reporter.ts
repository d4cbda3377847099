import type { SimulatorUrls } from "./accounts.ts";
import type { Unrest } from "./quiet.ts";
import type { ReplayProgress } from "./replay.ts";
import type { Result } from "./result.ts";

export interface Reporter {
  started(where: {
    readonly webUrl: string;
    readonly simulators: SimulatorUrls;
    readonly lines: readonly string[];
  }): void;
  phase(name: string): void;
  importing(linked: number, expected: number): void;
  progress(state: ReplayProgress & { readonly stepsDone: number; readonly steps: number }): void;
  unrest(state: Unrest): void;
  finished(result: Result): void;
  keepUp(signal: AbortSignal): Promise<void>;
}

type Out = { write(text: string): void; readonly isTty: boolean };

const bar = (share: number): string => {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * 24);
  return `${"█".repeat(filled)}${"░".repeat(24 - filled)}`;
};

const verdictLines = (result: Result): readonly string[] => [
  "",
  `${result.ok ? "OK" : "NOT OK"}  ${result.orders} orders, ${result.lines} lines, ${result.units} units in ${result.seconds} s`,
  `    lost ${result.lost}   invented ${result.invented}   doubled ${result.doubled}   oversold by our writes ${result.oversoldByUs}   oversold in a race ${result.oversoldByRace}`,
  ...Object.entries(result.channels).map(
    ([channel, row]) =>
      `    ${channel.padEnd(8)} ${String(row.listings).padStart(5)} listings  ${String(row.differences).padStart(3)} differ  sale → shown p50 ${row.lagMs.p50 ?? "–"} ms, p99 ${row.lagMs.p99 ?? "–"} ms  ${row.writes} writes`,
  ),
  `    first order on the other channels after ${result.firstArrivalSeconds ?? "–"} s`,
  ...result.complaints.map((complaint) => `    ! ${complaint}`),
  "",
];

/** Live lines for a person; on a pipe only the milestones. `quiet` says nothing at all (--json). */
export const createReporter = (
  out: Out,
  options: { readonly quiet: boolean; readonly nowMs: () => number },
): Reporter => {
  let drawnMs = 0;
  let live = false;
  const say = (line: string): void => {
    if (options.quiet) return;
    out.write(`${live && out.isTty ? "\r\u001b[2K" : ""}${line}\n`);
    live = false;
  };
  const draw = (line: string): void => {
    if (options.quiet || !out.isTty || options.nowMs() - drawnMs < 100) return;
    drawnMs = options.nowMs();
    out.write(`\r\u001b[2K${line}`);
    live = true;
  };
  return {
    started: ({ webUrl, simulators, lines }) => {
      for (const line of lines) say(line);
      say(`console    ${webUrl}/console   queue board  ${webUrl}/board   metrics  ${webUrl}/metrics`);
      say(`simulators amazon ${simulators.amazon.url}  ebay ${simulators.ebay.url}  shopify ${simulators.shopify.url}`);
    },
    phase: (name) => say(name),
    importing: (linked, expected) => draw(`importing listings ${bar(linked / expected)} ${linked} of ${expected}`),
    progress: (state) =>
      draw(
        `orders ${bar(state.stepsDone / state.steps)} ${state.sales} sold, ${state.lines} lines, ${state.units} units, ${state.soldOutLines} lines sold out`,
      ),
    unrest: (state) =>
      draw(
        `under way: ${state.deliveries} deliveries, ${state.owed} listings owed, ${state.openPushes} pushes unread, ${state.atChannels} at the channels, ${state.behind} accounts behind`,
      ),
    finished: (result) => {
      for (const line of verdictLines(result)) say(line);
    },
    keepUp: (signal) => {
      say("staying up; stop with Ctrl-C");
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  };
};
