import type { Deed, DriftWorld } from "./drift-world.ts";
import type { JobBench } from "./job-bench.ts";

/** What was done to which listing, and how it ends when everybody has looked. */
export type Done = { readonly ref: string; readonly deed: Deed; readonly end?: () => void };

type Act = (world: DriftWorld, bench: JobBench) => Promise<readonly Done[]>;

/** The channel takes a number, shows it, and minutes later shows the one before again. */
const losePushes: Act = async (world) => {
  const refs = world.take(world.int(1, 2));
  const before = new Map<string, number>();
  for (const ref of refs) {
    before.set(ref, world.shown(ref));
    await world.receive(ref, world.int(1, 20));
  }
  await world.run(2);
  for (const ref of refs) {
    let units = before.get(ref) ?? 0;
    if (world.chance(0.25)) {
      await world.sell(ref, 1, true);
      units -= 1;
      await world.run(1);
    }
    world.set(ref, units);
  }
  return refs.map((ref) => ({ ref, deed: "lost-push" }));
};

/** Buyers whose orders no message tells and the order list leaves out. */
const hideOrders: Act = async (world) => {
  const refs = world.take(world.int(2, 5));
  const sold = refs.filter(() => world.chance(0.2));
  for (const ref of sold) await world.sell(ref, world.int(1, 4), true);
  await world.run(1);
  for (const ref of refs) {
    if (sold.includes(ref)) world.cancelUntold(ref);
    else for (let orders = world.int(1, 2); orders > 0; orders -= 1) await world.sell(ref, world.int(1, 4), false);
  }
  return refs.map((ref) => ({ ref, deed: "unseen-order" }));
};

/** A person types another number into the channel's own pages. */
const editByHand: Act = (world) => {
  const refs = world.take(world.int(1, 2));
  for (const ref of refs) world.set(ref, world.other(ref, 0, 120));
  return Promise.resolve(refs.map((ref) => ({ ref, deed: "hand-edit" as const })));
};

/** Stock changes, and the channel is too busy to be told. */
const lagBehind: Act = async (world, bench) => {
  const refs = world.take(world.int(2, 5));
  for (const ref of refs) {
    bench.channel.busy.add(ref);
    await world.receive(ref, world.int(1, 30));
  }
  await world.run(2);
  const until = bench.clock.now() + world.int(8, 20) * 60_000;
  const end = (ref: string): void => {
    if (bench.clock.now() >= until) bench.channel.busy.delete(ref);
  };
  return refs.map((ref) => ({ ref, deed: "our-lag", end: () => end(ref) }));
};

/** The channel answers from an old copy for a while. */
const readStale: Act = (world, bench) => {
  const refs = world.take(world.int(1, 2));
  const until = bench.clock.now() + world.int(1, 4) * 60_000;
  for (const ref of refs) bench.channel.staleReads.set(ref, world.other(ref, 20, 90));
  const end = (ref: string): void => {
    if (bench.clock.now() >= until) bench.channel.staleReads.delete(ref);
  };
  return Promise.resolve(refs.map((ref) => ({ ref, deed: "channel-fault" as const, end: () => end(ref) })));
};

/** Another program sends its own idea of a part of the catalogue. */
const syncByOtherApp: Act = (world) => {
  const refs = world.take(world.int(6, 16));
  const kinds = world.int(1, 2);
  for (const ref of refs) {
    world.set(ref, kinds === 1 ? world.other(ref, 0, 120) : Math.max(0, world.shown(ref) + world.int(1, 9)));
  }
  return Promise.resolve(refs.map((ref) => ({ ref, deed: "other-app" as const })));
};

/** The channel empties, or fills with one number, a part of the catalogue. */
const breakMany: Act = (world) => {
  const refs = world.take(world.int(6, 16));
  const units = world.chance(0.6) ? 0 : 999;
  for (const ref of refs) world.set(ref, units);
  return Promise.resolve(refs.map((ref) => ({ ref, deed: "channel-fault" as const })));
};

/** The channel goes back to its copy of half an hour ago. */
const restoreCopy: Act = async (world) => {
  const refs = world.take(world.int(6, 14));
  const copy = new Map(refs.map((ref) => [ref, world.shown(ref)]));
  for (const ref of refs) await world.receive(ref, world.int(1, 20));
  await world.run(2);
  for (const [ref, units] of copy) world.set(ref, units);
  return refs.map((ref) => ({ ref, deed: "channel-fault" as const }));
};

const few = [losePushes, hideOrders, editByHand, lagBehind, readStale] as const;
const many = [syncByOtherApp, syncByOtherApp, breakMany, restoreCopy] as const;

/** What happens in one episode: small things side by side, sometimes one large thing. */
export const nextDeeds = (world: DriftWorld): readonly Act[] => {
  if (!world.chance(0.3)) return few.filter(() => world.chance(0.8));
  const large = many[world.int(0, many.length - 1)] ?? syncByOtherApp;
  return world.chance(0.5) ? [large] : [hideOrders, lagBehind, large];
};
