import { Engine } from "./engine.ts";
import { LockstepPolicy } from "./lockstep.ts";
import { allFaults, runSeed } from "./run-seed.ts";

const engine = await Engine.open();
const first = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
const faults = process.argv[4] === "none" ? new Set<never>() : process.argv[4] === undefined || process.argv[4] === "all" ? allFaults : new Set(process.argv[4].split(",")) as never;
const t0 = performance.now();
for (let seed = first; seed < first + count; seed += 1) {
  const t = performance.now();
  const s = engine.statements;
  const v = await runSeed(engine, (given) => new LockstepPolicy(given), { seed, faults });
  console.log(seed, v.trace, `${(performance.now() - t).toFixed(0)} ms`, `${engine.statements - s} stmts`, `events ${v.events}`, `virtual ${v.virtualMs / 1000}s`, `heal ${v.healMs}`, `sold ${v.books.soldUnits} over ${v.books.oversoldUnits} byUs ${v.books.oversoldByUsUnits} raises ${v.books.raisesPastTruth}`, v.violations);
  if (process.argv[5] === "notes") console.log(v.lastNotes.join("\n"));
}
console.log(((performance.now() - t0) / count).toFixed(0), "ms a seed");
