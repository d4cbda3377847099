import type { Clock } from "../core/clock.ts";
import { run } from "./run.ts";

export type RedisBinary = {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** "Redis 7.0.15" */
  readonly version: string;
};

/** BullMQ's scripts need 6.2. */
const versionMin = 6.2;

/** What the program says of itself, or why it cannot be used. */
export const probeRedis = async (
  file: string,
  env: Readonly<Record<string, string>>,
  clock: Clock,
): Promise<RedisBinary | { readonly unavailable: string }> => {
  const { code, stdout, stderr } = await run({ file, args: ["--version"], env }, clock, 10_000);
  const said = /^(Redis|Valkey) server v=((\d+\.\d+)\S*)/i.exec(stdout.trim());
  if (code !== 0 || said === null)
    return { unavailable: `${file} does not run: ${stderr.trim().split("\n")[0] ?? ""}` };
  if (Number(said[3]) < versionMin) return { unavailable: `${file} is version ${said[2]}, older than ${versionMin}` };
  return { file, env, version: `${said[1]} ${said[2]}` };
};

/** The first usable server on the user's own PATH. */
export const redisOnPath = async (clock: Clock): Promise<RedisBinary | { readonly unavailable: string }> => {
  const script = "command -v redis-server; command -v valkey-server; true";
  const { stdout } = await run({ file: "/bin/sh", args: ["-c", script], env: "inherited" }, clock, 5_000);
  let reason = "neither redis-server nor valkey-server is on PATH";
  for (const file of stdout.split("\n").filter((line) => line.startsWith("/"))) {
    const found = await probeRedis(file, {}, clock);
    if (!("unavailable" in found)) return found;
    reason = found.unavailable;
  }
  return { unavailable: reason };
};
