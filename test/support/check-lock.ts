/**
 * A lock file that left out an optional platform package breaks `npm ci` elsewhere, and download addresses in it name a
 * registry: both are refused.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ resolved: z.string().optional(), optionalDependencies: z.record(z.string(), z.string()).optional() }),
  ),
});
const { packages } = Lock.parse(JSON.parse(readFileSync("package-lock.json", "utf8")));
const present = new Set(Object.keys(packages).map((path) => path.split("node_modules/").at(-1)));
const missing = Object.entries(packages).flatMap(([path, entry]) =>
  Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !present.has(name))
    .map((name) => `${path} lacks ${name}`),
);
const addresses = Object.entries(packages).flatMap(([path, { resolved }]) =>
  resolved === undefined ? [] : [`${path} has an address`],
);
const complaints = [...missing, ...addresses];
process.stdout.write(complaints.length === 0 ? "the lock file is complete\n" : `${complaints.join("\n")}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;
