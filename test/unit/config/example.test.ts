import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { FileFields } from "../../../src/config/file-schema.ts";
import { loadText, settingsOf, threeAccountsEnv } from "./files.ts";

const example = readFileSync(new URL("../../../lockstep.example.yaml", import.meta.url), "utf8");
const env = {
  ...threeAccountsEnv,
  AMZ_SQS_KEY_ID: "AKIA1",
  AMZ_SQS_KEY_SECRET: "sqs-secret",
  EBAY_VERIFICATION_TOKEN: "0123456789abcdef0123456789abcdef",
  SHOPIFY_TOKEN: "shpat_1",
  SHOPIFY_SECRET: "shpss_1",
  SHOPIFY_CLIENT_ID: "client",
  SHOPIFY_OLD_SECRET: "shpss_0",
  SHOPIFY_PUBSUB_TOKEN: "a-token-of-twenty-four-or-more-characters",
  LOCKSTEP_OWNER_PASSWORD: "correct horse battery",
  LOCKSTEP_SUPPORT_PASSWORD: "staple correct horse",
};

/** Every property name of a JSON schema, at any depth. */
const namesOf = (schema: unknown): readonly string[] => {
  if (schema === null || typeof schema !== "object") return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === "properties" ? Object.keys(value as object) : []),
    ...namesOf(value),
  ]);
};

test("the example loads as it stands, without a warning", () => {
  const loaded = loadText(example, env);
  const settings = settingsOf(loaded);
  expect(settings.accounts.map((account) => [account.id, account.channel, account.mode])).toEqual([
    ["amazon-us", "amazon", "read-only"],
    ["ebay-us", "ebay", "read-only"],
    ["shop", "shopify", "read-only"],
  ]);
  expect(loaded.ok && loaded.warnings).toEqual([]);
});

test("the example loads with every option switched on", () => {
  const switchedOn = example.replaceAll(/^(\s*)#([a-z_]+:)/gm, "$1$2");
  expect(switchedOn).not.toBe(example);
  const [amazon, ebay, shop] = settingsOf(loadText(switchedOn, env)).accounts;
  expect(amazon).toMatchObject({ settleMs: 900_000, quotas: { patchListingsItem: { ratePerSecond: 5, burst: 5 } } });
  expect(ebay).toMatchObject({ sellerUserId: "my-ebay-shop" });
  expect(shop).toMatchObject({ locationGid: "gid://shopify/Location/12345" });
});

test("the defaults that the example states are the defaults", () => {
  const stated = settingsOf(loadText(example, env));
  const bare = settingsOf(loadText("", {}));
  expect(stated).toMatchObject({ guards: bare.guards, limits: bare.limits, locations: bare.locations });
  expect([stated.server.host, stated.server.port]).toEqual([bare.server.host, bare.server.port]);
  const without = example.replaceAll(
    /^ {4}(poll|orders|orders_api|push_batch_max|locale|api_version|mode|location):.*\n(?: {6}.*\n)*/gm,
    "",
  );
  expect(without).not.toMatch(/orders_seconds|lag_seconds/);
  expect(JSON.stringify(settingsOf(loadText(without, env)).accounts)).toBe(JSON.stringify(stated.accounts));
});

test("the example mentions every setting there is", () => {
  const names = new Set(namesOf(z.toJSONSchema(FileFields, { io: "input", unrepresentable: "any" })));
  expect(names.size).toBeGreaterThan(50);
  expect([...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(example))).toEqual([]);
});
