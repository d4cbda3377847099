import { parseArgs } from "node:util";
import type { Reporter, TestModule } from "vitest/node";
import { startVitest } from "vitest/node";
import { type Summary, summarise } from "./report/summary.ts";
import { textOf } from "./report/text.ts";

/**
 * `npm run conformance -- [--json] [--channel NAME]…`: runs the conformance project and tells, per channel, what was held
 * against the official contracts and which law holds against which fault. Exit code 1 when anything failed.
 */
const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, channel: { type: "string", multiple: true, default: [] } },
});

class Collector implements Reporter {
  summary: Summary = summarise([]);
  onTestRunEnd(modules: readonly TestModule[]): void {
    this.summary = summarise(modules);
  }
}

const collector = new Collector();
const filters = values.channel.map((name) => `test/conformance/${name}/`);
const vitest = await startVitest("test", filters, {
  project: ["conformance"],
  watch: false,
  reporters: [collector],
  silent: true,
});
await vitest.close();
const { summary } = collector;
process.stdout.write(values.json ? `${JSON.stringify(summary)}\n` : `${textOf(summary)}\n`);
process.exitCode = summary.ok ? 0 : 1;
