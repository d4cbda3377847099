import type { z } from "zod";
import { type Complaint, pathText, type SettingsPath } from "./complaint.ts";
import { unsay } from "./fields.ts";

/** Where a value comes from, by the last key of its path. */
const whereToFind: Readonly<Record<string, string>> = {
  id: "give a short name: lower-case letters, digits and dashes",
  channel: "write amazon, ebay or shopify",
  region: "write na, eu or fe: the selling region of the account",
  seller_id: "Seller Central → Settings → Account Info → Your Merchant Token",
  marketplace_ids: "list at least one, for example [ATVPDKIKX0DER] for amazon.com",
  marketplace_id: "write eBay's name of the site, for example EBAY_US",
  client_id: "the app's client id in the channel's developer site",
  client_secret: "the app's client secret in the channel's developer site, by reference: ${NAME}",
  refresh_token: "the token issued when the seller authorised the app, by reference: ${NAME}",
  access_token: "the app's Admin API access token, by reference: ${NAME}",
  verification_token: "32 to 80 characters of your choice, as registered with eBay, by reference: ${NAME}",
  queue_url: "the URL of a standard SQS queue, as the AWS console shows it",
  shop: "the shop's own domain, for example example.myshopify.com",
  credentials: "add the block; lockstep.example.yaml shows it for every channel",
  password: "give a password by reference: ${NAME}",
};

const valueAt = (tree: unknown, path: SettingsPath): unknown =>
  path.reduce<unknown>(
    (node, part) => (node !== null && typeof node === "object" ? Reflect.get(node, part) : undefined),
    tree,
  );

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "a list" : value === null ? "empty" : `a ${typeof value}`;

const expectation: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  object: "a block of settings",
  record: "a block of settings",
  array: "a list",
};

const describe = (issue: z.core.$ZodIssue, tree: unknown): { readonly problem: string; readonly fix?: string } => {
  const value = valueAt(tree, issue.path);
  if (issue.code === "invalid_value") {
    const allowed = issue.values.map(String).join(", ");
    return {
      problem: value === undefined ? "is missing" : "is not one of the allowed values",
      fix: `write one of: ${allowed}`,
    };
  }
  if (value === undefined) return { problem: "is missing" };
  const { problem, fix } = unsay(issue.message);
  if (fix !== undefined) return { problem, fix };
  if (issue.code === "invalid_type") {
    const wanted = expectation[issue.expected] ?? issue.expected;
    return { problem: `must be ${wanted}, but is ${kindOf(value)}`, fix: `give ${wanted}` };
  }
  if (issue.code === "invalid_union") return { problem: "has none of the allowed forms" };
  return { problem: problem.replace(/^Invalid input: /, "") };
};

/** What zod found, in our words; `tree` is what it was given. Values are never repeated: they may be secrets. */
export const zodComplaints = (error: z.ZodError, tree: unknown): readonly Complaint[] =>
  error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const lines = issue.message.split("\n");
      return issue.keys.map((key, at) => {
        const { problem, fix } = unsay(lines[at] ?? "");
        return { path: pathText([...issue.path, key]), problem, fix: fix ?? "remove it" };
      });
    }
    const { problem, fix } = describe(issue, tree);
    const hint = whereToFind[String(issue.path.at(-1))];
    return { path: pathText(issue.path), problem, fix: fix ?? hint ?? "see lockstep.example.yaml" };
  });
