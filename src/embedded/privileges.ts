import { lchownSync, lstatSync, readdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { type Command, run } from "./run.ts";

/** How Postgres is started, which refuses to run as root. */
export type Privileges = {
  /** The user that owns the data folder's files. */
  readonly ownerUid: number;
  wrap(file: string, args: readonly string[]): Command;
};

/** nobody, nogroup. */
const nobody = 65_534;

const plain = (uid: number): Privileges => ({ ownerUid: uid, wrap: (file, args) => ({ file, args }) });

/**
 * In a user namespace we look like nobody; files stay ours and nothing need be readable by others. unshare execs: the
 * pid is the server's.
 */
const unshared = (uid: number): Privileges => ({
  ownerUid: uid,
  wrap: (file, args) => ({
    file: "unshare",
    args: [`--map-user=${nobody}`, `--map-group=${nobody}`, file, ...args],
  }),
});

/** Where user namespaces are forbidden (many containers). Every folder above the data must then let others pass. */
const dropped: Privileges = {
  ownerUid: nobody,
  wrap: (file, args) => ({ file, args, uid: nobody, gid: nobody, cwd: "/" }),
};

const hasName = (): boolean => {
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
};

/** initdb refuses root, and also a user without a name (containers that run under any number). */
export const choosePrivileges = async (clock: Clock): Promise<Privileges> => {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0 && hasName()) return plain(uid);
  const namespaced = unshared(uid);
  const probe = await run(namespaced.wrap("/bin/true", []), clock, 5_000);
  if (probe.code === 0) return namespaced;
  return uid === 0 ? dropped : plain(uid);
};

/** As root: gives a folder and all in it to the user that will run the server. Does nothing when it already owns it. */
export const giveTo = (folder: string, ownerUid: number): void => {
  if (process.getuid?.() !== 0 || lstatSync(folder).uid === ownerUid) return;
  const give = (path: string): void => {
    if (lstatSync(path).isDirectory()) for (const entry of readdirSync(path)) give(join(path, entry));
    // The folder last: interrupted, the next start begins again.
    lchownSync(path, ownerUid, ownerUid);
  };
  give(folder);
};
