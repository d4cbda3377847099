import type { World } from "./world.ts";

export const neverReady = "the world never got ready";

/** Lets the world run until the promise is settled. Errors: the promise's own, or that it took too long. */
export const drive = async <Value>(world: World, promise: Promise<Value>, msMax: number): Promise<Value> => {
  let isOver = false;
  const settled = promise.finally(() => {
    isOver = true;
  });
  settled.catch(() => undefined);
  await world.run(world.nowMs + msMax, () => isOver);
  if (!isOver) throw new Error(neverReady);
  return settled;
};
