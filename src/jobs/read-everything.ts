import type { CallContext, Connector, ListingReport, ReportedListing } from "../connectors/connector.ts";
import { ChannelError } from "../core/failure.ts";
import { refsOfNames } from "../sync/audit-names.ts";
import type { JobDeps } from "./deps.ts";

export type ToldListing = { readonly ref: string; readonly units: number };

/** Which door a full audit takes: the channel's whole stock as a file, its listings report, or its listings page by page. */
export type BulkDoor = "everything" | "report" | "pages";

export const bulkDoorOf = (connector: Connector): BulkDoor => {
  if (connector.readEverything !== undefined) return "everything";
  return connector.listingReport === undefined ? "pages" : "report";
};

const progressEveryMs = 5_000;
const reportMsMax = 60 * 60_000;
const namesAtOnce = 1_000;

/** Every listing's quantity as the channel's largest door tells it, streamed. Listings without a number are left out. */
export async function* readAllListings(
  deps: JobDeps,
  connector: Connector,
  context: CallContext,
): AsyncGenerator<ToldListing> {
  if (connector.readEverything !== undefined) {
    for await (const { ref, units } of connector.readEverything(context)) if (units !== null) yield { ref, units };
  } else if (connector.listingReport !== undefined) {
    yield* reported(deps, connector.listingReport, context);
  } else {
    let cursor: string | null = null;
    for (let done = false; !done; ) {
      const page = await connector.importListings(cursor, context);
      for (const { ref, units } of page.items) if (units !== null) yield { ref, units };
      cursor = page.next;
      done = page.done;
    }
  }
}

async function* reported(deps: JobDeps, report: ListingReport, context: CallContext): AsyncGenerator<ToldListing> {
  const token = await report.request(context);
  const endsAt = deps.clock.monotonicMs() + reportMsMax;
  for (;;) {
    const state = await report.progress(token, context);
    if (state === "ready") break;
    if (state === "failed" || deps.clock.monotonicMs() > endsAt) {
      throw new ChannelError({ kind: "retryable", message: "the channel did not make its listings report" });
    }
    await deps.clock.sleep(progressEveryMs, context.signal);
  }
  let waiting: ReportedListing[] = [];
  for await (const row of report.rows(token, context)) {
    waiting.push(row);
    if (waiting.length < namesAtOnce) continue;
    yield* resolved(deps, context.accountId, waiting);
    waiting = [];
  }
  yield* resolved(deps, context.accountId, waiting);
}

/** A report names listings in the channel's words; the first name that we know counts. */
async function* resolved(
  deps: JobDeps,
  accountId: string,
  rows: readonly ReportedListing[],
): AsyncGenerator<ToldListing> {
  const refs = await refsOfNames(
    deps.db,
    accountId,
    rows.flatMap(({ listingRefs }) => listingRefs),
  );
  for (const { listingRefs, units } of rows) {
    const ref = listingRefs.map((name) => refs.get(name)).find((known) => known !== undefined);
    if (ref !== undefined) yield { ref, units };
  }
}
