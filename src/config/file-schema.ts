import { z } from "zod";
import { LocationId } from "../core/ids.ts";
import { AccountFields } from "./account-schema.ts";
import { address, percent, strict, text, wholeNumber } from "./fields.ts";
import { policyFields } from "./policy.ts";

/** `lockstep.yaml` as written: snake_case, seconds, defaults filled in. `to-settings.ts` makes `Settings` of it. */
export const FileFields = strict({
  accounts: z.array(AccountFields).default([]),
  locations: z
    .array(strict({ id: LocationId, name: text }))
    .min(1, "must name at least one location")
    .default([{ id: LocationId.parse("main"), name: "Main" }]),
  policies: z.record(text, policyFields).default({}),
  guards: strict({
    max_zeroed_count: wholeNumber(0, 1_000_000_000).default(20),
    max_zeroed_percent: percent.default(10),
    max_lowered_count: wholeNumber(0, 1_000_000_000).default(1_000),
    max_lowered_percent: percent.default(50),
    max_raised_count: wholeNumber(0, 1_000_000_000).default(100),
    max_raised_percent: percent.default(50),
  }).prefault({}),
  ledger: strict({ heads: z.array(text).default([]) }).prefault({}),
  users: z.array(strict({ name: text, password: text, role: z.enum(["operator", "support"]) })).default([]),
  server: strict({
    host: text.default("127.0.0.1"),
    port: wholeNumber(0, 65_535).optional(),
    public_url: address.optional(),
  }).prefault({}),
  limits: strict({
    webhook_body_bytes: wholeNumber(1_024, 64 * 1024 * 1024).default(1024 * 1024),
    api_body_bytes: wholeNumber(1_024, 64 * 1024 * 1024).default(256 * 1024),
  }).prefault({}),
});
export type FileFields = z.infer<typeof FileFields>;
