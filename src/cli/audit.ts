import type { Command } from "commander";
import type { Runtime } from "../compose.ts";
import { toIso } from "../core/clock.ts";
import { auditFully, type FullAuditReport } from "../jobs/audit-fully.ts";
import { auditListings } from "../jobs/audit-readings.ts";
import { judgeDrifts } from "../jobs/judge-drifts.ts";
import { listAccounts } from "../sync/accounts.ts";
import { longestUnread } from "../sync/drift-find.ts";
import { ExitError, type GlobalOptions, say, untilSignalled, withRuntime } from "./context.ts";

type Counted = { readonly accountId: string; readonly read: number; readonly drifts: number };

/** Every listing of the account live, a call at a time, the longest unread first. */
const readAll = async (
  { jobDeps, db }: Runtime,
  accountId: string,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Counted> => {
  const [connector, plan] = [jobDeps.connectorFor(accountId), jobDeps.planFor(accountId)];
  const counted = { accountId, read: 0, drifts: 0 };
  if (connector === undefined || plan === undefined) return counted;
  const startedAt = toIso(jobDeps.clock.now());
  const asked = new Set<number>();
  while (!signal.aborted) {
    const { readBatchMax } = connector.limits;
    const ids = (await longestUnread(db, accountId, startedAt, readBatchMax + asked.size)).filter(
      (id) => !asked.has(id),
    );
    const listingIds = ids.slice(0, readBatchMax);
    if (listingIds.length === 0) break;
    const { read, drifts } = await auditListings(jobDeps, connector, plan, { listingIds, foundHow: "rolling", signal });
    counted.read += read;
    counted.drifts += drifts;
    // What the channel did not tell stays unread: it is not asked for ever.
    if (read < listingIds.length) for (const id of listingIds) asked.add(id);
    tell(`${accountId}: ${counted.read} listings read`);
  }
  return counted;
};

const fullText = (one: FullAuditReport): string =>
  `${one.accountId}: ${one.told} listings told through the ${one.door} door, ${one.expected} expected; ` +
  `${one.differing} differ, ${one.missing} missing, ${one.unknown} not ours; ${one.drifts} new drifts`;

/** An audit by hand. What is found waits to be judged like everything the rolling audit finds. */
export const auditCommand = (program: Command): void => {
  program
    .command("audit")
    .description("read what channels show and compare; read-only towards the channel")
    .option("--account <id>", "only this account")
    .option("--full", "through the channel's bulk door, everything at once")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async (runtime) => {
        const options = command.optsWithGlobals<GlobalOptions & { account?: string; full?: boolean }>();
        const { jobDeps, db } = runtime;
        const signal = untilSignalled();
        const tell = (line: string): void => {
          process.stderr.write(`${line}\n`);
        };
        const accounts = (await listAccounts(db)).filter(
          ({ id }) => jobDeps.connectorFor(id) !== undefined && (options.account ?? id) === id,
        );
        if (options.account !== undefined && accounts.length === 0)
          throw new ExitError(1, `there is no account "${options.account}" in the settings`);
        const reports: (FullAuditReport | Counted)[] = [];
        const lines: string[] = [];
        for (const { id } of accounts) {
          if (options.full === true) {
            const report = await auditFully(jobDeps, id, signal, ({ step, listings }) =>
              tell(`${id}: ${step}, ${listings} listings`),
            );
            if (report === undefined) continue;
            reports.push(report);
            lines.push(fullText(report));
          } else {
            const counted = await readAll(runtime, id, signal, tell);
            reports.push(counted);
            lines.push(`${id}: ${counted.read} listings read, ${counted.drifts} new drifts`);
          }
          const [connector, plan] = [jobDeps.connectorFor(id), jobDeps.planFor(id)];
          if (connector !== undefined && plan !== undefined) await judgeDrifts(jobDeps, connector, plan, signal);
        }
        say(options, { accounts: reports }, lines.join("\n") || "there are no accounts");
      }),
    );
};
