import { startPostgres } from "../../../src/embedded/postgres.ts";
import { startRedis } from "../../../src/embedded/redis.ts";
import { quietLog } from "./quiet-log.ts";

// A process of its own that holds a server, for tests that interrupt or kill it: `holder.ts postgres|redis FOLDER`.
const [kind, dataDir = ""] = process.argv.slice(2);
process.on("SIGINT", () => process.stdout.write("interrupted\n"));
process.on("SIGTERM", () => process.exit(3));
const server =
  kind === "redis" ? await startRedis({ dataDir, log: quietLog }) : await startPostgres({ dataDir, log: quietLog });
process.stdout.write(`${"url" in server ? server.url : server.unavailable}\n`);
process.stdin.resume();
