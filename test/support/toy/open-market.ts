import type { Clock } from "../../../src/core/clock.ts";
import type { FaultPlan } from "../../../src/simulators/kit/faults.ts";
import { createToyConnector } from "./connector.ts";
import { marketSecret, ToyMarket } from "./market.ts";

const address = "https://lockstep.example.com/webhooks/toy/market";

/** The made-up market and its connector, wired. */
export const openMarket = (plan: FaultPlan, clock: Clock, orderLagMs: number) => {
  const market = new ToyMarket(plan);
  const settings = { address, secret: marketSecret, orderLagMs, orderOverlapMs: 60_000 };
  return {
    channel: market,
    connector: createToyConnector(market.ask.bind(market), settings, clock),
    context: { accountId: "market", signal: new AbortController().signal },
    setFaults: async (faults: FaultPlan): Promise<void> => {
      market.faults.plan = faults;
    },
    received: () =>
      market.delivered.map(({ body, signature }) => ({
        method: "POST",
        url: address,
        headers: { "x-toy-signature": signature },
        body: Buffer.from(body),
      })),
    close: () => market.close(),
  };
};
