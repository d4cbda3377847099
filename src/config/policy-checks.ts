import type { Complaint } from "./complaint.ts";

type Fields = Readonly<Record<string, unknown>>;
const asFields = (value: unknown): Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : {};
const asTexts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

type Known = {
  readonly accounts: readonly string[];
  readonly locations: readonly string[];
  readonly policies: readonly string[];
};

const unknown = (path: string, name: string, where: string, known: readonly string[]): Complaint => ({
  path,
  problem: `${JSON.stringify(name)} is not in ${where}`,
  fix: known.length === 0 ? `add it to ${where}` : `add it to ${where}, or name one of: ${known.join(", ")}`,
});

const inPolicy = (policy: unknown, path: string, known: Known): readonly Complaint[] => {
  const fields = asFields(policy);
  const locations = asTexts(fields["counts"]).map((figure) => figure.split("@")[1]);
  const accounts = asTexts(asFields(fields["last_units"])["accounts"]);
  return [
    ...locations.flatMap((name, at) =>
      name === undefined || known.locations.includes(name)
        ? []
        : [unknown(`${path}.counts[${at}]`, name, "locations", known.locations)],
    ),
    ...accounts.flatMap((name, at) =>
      known.accounts.includes(name)
        ? []
        : [unknown(`${path}.last_units.accounts[${at}]`, name, "accounts", known.accounts)],
    ),
  ];
};

const inAccount = (account: Fields, path: string, known: Known): readonly Complaint[] => {
  const locations = asTexts(account["locations"]);
  const booked = account["location"];
  const overrides = Array.isArray(account["overrides"]) ? account["overrides"].map(asFields) : [];
  return [
    ...locations.flatMap((name, at) =>
      known.locations.includes(name) ? [] : [unknown(`${path}.locations[${at}]`, name, "locations", known.locations)],
    ),
    ...(typeof booked === "string" && locations.length > 0 && !locations.includes(booked)
      ? [
          {
            path: `${path}.location`,
            problem: `${JSON.stringify(booked)} is not among the account's locations`,
            fix: "orders are booked there, so its stock must count: add it to locations",
          },
        ]
      : []),
    ...inPolicy(account["policy"], `${path}.policy`, known),
    ...overrides.flatMap(({ policy }, at) =>
      typeof policy === "string" && !known.policies.includes(policy)
        ? [unknown(`${path}.overrides[${at}].policy`, policy, "policies", known.policies)]
        : inPolicy(policy, `${path}.overrides[${at}].policy`, known),
    ),
  ];
};

/** What policies and locations name must be there. */
export const policyChecks = (
  file: Fields,
  accounts: readonly Fields[],
  names: Pick<Known, "accounts" | "locations">,
): readonly Complaint[] => {
  const policies = asFields(file["policies"]);
  const known = { ...names, policies: Object.keys(policies) };
  return [
    ...Object.entries(policies).flatMap(([name, policy]) => inPolicy(policy, `policies.${name}`, known)),
    ...accounts.flatMap((account, at) => inAccount(account, `accounts[${at}]`, known)),
  ];
};
