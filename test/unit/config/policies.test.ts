import { expect, test } from "vitest";
import { loadText, settingsOf, threeAccountsEnv } from "./files.ts";

const account = `
accounts:
  - id: shop
    channel: shopify
    shop: example.myshopify.com
    credentials: { access_token: "\${SHOPIFY_TOKEN}", client_secret: "\${SHOPIFY_SECRET}" }
`;
const env = { ...threeAccountsEnv, SHOPIFY_TOKEN: "shpat_1", SHOPIFY_SECRET: "shpss_1" };
const places = "locations: [{ id: main, name: Main }, { id: far, name: Far }]\n";
const load = (more: string, rest = "") => loadText(`${account}${more}${places}${rest}`, env);
const complaintsOf = (more: string, rest = ""): readonly string[] => {
  const loaded = load(more, rest);
  return loaded.ok ? [] : loaded.complaints.map(({ path, problem }) => `${path}: ${problem}`);
};

test("a policy's figures, priority and tiers are read, and an override may name a policy or be one", () => {
  const [shop] = settingsOf(
    load(
      "    locations: [far, main]\n    policy: rich\n    overrides: [{ skus: [' A '], policy: rich }, { listings: [x], policy: { cap: 1 } }]\n",
      "policies: { rich: { counts: [on_hand, -reserved, incoming@far], last_units: { at_most: 2, accounts: [shop] }, tiers: [{ up_to: 5, cap: null }] } }\n",
    ),
  ).accounts;
  const rich = {
    sharePercent: 100,
    bufferUnits: 0,
    capUnits: null,
    floorUnits: 0,
    counts: [
      { figure: "on_hand", sign: 1 },
      { figure: "reserved", sign: -1 },
      { figure: "incoming", locationId: "far", sign: 1 },
    ],
    lastUnits: { atMostUnits: 2, accounts: ["shop"] },
    tiers: [{ upToUnits: 5, capUnits: null }],
  };
  // Orders are booked at the first of the locations, and SKUs stay byte-exact.
  expect(shop).toMatchObject({ locationId: "far", locationIds: ["far", "main"] });
  expect(shop?.policy).toEqual(rich);
  expect(shop?.overrides).toEqual([
    { skus: [" A "], listings: [], policy: rich },
    {
      skus: [],
      listings: ["x"],
      policy: { sharePercent: 100, bufferUnits: 0, capUnits: 1, floorUnits: 0 },
    },
  ]);
});

test("one location is as before", () => {
  const [shop] = settingsOf(load("")).accounts;
  expect([shop?.locationId, shop?.locationIds, shop?.overrides]).toEqual(["main", undefined, undefined]);
});

test.each([
  ["    locations: [main, moon]\n", 'accounts[0].locations[1]: "moon" is not in locations'],
  ["    location: main\n    locations: [far]\n", 'accounts[0].location: "main" is not among the account\'s locations'],
  ["    policy: { counts: [sold] }\n", "accounts[0].policy.counts[0]: is no figure"],
  ["    policy: { counts: [incoming@moon] }\n", 'accounts[0].policy.counts[0]: "moon" is not in locations'],
  [
    "    policy: { last_units: { at_most: 1, accounts: [ebay] } }\n",
    'accounts[0].policy.last_units.accounts[0]: "ebay" is not in accounts',
  ],
  ["    overrides: [{ skus: [A], policy: none }]\n", 'accounts[0].overrides[0].policy: "none" is not in policies'],
  ["    overrides: [{ policy: { cap: 1 } }]\n", "accounts[0].overrides[0]: names neither skus nor listings"],
] as const)("%o is complained about", (more, complaint) => {
  expect(complaintsOf(more)).toContain(complaint);
});
