import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Db } from "../db/pool.ts";
import { type Asking, stockAt } from "../ledger/past-stock.ts";
import { knownSkus } from "../ledger/queries.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { shownAt } from "../sync/shown-at.ts";
import { skuInPath } from "./inventory.ts";
import { getPastInventory, queryPastInventory } from "./past-routes.ts";
import type { PastInventoryOut } from "./past-schemas.ts";

type LevelOut = PastInventoryOut["levels"][number];
type Figure = "onHand" | "reserved" | "incoming" | "available";

/** What the ledger and the channels said of these SKUs at a moment. `location`: only levels and reservations there. */
export const pastInventory = async (
  db: Db,
  skus: readonly string[],
  asked: Asking & { readonly location: string | undefined },
): Promise<{ readonly inventory: readonly PastInventoryOut[]; readonly unknown: readonly string[] }> => {
  const known = await knownSkus(db, skus);
  const { levels, reservations } = await stockAt(db, skus, asked);
  const shown = await shownAt(db, skus, asked.time);
  const isAsked = (one: { readonly locationId: string }): boolean =>
    asked.location === undefined || one.locationId === asked.location;
  const inventory = skus
    .filter((sku) => known.has(sku))
    .map((sku): PastInventoryOut => {
      const own = levels
        .filter((one) => one.sku === sku && isAsked(one))
        .map(({ locationId, onHand, reserved, incoming, version, outOfTime }): LevelOut => {
          const available = onHand - reserved;
          return { location: locationId, onHand, reserved, incoming, available, version, outOfTime };
        });
      const sum = (figure: Figure): number => own.reduce((total, level) => total + level[figure], 0);
      return {
        sku,
        levels: own,
        totals: {
          onHand: sum("onHand"),
          reserved: sum("reserved"),
          incoming: sum("incoming"),
          available: sum("available"),
        },
        reservations: reservations
          .filter((one) => one.sku === sku && isAsked(one))
          .map(({ reservationId, locationId, units }) => ({ reservation: reservationId, location: locationId, units })),
        listings: shown
          .filter((one) => one.sku === sku)
          .map(({ accountId, channel, ref, channelSku, unitsEach, linkedAt, units, observedAt, readHow }) => ({
            account: accountId,
            channel,
            ref,
            channelSku,
            unitsEach,
            linkedAt,
            shown: observedAt === null || readHow === null ? null : { units, observedAt, readHow },
          })),
      };
    });
  return { inventory, unknown: skus.filter((sku) => !known.has(sku)) };
};

const clockOf = (asKnown: boolean): "as-it-was" | "as-known" => (asKnown ? "as-known" : "as-it-was");

export const mountPastInventory = (app: OpenAPIHono<WebEnv>, deps: { readonly db: Db }): void => {
  app.openapi(getPastInventory, async (c) => {
    const sku = skuInPath(c.req.url, -2);
    const { time, as_known, location } = c.req.valid("query");
    const asKnown = as_known === "true";
    const [found] = (await pastInventory(deps.db, [sku], { time, asKnown, location })).inventory;
    if (found === undefined)
      throw new ProblemError("unknown-sku", { detail: `There is no SKU ${JSON.stringify(sku)} in the ledger.` });
    return c.json({ time, clock: clockOf(asKnown), ...found }, 200);
  });

  app.openapi(queryPastInventory, async (c) => {
    const { skus, time, asKnown = false, location } = c.req.valid("json");
    const { inventory, unknown } = await pastInventory(deps.db, [...new Set(skus)], { time, asKnown, location });
    return c.json({ time, clock: clockOf(asKnown), inventory: [...inventory], unknown: [...unknown] }, 200);
  });
};
