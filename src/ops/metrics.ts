import { Counter, Gauge, Histogram, Registry } from "prom-client";

type GaugeReading = { readonly labels?: Readonly<Record<string, string>>; readonly value: number };

type GaugeSource = {
  /** Snake case with its unit last: `lockstep_push_age_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Asked at each scrape. When it throws, the gauge is left out of that scrape: no figure is better than a stale one. */
  readonly read: () => Promise<readonly GaugeReading[]>;
};

export type WebhookOutcome =
  | "kept"
  | "answered"
  | "refused"
  | "retry_later"
  | "malformed"
  | "too_large"
  | "unknown_account"
  | "failed";

export type Metrics = {
  readonly registry: Registry;
  webhookAnswered(answer: {
    readonly channel: string;
    readonly outcome: WebhookOutcome;
    readonly seconds: number;
  }): void;
  requestServed(served: {
    readonly method: string;
    /** The route's pattern, never the path: SKUs and ids do not belong in labels. */
    readonly route: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  /** A refused key or login, or one that was not even tried any more. */
  accessRefused(door: "api" | "login", reason: "unknown" | "scope" | "limited"): void;
  /** Gauges that are computed when asked for. */
  registerGauges(sources: readonly GaugeSource[]): void;
};

const bucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const gaugeOf = (registry: Registry, source: GaugeSource): Gauge =>
  new Gauge({
    name: source.name,
    help: source.help,
    labelNames: [...(source.labelNames ?? [])],
    registers: [registry],
    async collect() {
      this.reset();
      const readings = await source.read().catch(() => undefined);
      // A gauge without labels shows 0 after a reset; a source that cannot answer must not look like zero.
      if (readings === undefined && source.labelNames === undefined) this.set(Number.NaN);
      for (const { labels = {}, value } of readings ?? []) this.set({ ...labels }, value);
    },
  });

const processGauges: readonly GaugeSource[] = [
  {
    name: "process_resident_memory_bytes",
    help: "Resident memory of this process.",
    read: async () => [{ value: process.memoryUsage.rss() }],
  },
  {
    name: "process_uptime_seconds",
    help: "Seconds since this process started.",
    read: async () => [{ value: process.uptime() }],
  },
];

/** One registry a process, made by compose.ts and handed down; there is no global one. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const webhookSeconds = new Histogram({
    name: "lockstep_webhook_duration_seconds",
    help: "Time from a webhook's arrival to our answer, by channel and outcome. `kept` = committed, then acknowledged.",
    labelNames: ["channel", "outcome"],
    buckets: bucketsSeconds,
    registers,
  });
  const webhooks = new Counter({
    name: "lockstep_webhook_acks_total",
    help: "Webhook requests answered, by channel and outcome.",
    labelNames: ["channel", "outcome"],
    registers,
  });
  const requests = new Counter({
    name: "lockstep_http_requests_total",
    help: "HTTP requests answered, by method, route pattern and status.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const requestSeconds = new Histogram({
    name: "lockstep_http_request_duration_seconds",
    help: "Time to answer an HTTP request, by method and route pattern.",
    labelNames: ["method", "route"],
    buckets: bucketsSeconds,
    registers,
  });
  const refusals = new Counter({
    name: "lockstep_access_refused_total",
    help: "Refused API keys and logins, by door and reason.",
    labelNames: ["door", "reason"],
    registers,
  });
  const registerGauges = (sources: readonly GaugeSource[]): void => {
    for (const source of sources) gaugeOf(registry, source);
  };
  registerGauges(processGauges);
  return {
    registry,
    webhookAnswered: ({ channel, outcome, seconds }) => {
      webhooks.inc({ channel, outcome });
      webhookSeconds.observe({ channel, outcome }, seconds);
    },
    requestServed: ({ method, route, status, seconds }) => {
      requests.inc({ method, route, status });
      requestSeconds.observe({ method, route }, seconds);
    },
    accessRefused: (door, reason) => refusals.inc({ door, reason }),
    registerGauges,
  };
};
