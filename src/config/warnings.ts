import type { Complaint } from "./complaint.ts";
import { isLoopback } from "./fields.ts";
import type { ConfiguredAccount, Settings } from "./settings.ts";

const passwordLengthMin = 12;

const accountWarnings = (account: ConfiguredAccount, at: number): readonly Complaint[] => {
  const endpoints: readonly [string, string | undefined][] = Object.entries(account.endpoints);
  const clear = endpoints.flatMap(([name, url]) =>
    url === undefined || url.startsWith("https:") || isLoopback(url)
      ? []
      : [
          {
            path: `accounts[${at}].endpoints.${name}`,
            problem: "sends credentials unencrypted to another machine",
            fix: "use https, or an address on this machine",
          },
        ],
  );
  if (account.channel !== "ebay" || account.webhooks === undefined) return clear;
  const { endpoint } = account.webhooks;
  if (endpoint.startsWith("https:") || isLoopback(account.endpoints.api ?? "")) return clear;
  return [
    ...clear,
    {
      path: `accounts[${at}].webhooks.endpoint`,
      problem: `eBay cannot call ${endpoint}`,
      fix: "set server.public_url (or this endpoint) to the https address under which eBay reaches this server",
    },
  ];
};

/** Settings that would start and are probably not meant. */
export const warningsOf = (settings: Settings): readonly Complaint[] => [
  ...settings.accounts.flatMap(accountWarnings),
  ...settings.users.flatMap((user, at) =>
    user.password.reveal().length >= passwordLengthMin
      ? []
      : [{ path: `users[${at}].password`, problem: "is short", fix: `use at least ${passwordLengthMin} characters` }],
  ),
];
