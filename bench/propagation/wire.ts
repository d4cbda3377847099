import { fileURLToPath } from "node:url";
import { percentile, spreadOf } from "../figures.ts";
import { runRounds } from "../harness.ts";
import { startServers } from "../servers.ts";
import type { AnchorAsked, AnchorTold } from "./anchor-child.ts";
import { brokenBooks } from "./books.ts";
import { forkAsked } from "./child.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { atMost, type CaseReport, roundNotes } from "./goals.ts";
import { onInterrupt } from "./interrupt.ts";
import { untilLinked, untilQuiet } from "./quiet.ts";
import { locationGid, skuOf } from "./shop.ts";
import { type Asked, domains, type SaleReport, type Told } from "./shops-child.ts";
import { stagesSince } from "./stages.ts";

const secret = "bench-client-secret";
const skus = 5_000;
const units = 1_000;
const perSecond = 500;
const account = { seller: "seller", other: "other" } as const;
const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export type Given = {
  readonly rounds: number;
  readonly seconds: number;
  readonly commands: readonly string[];
  readonly tell: (line: string) => void;
};

const accountAt = (url: string, which: keyof typeof domains): object => ({
  id: account[which],
  channel: "shopify",
  mode: "live",
  shop: domains[which],
  credentials: { access_token: "shpat_bench", client_secret: secret },
  location_gid: locationGid,
  endpoints: { api: `${url}/${which}` },
  // Tokens are available: what is measured is the way, not the wait.
  quotas: { graphql: { rate_per_second: 10_000, burst: 1_000_000 } },
  // Thin shops list no orders: what their webhooks told stays as it was told.
  poll: { orders_seconds: 3_600 },
});

const ask = async <Kind extends Told["kind"]>(
  shops: { ask(asked: Asked): Promise<Told> },
  asked: Asked,
  kind: Kind,
): Promise<Extract<Told, { kind: Kind }>> => {
  const told = await shops.ask(asked);
  if (told.kind !== kind) throw new Error(`the shops told ${told.kind}, not ${kind}`);
  return told as Extract<Told, { kind: Kind }>;
};

type Round = { readonly sale: SaleReport; readonly activeMs: readonly number[]; readonly stages: unknown };

const figuresOf = ({ sale, activeMs, stages }: Round) => ({
  orders: sale.sold,
  p50Ms: percentile(sale.wireMs, 0.5),
  p99Ms: percentile(sale.wireMs, 0.99),
  maxMs: Math.max(...sale.wireMs),
  ackP50Ms: percentile(sale.ackMs, 0.5),
  ackP99Ms: percentile(sale.ackMs, 0.99),
  activeP50Ms: percentile(activeMs, 0.5),
  activeP99Ms: percentile(activeMs, 0.99),
  missing: sale.missing,
  refused: sale.refused,
  calls: sale.calls,
  stages,
});

const toldBooks = async (daemon: Daemon, shops: { ask(asked: Asked): Promise<Told> }): Promise<readonly string[]> => {
  const { shown, left } = await ask(shops, { kind: "books" }, "books");
  const mapOf = (heard: readonly { sku: string; units: number }[]) => new Map(heard.map((one) => [one.sku, one.units]));
  const shownBy = Object.fromEntries(Object.entries(shown).map(([shop, heard]) => [shop, mapOf(heard)]));
  return brokenBooks(daemon, mapOf(left), shownBy);
};

/** Order webhook → push request on the wire to another shop, tokens available, at 500 orders a second. */
export const benchWire = async ({ rounds: wanted, seconds, commands, tell }: Given): Promise<CaseReport> => {
  const servers = await startServers();
  const shops = forkAsked<Asked, Told>(at("shops-child.ts"));
  const anchor = forkAsked<AnchorAsked, AnchorTold>(at("anchor-child.ts"));
  let daemon: Daemon | undefined;
  const stop = async (): Promise<void> => {
    forget();
    await daemon?.stop();
    shops.stop();
    anchor.stop();
    await servers.stop();
  };
  const forget = onInterrupt(stop);
  try {
    const { postgresUrl, redisUrl } = servers;
    if (redisUrl === undefined) throw new Error(`no Redis: ${servers.redis}`);
    const { url } = await ask(shops, { kind: "open", skus, units, secret }, "opened");
    const running = await startDaemon(servers, {
      accounts: [accountAt(url, "seller"), accountAt(url, "other")],
      guards: { max_lowered_percent: 100 },
      commands,
    });
    daemon = running;
    await running.receive(new Map(Array.from({ length: skus }, (_, item) => [skuOf(item), units])));
    tell("wire: importing");
    await untilLinked(running, 2 * skus, 120_000);
    await untilQuiet(running, 120_000);
    // As autovacuum does within a minute: without statistics Postgres plans by guess.
    const { origin, runtime } = running;
    await runtime.db.pool.query("analyze");
    const path = `/webhooks/shopify/${account.seller}`;
    // The first second warms up: plans, connections and code.
    await ask(shops, { kind: "sell", origin, path, perSecond, seconds: 1 }, "sold");
    await untilQuiet(running, 60_000);
    const measured = await runRounds(wanted, async (probe): Promise<Round> => {
      probe();
      const { activeMs } = await anchor.ask({ postgresUrl, redisUrl, perSecond, seconds });
      probe();
      const { report: sale } = await ask(shops, { kind: "sell", origin, path, perSecond, seconds }, "sold");
      await untilQuiet(running, 60_000);
      const stages = await stagesSince(runtime.db, {
        seller: account.seller,
        other: account.other,
        sinceMs: sale.startedMs,
      });
      const round = { sale, activeMs, stages };
      const { p50Ms, p99Ms, activeP50Ms, activeP99Ms, missing } = figuresOf(round);
      const active = `commit → active ${activeP50Ms.toFixed(2)}, ${activeP99Ms.toFixed(2)}`;
      tell(`wire: p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} ms; ${active}; ${missing} missing`);
      return round;
    });
    const all = measured.rounds.map(({ result }) => figuresOf(result));
    const of = (value: (one: (typeof all)[number]) => number) => spreadOf(all.map(value));
    const broken = await toldBooks(running, shops);
    return {
      case: "wire",
      goals: [
        atMost(
          "webhook → push on the wire, p50 ms",
          10,
          of((one) => one.p50Ms),
        ),
        atMost(
          "webhook → push on the wire, p99 ms",
          50,
          of((one) => one.p99Ms),
        ),
        atMost(
          "p50 in times of commit → job active",
          3,
          of((one) => one.p50Ms / one.activeP50Ms),
        ),
        atMost(
          "p99 in times of commit → job active",
          3,
          of((one) => one.p99Ms / one.activeP99Ms),
        ),
      ],
      brokenBooks: [
        ...broken,
        ...all.flatMap(({ missing }) => (missing > 0 ? [`${missing} orders never reached the other shop`] : [])),
      ],
      figures: all,
      notes: roundNotes(measured),
    };
  } finally {
    await stop();
  }
};
