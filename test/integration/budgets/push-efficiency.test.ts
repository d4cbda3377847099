import { afterAll, expect, inject, test } from "vitest";
import { efficiencyChannels, efficiencyLine, measureEfficiency } from "../../support/push-efficiency/efficiency.ts";

const noRedis = inject("redisUrl") === "";
if (noRedis) process.stdout.write(`push efficiency left out: ${inject("redisUnavailable")}\n`);
const lines: string[] = [];
afterAll(() => process.stdout.write(lines.map((line) => `${line}\n`).join("")));

const titles = {
  amazon: "Amazon: one PATCH a SKU at five a second, time compressed ten times",
  ebay: "eBay: eighty writes of twenty-five SKUs, each after a look, within a day's quota, bound by their latency",
  shopify: "Shopify: five rows a call, so that the cost points bind, time compressed twice",
};

test.skipIf(noRedis).each(efficiencyChannels.map((channel) => [titles[channel], channel] as const))(
  "%s",
  async (_title, channel) => {
    const measured = await measureEfficiency(channel, inject("redisUrl"));
    lines.push(efficiencyLine(measured));
    expect(measured.accepted).toBe(measured.wanted);
    if (measured.fit) {
      expect(measured.leastMs / measured.actualMs).toBeGreaterThanOrEqual(0.95);
      expect(measured.throttled / measured.calls).toBeLessThanOrEqual(0.01);
    }
    expect(measured.overWindow).toBeLessThanOrEqual(measured.overWindowMax);
    expect(measured.violations).toEqual([]);
  },
);
