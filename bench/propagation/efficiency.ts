import {
  type Efficiency,
  efficiencyChannels,
  efficiencyLine,
  measureEfficiency,
} from "../../test/support/push-efficiency/efficiency.ts";
import { spreadOf } from "../figures.ts";
import { startServers } from "../servers.ts";
import { atLeast, atMost, type CaseReport } from "./goals.ts";
import { onInterrupt } from "./interrupt.ts";
import type { Given } from "./wire.ts";

const broken = (of: Efficiency): readonly string[] => [
  ...(of.accepted === of.wanted ? [] : [`${of.channel}: ${of.accepted} of ${of.wanted} quantities were accepted`]),
  ...of.violations.map((violation) => `${of.channel}: ${violation}`),
];

/**
 * Real quotas, time compressed: two workers of the real connectors share each channel's bucket in Redis and push 2,000
 * quantities as fast as they may. The same measurement is a test.
 */
export const benchEfficiency = async ({ tell }: Given): Promise<CaseReport> => {
  const servers = await startServers();
  const forget = onInterrupt(() => servers.stop());
  try {
    const { redisUrl } = servers;
    if (redisUrl === undefined) throw new Error(`no Redis: ${servers.redis}`);
    const all: Efficiency[] = [];
    for (const channel of efficiencyChannels) {
      const measured = await measureEfficiency(channel, redisUrl);
      tell(`efficiency: ${efficiencyLine(measured)}`);
      all.push(measured);
    }
    return {
      case: "efficiency",
      goals: all.flatMap((of) => [
        atLeast(`${of.channel}: T_min / actual`, 0.95, spreadOf([of.leastMs / of.actualMs])),
        atMost(`${of.channel}: throttled answers, %`, 1, spreadOf([(100 * of.throttled) / of.calls])),
        atMost(`${of.channel}: taken above burst + rate·t`, of.overWindowMax, spreadOf([Math.max(0, of.overWindow)])),
      ]),
      brokenBooks: all.flatMap(broken),
      figures: all,
      notes: all.filter(({ fit }) => !fit).map(({ channel }) => `${channel}: the machine was too busy to judge by`),
    };
  } finally {
    forget();
    await servers.stop();
  }
};
