import { expect, test } from "vitest";
import { createMetrics } from "../../../src/ops/metrics.ts";

test("gauges are read at each scrape, with their labels", async () => {
  const metrics = createMetrics();
  let owed = 3;
  metrics.registerGauges([
    {
      name: "lockstep_push_targets_owed",
      help: "Listings that owe a push.",
      labelNames: ["account"],
      read: async () => [{ labels: { account: "shop-de" }, value: owed }],
    },
  ]);
  expect(await metrics.registry.metrics()).toContain('lockstep_push_targets_owed{account="shop-de"} 3');
  owed = 0;
  expect(await metrics.registry.metrics()).toContain('lockstep_push_targets_owed{account="shop-de"} 0');
});

test("a gauge that cannot be read shows no number, and the scrape still answers", async () => {
  const metrics = createMetrics();
  const read = (): Promise<never> => Promise.reject(new Error("database down"));
  metrics.registerGauges([
    { name: "lockstep_outbox_waiting", help: "Rows that wait.", read },
    { name: "lockstep_inbox_open", help: "Deliveries that wait.", labelNames: ["account"], read },
  ]);
  const text = await metrics.registry.metrics();
  expect(text).toContain("lockstep_outbox_waiting Nan");
  expect(text).not.toMatch(/^lockstep_inbox_open/m);
});

test("two registries do not share anything", async () => {
  const [a, b] = [createMetrics(), createMetrics()];
  a.requestServed({ method: "GET", route: "/health", status: 200, seconds: 0.01 });
  expect(await b.registry.metrics()).not.toContain("/health");
  expect(await a.registry.metrics()).toContain(
    'lockstep_http_requests_total{method="GET",route="/health",status="200"} 1',
  );
});
