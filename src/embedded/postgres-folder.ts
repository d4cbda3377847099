import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { PostgresBinaries } from "./postgres-binaries.ts";
import { giveTo, type Privileges } from "./privileges.ts";
import { run } from "./run.ts";

export const userName = "lockstep";
export const databaseName = "lockstep";

/** The major version that made the data, or undefined when there is none yet. */
export const dataMajor = (folder: string): number | undefined => {
  const path = join(folder, "data", "PG_VERSION");
  return existsSync(path) ? Number.parseInt(readFileSync(path, "utf8"), 10) : undefined;
};

export const readPassword = (folder: string): string => readFileSync(join(folder, "password"), "utf8").trim();

/** From 17 on Postgres brings its own C.UTF-8, the same on every machine; before, the system's. Both sort by bytes. */
const localeArgs = (major: number): readonly string[] =>
  major >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] : ["--locale=C.UTF-8"];

type Making = { readonly binaries: PostgresBinaries; readonly privileges: Privileges; readonly clock: Clock };

/**
 * Makes `folder` with its password, an empty cluster (scram, checksums) and the database. All is made aside and
 * renamed in one step, so a folder that is there is complete.
 */
export const makePostgresFolder = async (folder: string, making: Making): Promise<void> => {
  const prefix = `${basename(folder)}.new-`;
  for (const entry of readdirSync(dirname(folder)).filter((name) => name.startsWith(prefix))) {
    rmSync(join(dirname(folder), entry), { recursive: true, force: true });
  }
  const aside = mkdtempSync(join(dirname(folder), prefix));
  const passwordPath = join(aside, "password");
  writeFileSync(passwordPath, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
  giveTo(aside, making.privileges.ownerUid);
  await fill(aside, passwordPath, making);
  renameSync(aside, folder);
};

const fill = async (aside: string, passwordPath: string, { binaries, privileges, clock }: Making): Promise<void> => {
  const data = join(aside, "data");
  const must = async (what: string, program: string, args: readonly string[], input: string): Promise<void> => {
    const command = { ...privileges.wrap(join(binaries.folder, program), args), input };
    const { code, stderr } = await run(command, clock, 120_000);
    if (code === 0) return;
    const hint = /Permission denied/.test(stderr)
      ? " Every folder above the data folder must be passable for its user."
      : "";
    throw new Error(`${what} failed: ${stderr.trim().slice(-1_000)}${hint}`);
  };
  const initArgs = ["-D", data, "-U", userName, "-A", "scram-sha-256", `--pwfile=${passwordPath}`, "-E", "UTF8", "-k"];
  await must("initdb", "initdb", [...initArgs, ...localeArgs(binaries.major)], "");
  // Single-user mode: the package ships no createdb, and no server need be open for it.
  const single = ["--single", "-D", data, "-c", "exit_on_error=on", "postgres"];
  await must("creating the database", "postgres", single, `create database ${databaseName}\n`);
};
