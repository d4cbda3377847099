import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import type { FaultSource } from "../kit/faults.ts";
import type { Timers } from "../kit/timers.ts";
import { type Answer, failed, feedError } from "./answers.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import { type Listing, shownUnits } from "./listings.ts";
import type { Store } from "./store.ts";
import { zipOf } from "./zip.ts";

const base = "/sell/feed/v1/inventory_task";
/** Active-inventory reports in 24 hours (channel document §3). */
const tasksPerDay = 25;
const dayMs = 86_400_000;

const Asked = z.object({ feedType: z.string().optional(), schemaVersion: z.string().optional() });
type Task = { readonly taskId: string; readonly createdMs: number; file: Buffer | undefined };

/** Sell Feed: the active-inventory report. Tasks live as long as the process: losing one costs its asker a new one. */
export const feedHandlers = (deps: {
  readonly store: Store;
  readonly identifiers: Identifiers;
  readonly timers: Timers;
  readonly faults: FaultSource;
}): Readonly<Record<string, Handler>> => {
  const { store, timers, faults } = deps;
  const tasks = new Map<string, Task>();

  const create = ({ body, origin }: Call): Answer => {
    const { feedType, schemaVersion } = Asked.parse(body);
    if (feedType !== "LMS_ACTIVE_INVENTORY_REPORT")
      return failed(400, feedError(160017, "The 'feedType' is missing or invalid."));
    if (schemaVersion !== "1.0") return failed(400, feedError(160018, "The 'schemaVersion' is invalid."));
    const nowMs = store.now();
    if ([...tasks.values()].filter(({ createdMs }) => nowMs - createdMs < dayMs).length >= tasksPerDay)
      return failed(409, feedError(160025, "You have exceeded the maximum number of tasks in the period."));
    const taskId = `task-10-${deps.identifiers.digits(`task:${tasks.size}`, 10)}`;
    const task: Task = { taskId, createdMs: nowMs, file: undefined };
    tasks.set(taskId, task);
    timers.after(faults.delayMs("applyDelayMs"), () => {
      task.file = zipOf(`${taskId}.xml`, Buffer.from(report(store), "utf8"));
    });
    return { status: 202, headers: { Location: `${origin}${base}/${taskId}` } };
  };

  const withTask =
    (answer: (task: Task) => Answer) =>
    ({ path }: Call): Answer => {
      const task = tasks.get(path["task_id"] ?? "");
      return task === undefined ? failed(404, feedError(160003, "The task does not exist.")) : answer(task);
    };

  const get = withTask(({ taskId, createdMs, file }) => ({
    status: 200,
    body: {
      taskId,
      status: file === undefined ? "IN_PROCESS" : "COMPLETED",
      feedType: "LMS_ACTIVE_INVENTORY_REPORT",
      creationDate: toIso(createdMs),
      schemaVersion: "1.0",
    },
  }));

  const download = withTask(({ file }) =>
    file === undefined
      ? failed(404, feedError(160014, "No file found for the task."))
      : { status: 200, body: file, headers: { "content-type": "application/octet-stream" } },
  );

  return {
    createInventoryTask: { needs: "feeds", handle: create },
    getInventoryTask: { needs: "feeds", handle: get },
    getResultFile: { needs: "feeds", handle: download },
  };
};

const text = (value: string): string => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const row = (sku: string | null, units: number): string =>
  `${sku === null ? "" : `<SKU>${text(sku)}</SKU>`}<Price currencyID="USD">1.00</Price><Quantity>${units}</Quantity>`;

/** What is on sale of either lane. Quantity is what is available. */
const report = ({ world }: Store): string => {
  const byItem = new Map<string, string[]>();
  const units = (listing: Listing): number => Math.max(0, ...listing.offers.map((offer) => shownUnits(listing, offer)));
  for (const listing of [...world.listed, ...world.legacy].filter(({ state }) => state === "active")) {
    const { trading, sku } = listing;
    for (const { listingId } of listing.offers) {
      const own = row(trading === undefined ? sku : trading.channelSku, units(listing));
      const rows = byItem.get(listingId) ?? [];
      rows.push(trading?.variation ? `<Variation>${own}</Variation>` : own);
      byItem.set(listingId, rows);
    }
  }
  const details = [...byItem].map(([itemId, rows]) => {
    const isGroup = rows[0]?.startsWith("<Variation>") === true;
    const inner = isGroup ? `<Variations>${rows.join("")}</Variations>` : rows.join("");
    return `<SKUDetails>${inner}<ItemID>${itemId}</ItemID></SKUDetails>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<BulkDataExchangeResponses xmlns="urn:ebay:apis:eBLBaseComponents"><ActiveInventoryReport><Ack>Success</Ack>${details.join("\n")}</ActiveInventoryReport></BulkDataExchangeResponses>\n`;
};
