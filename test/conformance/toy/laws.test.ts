import { createToyConnector } from "../../support/toy/connector.ts";
import { marketSecret, ToyMarket } from "../../support/toy/market.ts";
import { holdLaws } from "../laws/hold-laws.ts";
import { hastyClock, orderLagMs } from "../laws/subject.ts";

/** A fourth channel: what CONTRIBUTING asks for, and not a line of the rooms above the connectors. */
const address = "https://lockstep.example.com/webhooks/toy/market";

holdLaws({
  name: "toy",
  without: [],
  open(plan) {
    const market = new ToyMarket(plan);
    const wire = market.ask.bind(market);
    const settings = { address, secret: marketSecret, orderLagMs, orderOverlapMs: 60_000 };
    return Promise.resolve({
      connector: createToyConnector(wire, settings, hastyClock),
      context: { accountId: "market", signal: new AbortController().signal },
      channel: market,
      setFaults: async (faults) => {
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
    });
  },
});
