import { expect, test } from "vitest";
import { ChannelError } from "../../../src/core/failure.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createLogger } from "../../../src/ops/logger.ts";

const logged = (fields: object): { readonly line: string; readonly fields: Record<string, unknown> } => {
  const lines: string[] = [];
  const log = createLogger({ level: "info", base: { role: "web" }, write: (line) => lines.push(line) });
  log.info(fields, "something happened");
  expect(lines).toHaveLength(1);
  return { line: lines[0] ?? "", fields: JSON.parse(lines[0] ?? "") as Record<string, unknown> };
};

test("a line is one JSON object with time, level, fields and message", () => {
  const { line, fields } = logged({ accountId: "a", listings: 3 });
  expect(fields).toMatchObject({ level: "info", role: "web", accountId: "a", listings: 3, msg: "something happened" });
  expect(typeof fields["time"]).toBe("string");
  expect(line.trimEnd()).not.toContain("\n");
});

test("secrets and a buyer's person are censored by name at any depth, in any spelling", () => {
  const canary = "CANARY-7f3a";
  const { line } = logged({
    headers: { Authorization: canary, cookie: canary, "X-Shopify-Access-Token": canary },
    a: { b: [{ c: { refresh_token: canary, clientSecret: canary, password: new Secret(canary) } }] },
    order: {
      id: "1",
      buyer: { email: canary },
      shipping_address: { street: canary },
      buyerEmail: canary,
      phone: canary,
      giftMessage: canary,
    },
  });
  expect(line).not.toContain(canary);
  expect(line).toContain('"id":"1"');
});

test("what looks like a credential is cut out of texts", () => {
  const { line } = logged({
    a: "sent lsk_0a1b2c3d_00112233445566778899aabbccddeeff0011223344556677_89abcdef",
    b: "Authorization was Bearer abcdefghijkl.mnop",
    c: "connect to postgres://stock:hunter22@db:5432/x failed",
    d: "token shpat_0123456789abcdef",
  });
  for (const secret of ["00112233", "abcdefghijkl", "hunter22", "0123456789abcdef"]) expect(line).not.toContain(secret);
});

test("an error is logged with its kind and causes, but not with the request that an HTTP client hangs on it", () => {
  const cause = Object.assign(new Error("timeout"), {
    code: "ECONNRESET",
    config: { headers: { "x-custom": "CANARY" }, url: "CANARY" },
  });
  const { line, fields } = logged({
    err: new ChannelError({ kind: "throttled", message: "slow down", retryAfterMs: 5, cause }),
  });
  expect(fields["err"]).toMatchObject({
    type: "ChannelError",
    message: "slow down",
    kind: "throttled",
    retryAfterMs: 5,
    cause: { message: "timeout", code: "ECONNRESET" },
  });
  expect(line).not.toContain("CANARY");
});

test("a value that contains itself or never ends is cut off", () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  expect(logged({ loop }).line).toContain("[too deep]");
  expect(logged({ text: "x".repeat(1_000_000) }).line.length).toBeLessThan(10_000);
});
