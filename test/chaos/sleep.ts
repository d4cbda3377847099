import { systemClock } from "../../src/core/clock.ts";

export const sleep = (delayMs: number, signal?: AbortSignal): Promise<void> => systemClock.sleep(delayMs, signal);
