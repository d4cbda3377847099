import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CheckFinding } from "../../../../src/connectors/connector.ts";
import { versionFinding } from "../../../../src/connectors/shopify/api-version.ts";
import { createBench, location, noMore, serveGraphql } from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const scopes = ["read_inventory", "write_inventory", "read_products", "read_locations", "read_orders"];
const shop = (
  more: { readonly scopes?: readonly string[]; readonly location?: string; readonly version?: string } = {},
): Record<string, unknown> => ({
  publicApiVersions: [
    { handle: "2026-07", supported: true },
    { handle: "2026-10", supported: more.version !== "2026-07" },
    { handle: "unstable", supported: false },
  ],
  currentAppInstallation: { accessScopes: (more.scopes ?? scopes).map((handle) => ({ handle })) },
  locations: { nodes: [{ id: more.location ?? location, name: "Shop" }], pageInfo: noMore },
});
const failing = (findings: readonly CheckFinding[]): string[] =>
  findings.filter(({ ok }) => !ok).map(({ check }) => check);
const date = { Date: "Fri, 20 Nov 2026 12:00:05 GMT" };

test("a shop in order has nothing to complain about", async () => {
  const { connector, context } = createBench();
  serveGraphql(shop(), () => undefined, date);
  const findings = await connector.check(context);
  expect(failing(findings)).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual(["credentials", "scopes", "api version", "clock", "location"]);
});

test.each([
  ["scopes", shop({ scopes: scopes.filter((scope) => scope !== "write_inventory") }), date],
  ["location", shop({ location: "gid://shopify/Location/1" }), date],
  ["clock", shop(), { Date: "Fri, 20 Nov 2026 12:05:00 GMT" }],
  ["api version", shop(), { ...date, "X-Shopify-API-Version": "2027-01" }],
  ["api version", shop({ version: "2026-07" }), date],
])("trouble with %s is found, with a way to mend it", async (check, root, headers) => {
  const { connector, context } = createBench();
  serveGraphql(root, () => undefined, headers);
  const findings = await connector.check(context);
  expect(failing(findings)).toEqual([check]);
  expect(findings.find((finding) => !finding.ok)?.fix).toBeTruthy();
});

test.each([
  ["2026-11-20T12:00:00Z", true, "315 more days"],
  ["2027-08-16T12:00:00Z", true, "46 more days"],
  ["2027-08-17T12:00:00Z", false, "45 more days"],
  ["2027-10-02T12:00:00Z", false, "0 more days"],
])("on %s version 2026-10 is told with its days left", (now, ok, told) => {
  const finding = versionFinding({
    requested: "2026-10",
    served: "2026-10",
    supported: ["2026-10", "2027-07"],
    nowMs: Date.parse(now),
  });
  expect(finding).toMatchObject({ ok, detail: expect.stringContaining(told) });
  expect(finding.fix ?? "set it to 2027-07").toContain("2027-07");
});

test("refused credentials are a finding, not an error", async () => {
  const { connector, context } = createBench();
  serveGraphql({}, () => ({ status: 401, body: "" }));
  expect(failing(await connector.check(context))).toEqual(["credentials"]);
});
