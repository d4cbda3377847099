const stops = new Set<() => Promise<unknown>>();

/** Registers what is to be stopped when the benchmark is interrupted; call the answer once it is stopped anyway. */
export const onInterrupt = (stop: () => Promise<unknown>): (() => void) => {
  stops.add(stop);
  return () => stops.delete(stop);
};

/** Ends the process with 130 after everything that is registered has stopped, last first. */
export const listenForInterrupts = (): void => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // What fails now fails because its server is gone.
      process.on("uncaughtException", () => undefined);
      process.on("unhandledRejection", () => undefined);
      const stopAll = async (): Promise<void> => {
        for (const stop of [...stops].toReversed()) await stop().catch(() => undefined);
      };
      void stopAll().finally(() => process.exit(130));
    });
  }
};
