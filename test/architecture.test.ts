import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";

const src = resolve(import.meta.dirname, "../src");

/**
 * The house: each room and the rooms it may import from (its own is always allowed). Numbers in docs/architecture.md.
 * `rooms/*` narrows a rule to a file.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ["core", "connectors/settings.ts", "connectors/budget.ts"],
  embedded: ["core"],
  db: ["core"],
  "simulators/kit": ["core"],
  "simulators/amazon": ["core", "simulators/kit"],
  "simulators/ebay": ["core", "simulators/kit"],
  "simulators/shopify": ["core", "simulators/kit"],
  connectors: ["core"],
  "connectors/amazon": ["core", "connectors"],
  "connectors/ebay": ["core", "connectors"],
  "connectors/shopify": ["core", "connectors"],
  ledger: ["core", "db"],
  mapping: ["core", "db"],
  sync: ["core", "db"],
  access: ["core", "db"],
  queue: ["core"],
  jobs: ["core", "db", "ledger", "mapping", "sync", "queue", "connectors/connector.ts"],
  ops: ["core", "db", "access"],
  webhooks: ["core", "ops", "connectors/connector.ts", "sync/inbox.ts"],
  api: [
    "core",
    "db",
    "ledger",
    "mapping/links.ts",
    "access",
    "ops",
    "webhooks",
    "console",
    "connectors/connector.ts",
    "sync/inbox.ts",
    "sync/shown-at.ts",
    "sync/accounts.ts",
    "sync/plan-refusals.ts",
    "sync/plan-rows.ts",
    "sync/plan-groups.ts",
    "sync/plan-build.ts",
    "sync/plan-work.ts",
    "jobs/support.ts",
    "sync/read-drifts.ts",
    "sync/drift-cause.ts",
    "sync/oversell-evidence.ts",
  ],
  console: ["core", "db", "access", "ops", "jobs/support.ts"],
  compose: ["*"],
  "compose.ts": ["*"],
  demo: ["core", "db", "ledger", "sync", "config", "embedded", "ops", "compose.ts", "connectors/connector.ts"],
  cli: ["*"],
  "main.ts": ["*"],
};

/** Packages that are known in one room only. */
const confined: Readonly<Record<string, readonly string[]>> = {
  pg: ["db"],
  "node-pg-migrate": ["db"],
  bullmq: ["queue"],
  ioredis: ["queue"],
  axios: ["connectors"],
  "p-retry": ["connectors"],
  "@shopify/shopify-api": ["connectors"],
  "@aws-sdk/client-sqs": ["connectors"],
  hono: ["api", "webhooks", "console", "ops", "simulators", "access"],
  "prom-client": ["ops"],
  pino: ["ops"],
  commander: ["cli"],
  yaml: ["config"],
  "fast-xml-parser": ["connectors", "simulators"],
  graphql: ["simulators"],
  ajv: ["simulators"],
};

/** A room that nobody below it may know; a table's only writer is checked by the SQL test below. */
const writers: Readonly<Record<string, string>> = {
  movement: "ledger",
  stock_level: "ledger",
  order_line: "ledger",
  ledger_command: "ledger",
  oversell_incident: "ledger",
  outbox: "ledger",
  reservation: "ledger",
  reservation_line: "ledger",
  transfer: "ledger",
  location: "ledger",
  ledger_log: "ledger",
  ledger_log_epoch: "ledger",
  ledger_log_batch: "ledger",
  ledger_log_tile: "ledger",
  ledger_log_head: "ledger",
  ledger_log_rewind: "ledger",
  invariant_result: "ledger",
  listing: "mapping",
  listing_alias: "mapping",
  listing_link: "mapping",
  policy_version: "mapping",
  policy_in_force: "mapping",
  account: "sync",
  account_cursor: "sync",
  account_state: "sync",
  account_lease: "sync",
  inbox: "sync",
  inbox_unmapped: "sync",
  push_target: "sync",
  push_attempt: "sync",
  observation: "sync",
  channel_call: "sync",
  account_finding: "sync",
  plan: "sync",
  plan_line: "sync",
  shadow_push: "sync",
  shadow_day: "sync",
  hold: "sync",
  inbox_order: "sync",
  drift: "sync",
  api_key: "access",
  audit_entry: "access",
  api_request: "access",
};

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(src, file));

const roomOf = (file: string): string => {
  const parts = relative(src, file).split("/");
  const [first = "", second = ""] = parts;
  const nested = `${first}/${second}`;
  return parts.length > 2 && nested in mayImport ? nested : first;
};

const importsOf = (file: string): readonly string[] => {
  const parsed = parseSync(file, readFileSync(file, "utf8"));
  return [
    ...parsed.module.staticImports.map((entry) => entry.moduleRequest.value),
    ...parsed.module.staticExports.flatMap((entry) => entry.entries.flatMap((one) => one.moduleRequest?.value ?? [])),
    ...parsed.module.dynamicImports.flatMap((entry) => {
      const text = readFileSync(file, "utf8").slice(entry.moduleRequest.start, entry.moduleRequest.end);
      return /^["']/.test(text) ? [text.slice(1, -1)] : [];
    }),
  ];
};

const isAllowed = (room: string, target: string): boolean => {
  const allowed = mayImport[room] ?? [];
  const targetRoom = roomOf(target);
  const targetFile = relative(src, target);
  if (targetRoom === room || allowed.includes("*")) return true;
  // A shared file of a parent room (connectors/http.ts) belongs to that room, not to its children.
  return allowed.includes(targetRoom) || allowed.includes(targetFile);
};

test("the house has files, and every room is in the plan", () => {
  expect(files.length).toBeGreaterThan(100);
  expect([...new Set(files.map(roomOf))].filter((room) => !(room in mayImport))).toEqual([]);
});

test("imports only go down", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith("."))
      .map((name) => resolve(dirname(file), name))
      .filter((target) => !isAllowed(roomOf(file), target))
      .map((target) => `${relative(src, file)} → ${relative(src, target)}`),
  );
  expect(wrong).toEqual([]);
});

test("packages stay in their rooms", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file).flatMap((name) => {
      const packageName = name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : (name.split("/")[0] ?? "");
      const rooms = confined[packageName];
      const room = relative(src, file).split("/")[0] ?? "";
      return rooms === undefined || rooms.includes(room) ? [] : [`${relative(src, file)} imports ${packageName}`];
    }),
  );
  // The composition root opens the HTTP server and queues' types; it may know what it composes.
  expect(wrong.filter((line) => !line.startsWith("compose"))).toEqual([]);
});

test("a table is written by one room", () => {
  const wrong = files.flatMap((file) => {
    const room = relative(src, file).split("/")[0] ?? "";
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(/\b(?:insert into|update|delete from)\s+([a-z_]+)\b/g)].flatMap(([, table = ""]) => {
      const writer = writers[table];
      return writer === undefined || writer === room ? [] : [`${relative(src, file)} writes ${table}`];
    });
  });
  expect(wrong).toEqual([]);
});

test("only the settings read the environment, and only the clock knows the time of logic", () => {
  const wrong = files.flatMap((file) => {
    const name = relative(src, file);
    const text = readFileSync(file, "utf8");
    const found: string[] = [];
    if (/process\.env\b/.test(text) && !name.startsWith("config/")) found.push(`${name} reads process.env`);
    if (/\bDate\.now\(\)|\bMath\.random\(\)/.test(text) && !name.startsWith("core/"))
      found.push(`${name} makes its own time or chance`);
    return found;
  });
  expect(wrong).toEqual([]);
});
