/** Waits for a condition of a real process; fails loudly when it does not come true in time. */
export const until = async (holds: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> => {
  const endsAt = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`not true within ${timeoutMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
