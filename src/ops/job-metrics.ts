import { Counter, Histogram, type Registry } from "prom-client";

const lagBucketsSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600];

/** What the jobs count, under one registry. Labels are account ids and outcomes, never SKUs or orders. */
export const createJobMetrics = (registry: Registry) => {
  const registers = [registry];
  const deliveries = new Counter({
    name: "lockstep_deliveries_settled_total",
    help: "Inbound deliveries settled, by account and end: applied, ignored, parked (unmapped), dead.",
    labelNames: ["account", "state"],
    registers,
  });
  const pushes = new Counter({
    name: "lockstep_pushes_total",
    help: "Listings' quantities by account and outcome: already-shown, accepted, refused, unknown, applied (read back), lost.",
    labelNames: ["account", "outcome"],
    registers,
  });
  const lag = new Histogram({
    name: "lockstep_push_lag_seconds",
    help: "Time from a listing's quantity being owed to the channel provably showing it.",
    labelNames: ["account"],
    buckets: lagBucketsSeconds,
    registers,
  });
  return {
    deliveriesSettled: (account: string, state: string, count: number): void =>
      deliveries.inc({ account, state }, count),
    pushes: (account: string, outcome: string, count: number): void => {
      if (count > 0) pushes.inc({ account, outcome }, count);
    },
    pushLag: (account: string, lagMs: number): void => lag.observe({ account }, lagMs / 1000),
  };
};
