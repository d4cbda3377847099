import { systemClock } from "../../../src/core/clock.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { openDb } from "../../../src/db/pool.ts";
import { createLane } from "../../../src/ledger/lane.ts";
import { batchOf } from "./batch.ts";
import { points, struckDb } from "./points.ts";

// A process that posts one batch and kills itself in the middle of it: `victim.ts URL POINT WORLD`.
const [url = "", point = "0", n = "0"] = process.argv.slice(2);
const db = openDb({ url, connectionsMax: 1, applicationName: "fire-victim", onIdleError: () => undefined });
const chosen = points[Number(point)];
if (chosen === undefined) throw new RangeError(`there is no point ${point}`);
const struck = struckDb(db, chosen, 1, () => process.kill(process.pid, "SIGKILL"));
const lane = createLane({ db: struck, clock: systemClock, random: systemRandom, afterCommit: () => undefined });
await Promise.all(batchOf({ n: Number(n) }).map((command) => lane.submit(command, "victim")));
