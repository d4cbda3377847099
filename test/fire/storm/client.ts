import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { systemClock } from "../../../src/core/clock.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { openDb } from "../../../src/db/pool.ts";
import { laneLimits } from "../../../src/ledger/lane.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { clientName, type Note, type Order, reserveOf } from "./wire.ts";

// A client process that may be killed at any moment: `client.ts URL NOTES`. An answer counts once it is in the notes.
const [url = "", notes = ""] = process.argv.slice(2);
const db = openDb({ url, connectionsMax: 5, applicationName: clientName, onIdleError: () => undefined });
const note = (line: Note): void => appendFileSync(notes, `${JSON.stringify(line)}\n`);

const storm = async ({ round, from, count, batchMax }: Order): Promise<void> => {
  const deps = { db, clock: systemClock, random: systemRandom, afterCommit: () => undefined };
  const ledger = createLedger(deps, { ...laneLimits, batchMax });
  const ask = async (index: number): Promise<void> => {
    const command = reserveOf(round, index);
    const answer = await ledger.submitText(command).catch(() => null);
    note({ key: command.key, answer });
  };
  await Promise.all(Array.from({ length: count }, (_, index) => ask(from + index)));
};

// A connection before the first round: what is measured is the storm, not the first handshake.
await db.pool.query("select 1");
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  await storm(JSON.parse(line) as Order);
  process.stdout.write("done\n");
}
await db.close();
