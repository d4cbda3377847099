import { expect, test } from "vitest";
import { daysLeft, expiryFindings, expiryLabel } from "../../../src/jobs/expiry.ts";

const nowMs = Date.parse("2026-11-25T12:00:00.000Z");

test.each([
  ["2026-12-26T00:00:00.000Z", true, "30 days left, until 2026-12-26"],
  ["2026-12-25T00:00:00.000Z", false, "only 29 days left, until 2026-12-25"],
  ["2026-11-25T13:00:00.000Z", false, "only 0 days left, until 2026-11-25"],
  ["2026-11-24T00:00:00.000Z", false, "over since 2026-11-24"],
])("what ends at %s is told with its days left", (expiresAt, ok, detail) => {
  const [finding] = expiryFindings({ "client secret": expiresAt }, nowMs);
  expect(finding).toMatchObject({ check: "expiry of client secret", ok, detail, expiresAt });
  expect(finding?.fix === undefined).toBe(ok);
});

test("days are whole and go below zero, and the metric calls things by their own name", () => {
  expect(daysLeft("2026-11-24T11:00:00.000Z", nowMs)).toBe(-2);
  expect([expiryLabel("expiry of refresh token"), expiryLabel("api version")]).toEqual([
    "refresh token",
    "api version",
  ]);
});
