import { amazonMarketplaces } from "./channel-defaults.ts";
import type { Complaint } from "./complaint.ts";
import { isLoopback } from "./fields.ts";
import { policyChecks } from "./policy-checks.ts";

type Fields = Readonly<Record<string, unknown>>;

const asFields = (value: unknown): Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : {};
const asList = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(asFields) : []);
const asText = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** True when the account's calls go to this machine alone: simulators and tests, whose secrets are none. */
export const staysOnLoopback = (account: Fields): boolean => {
  const endpoints = asFields(account["endpoints"]);
  const given = Object.values(endpoints).filter((value) => typeof value === "string");
  return asText(endpoints["api"]) !== undefined && given.every(isLoopback);
};

/** One complaint for every entry whose key an earlier entry has too. */
const repeated = (
  keys: readonly (string | undefined)[],
  complain: (at: number, first: number) => Complaint,
): readonly Complaint[] => {
  const firstAt = new Map<string, number>();
  return keys.flatMap((key, at) => {
    if (key === undefined) return [];
    const first = firstAt.get(key);
    if (first !== undefined) return [complain(at, first)];
    firstAt.set(key, at);
    return [];
  });
};

/** Names of the seller behind an account: two accounts that share one would count its orders and write its stock twice. */
const sellersOf = (account: Fields): readonly string[] => {
  const channel = asText(account["channel"]) ?? "";
  const seller = asText(account["seller_id"]);
  const shop = asText(account["shop"])?.toLowerCase();
  const userId = asText(account["seller_user_id"]);
  const token = asText(asFields(account["credentials"])["refresh_token"]);
  const named: Readonly<Record<string, readonly (string | undefined)[]>> = {
    // Merchant stock is kept per seller and region, over all its marketplaces.
    amazon: [seller && `${asText(account["region"])}/${seller}`],
    ebay: [userId && `user/${userId}`, token && `token/${token}`],
    shopify: [shop],
  };
  return (named[channel] ?? []).filter((name) => name !== undefined && name !== "").map((name) => `${channel}/${name}`);
};

const overlaps = (accounts: readonly Fields[]): readonly Complaint[] => {
  const firstAt = new Map<string, number>();
  return accounts.flatMap((account, at) => {
    const names = sellersOf(account);
    const first = names.map((name) => firstAt.get(name)).find((found) => found !== undefined);
    for (const name of names) firstAt.set(name, firstAt.get(name) ?? at);
    if (first === undefined) return [];
    return [
      {
        path: `accounts[${at}]`,
        problem: `is the same seller on the same channel as accounts[${first}]`,
        fix: "keep one of them: one account covers all marketplaces and locations of a seller",
      },
    ];
  });
};

const unknownNames = (
  accounts: readonly Fields[],
  field: "location" | "policy",
  known: readonly string[],
): readonly Complaint[] =>
  accounts.flatMap((account, at) => {
    // Without a `location` the account sells the location `main`, which then has to exist.
    const otherwise = field === "location" && account["locations"] === undefined ? "main" : undefined;
    const named = account[field] ?? otherwise;
    if (typeof named !== "string" || known.includes(named)) return [];
    const where = field === "location" ? "locations" : "policies";
    return [
      {
        path: `accounts[${at}].${field}`,
        problem: `${JSON.stringify(named)} is not in ${where}`,
        fix: known.length === 0 ? `add it to ${where}` : `add it to ${where}, or name one of: ${known.join(", ")}`,
      },
    ];
  });

/** What is counted from a channel must not be sold anywhere, and two channels' counts would undo each other. */
const soldFrom = (accounts: readonly Fields[]): readonly Complaint[] => {
  const sold = new Set(accounts.map((account) => asText(account["location"]) ?? "main"));
  const seen = new Set<string>();
  return accounts.flatMap((account, at) => {
    const named = asText(account["channel_stock_location"]);
    if (named === undefined) return [];
    const isTaken = sold.has(named) || seen.has(named);
    seen.add(named);
    if (!isTaken) return [];
    return [
      {
        path: `accounts[${at}].channel_stock_location`,
        problem: `${JSON.stringify(named)} is used by an account already`,
        fix: "name one of its own, for example fba-us: nothing may be sold from it",
      },
    ];
  });
};

const foreignMarketplaces = (account: Fields, at: number): readonly Complaint[] => {
  const region = asText(account["region"]);
  const ids: readonly unknown[] = Array.isArray(account["marketplace_ids"]) ? account["marketplace_ids"] : [];
  return ids.flatMap((id, index) => {
    const home = Object.entries(amazonMarketplaces).find(([, known]) => known.some((knownId) => knownId === id))?.[0];
    if (home === undefined || region === undefined || home === region) return [];
    return [
      {
        path: `accounts[${at}].marketplace_ids[${index}]`,
        problem: `belongs to region ${home}, but the account's region is ${region}`,
        fix: `move it to an account with region: ${home}`,
      },
    ];
  });
};

const badVerificationToken = (account: Fields, at: number): readonly Complaint[] => {
  const token = asText(asFields(account["webhooks"])["verification_token"]);
  if (token === undefined || /^[A-Za-z0-9_-]{32,80}$/.test(token) || staysOnLoopback(account)) return [];
  return [
    {
      path: `accounts[${at}].webhooks.verification_token`,
      problem: "is not what eBay accepts",
      fix: "use 32 to 80 letters, digits, underscores and dashes, the same as registered with eBay",
    },
  ];
};

/** What only shows when settings are seen together. Works on the tree as written, so it runs beside the schema's complaints. */
export const crossChecks = (tree: unknown): readonly Complaint[] => {
  const file = asFields(tree);
  const accounts = asList(file["accounts"]);
  const locations = file["locations"] === undefined ? [{ id: "main" }] : asList(file["locations"]);
  const idsOf = (list: readonly Fields[], key: string): readonly (string | undefined)[] =>
    list.map((item) => asText(item[key]));
  const locationIds = idsOf(locations, "id").filter((id) => id !== undefined);
  const again =
    (list: string, key: string, fix: string) =>
    (at: number, first: number): Complaint => ({
      path: `${list}[${at}].${key}`,
      problem: `is the same as ${list}[${first}].${key}`,
      fix,
    });
  return [
    ...repeated(idsOf(accounts, "id"), again("accounts", "id", "give every account its own id")),
    ...repeated(idsOf(locations, "id"), again("locations", "id", "give every location its own id")),
    ...repeated(idsOf(asList(file["users"]), "name"), again("users", "name", "give every user their own name")),
    ...overlaps(accounts),
    ...unknownNames(accounts, "location", locationIds),
    ...unknownNames(accounts, "policy", Object.keys(asFields(file["policies"]))),
    ...soldFrom(accounts),
    ...policyChecks(file, accounts, {
      accounts: idsOf(accounts, "id").filter((id) => id !== undefined),
      locations: locationIds,
    }),
    ...accounts.flatMap(foreignMarketplaces),
    ...accounts.flatMap(badVerificationToken),
  ];
};
