import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { probeRedis, type RedisBinary } from "./redis-binary.ts";
import { type Finished, run } from "./run.ts";

type Unavailable = { readonly unavailable: string };

/** For all of it: lists, download, unpacking. */
const unpackTimeoutMs = 60_000;
const flavours = [
  { server: "redis-server", packages: ["redis-server", "redis-tools"] },
  { server: "valkey-server", packages: ["valkey-server", "valkey-tools"] },
] as const;

/**
 * Debian's packages unpacked (not installed) into `<folder>/packages`, with apt's own folders there too: nothing of
 * the system is changed and no privileges are needed. Reused when already there.
 */
export const unpackedRedis = async (folder: string, clock: Clock): Promise<RedisBinary | Unavailable> => {
  const there = await probeUnpacked(join(folder, "packages"), clock);
  if (!("unavailable" in there)) return there;
  if (!existsSync("/usr/bin/apt-get") || !existsSync("/usr/bin/dpkg")) {
    return { unavailable: "there is no apt-get to fetch it with" };
  }
  for (const entry of readdirSync(folder).filter((name) => name.startsWith("packages.new-"))) {
    rmSync(join(folder, entry), { recursive: true, force: true });
  }
  const aside = realpathSync(mkdtempSync(join(folder, "packages.new-")));
  try {
    const failure = await fetchAndUnpack(aside, clock);
    if (failure !== undefined) return failure;
    rmSync(join(folder, "packages"), { recursive: true, force: true });
    renameSync(join(aside, "root"), join(folder, "packages"));
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return probeUnpacked(join(folder, "packages"), clock);
};

const probeUnpacked = async (root: string, clock: Clock): Promise<RedisBinary | Unavailable> => {
  const file = flavours.map(({ server }) => join(root, "usr/bin", server)).find((path) => existsSync(path));
  if (file === undefined) return { unavailable: "nothing is unpacked" };
  const libraries = ["usr/lib", "lib"]
    .map((name) => join(root, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path).map((name) => join(path, name)))
    .filter((path) => path.includes("-linux-gnu"));
  return probeRedis(file, { LD_LIBRARY_PATH: libraries.join(":") }, clock);
};

const lastLine = (finished: Finished): string => finished.stderr.trim().split("\n").at(-1) ?? "";

const fetchAndUnpack = async (aside: string, clock: Clock): Promise<Unavailable | undefined> => {
  const deadline = clock.monotonicMs() + unpackTimeoutMs;
  for (const name of ["state/lists/partial", "cache/archives/partial", "debs", "root"]) {
    mkdirSync(join(aside, name), { recursive: true });
  }
  const tool = (file: string, args: readonly string[]): Promise<Finished> => {
    const leftMs = Math.max(1, deadline - clock.monotonicMs());
    return run({ file, args, cwd: join(aside, "debs"), env: { DEBIAN_FRONTEND: "noninteractive" } }, clock, leftMs);
  };
  const options = [
    `Dir::State=${aside}/state`,
    `Dir::State::Lists=${aside}/state/lists`,
    "Dir::State::status=/var/lib/dpkg/status",
    `Dir::Cache=${aside}/cache`,
    // Without this apt, run by root, drops to a user that may not enter our folder.
    "APT::Sandbox::User=root",
    "Acquire::Retries=0",
    "Acquire::http::Timeout=15",
    "Acquire::https::Timeout=15",
  ].flatMap((option) => ["-o", option]);
  const apt = (program: string, ...args: string[]): Promise<Finished> => tool(program, [...options, "-qq", ...args]);

  const updated = await apt("apt-get", "update");
  if (updated.code !== 0) return { unavailable: `apt-get update failed: ${lastLine(updated)}` };
  let failure = "apt knows neither Redis nor Valkey";
  for (const { packages } of flavours) {
    const depends = await apt("apt-cache", "depends", "--important", ...packages);
    if (depends.code !== 0) continue;
    const needed = await missingLibraries(depends.stdout, tool);
    const downloaded = await apt("apt-get", "download", ...packages, ...needed);
    if (downloaded.code === 0) return unpackAll(aside, tool);
    failure = `apt-get download failed: ${lastLine(downloaded)}`;
  }
  return { unavailable: failure };
};

type Tool = (file: string, args: readonly string[]) => Promise<Finished>;

/** Direct dependencies that are libraries and not installed here; the rest (adduser, init scripts) serves installing. */
const missingLibraries = async (depends: string, tool: Tool): Promise<readonly string[]> => {
  const names = [...depends.matchAll(/^\s+Depends: (lib[a-z0-9.+-]+|lua-[a-z0-9.+-]+)$/gm)].map(
    (match) => match[1] ?? "",
  );
  const missing: string[] = [];
  for (const name of new Set(names)) {
    const { stdout } = await tool("dpkg-query", ["-W", "-f", "${db:Status-Status}", name]);
    if (!stdout.startsWith("installed")) missing.push(name);
  }
  return missing;
};

const unpackAll = async (aside: string, tool: Tool): Promise<Unavailable | undefined> => {
  for (const name of readdirSync(join(aside, "debs")).filter((file) => file.endsWith(".deb"))) {
    const unpacked = await tool("dpkg", ["-x", join(aside, "debs", name), join(aside, "root")]);
    if (unpacked.code !== 0) return { unavailable: `dpkg -x ${name} failed: ${lastLine(unpacked)}` };
  }
  return undefined;
};
