import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { LocationId, Sku } from "../core/ids.ts";
import { knownSkus, levelsAt, levelsOf } from "../ledger/queries.ts";
import { linksOfChannelStock } from "../mapping/channel-stock.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { noteTry, readCursor, saveCursor } from "../sync/cursors.ts";
import { channelCounts } from "./channel-counts.ts";
import type { JobDeps } from "./deps.ts";

export const channelStockStream = "channel-stock";
export const channelStockEveryMs = 30 * 60_000;
const freshMs = 30_000;

/**
 * Counts what lies with the channel into a location of its own, which no account sells from: people see it beside their
 * own stock, and nothing is ever pushed from it. A SKU that the channel does not name any more is counted as 0, for the
 * channel tells all of it or fails. The key names the level's version: a repeated run counts once.
 */
export const readChannelStock = defineJob({
  name: "read-channel-stock",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 2,
  async run({ payload: { accountId }, signal, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const stock = deps.connectorFor(accountId)?.channelStock;
    const locationId = deps.planFor(accountId)?.channelStockLocationId;
    if (stock === undefined || locationId === undefined) return undefined;
    const startedMs = deps.clock.now();
    const before = await readCursor(deps.db, accountId, channelStockStream);
    if (before.watermark !== null && startedMs - Date.parse(before.watermark) < freshMs) return undefined;
    const now = toIso(startedMs);
    await noteTry(deps.db, accountId, channelStockStream, now);
    const rows = await stock.read({ accountId, signal });
    progress();
    const channelSkus = rows.map(({ channelSku }) => channelSku);
    const { units, unknown } = channelCounts(
      rows,
      await linksOfChannelStock(deps.db, accountId, channelSkus),
      await knownSkus(deps.db, channelSkus),
    );
    const levels = new Map(
      [...(await levelsAt(deps.db, locationId)), ...(await levelsOf(deps.db, [...units.keys()]))]
        .filter((level) => level.locationId === locationId)
        .map((level) => [level.sku, level]),
    );
    const wanted = new Map([...[...levels.keys()].map((sku) => [sku, 0] as const), ...units]);
    const moved = [...wanted].filter(([sku, counted]) => counted !== (levels.get(sku)?.onHand ?? 0));
    await Promise.all(
      moved.map(([sku, counted]) =>
        deps.ledger.submit({
          kind: "count",
          key: `channel-stock:${accountId}:${locationId}:${levels.get(sku)?.version ?? 0}:${sku}`,
          sku: Sku.parse(sku),
          locationId: LocationId.parse(locationId),
          units: counted,
          reason: "as the channel tells",
          actor: `channel-stock:${accountId}`,
          occurredAt: now,
        }),
      ),
    );
    await saveCursor(deps.db, { accountId, stream: channelStockStream, cursor: null, watermark: now, now });
    deps.log.info(
      { accountId, skus: units.size, counted: moved.length, unknown: unknown.length },
      "stock that lies with the channel counted",
    );
    return undefined;
  },
});
