import { openMarket } from "../../support/toy/open-market.ts";
import { holdLaws } from "../laws/hold-laws.ts";
import { hastyClock, orderLagMs } from "../laws/subject.ts";

/** A fourth channel: what CONTRIBUTING asks for, and not a line of the rooms above the connectors. */
holdLaws({ name: "toy", without: [], open: (plan) => Promise.resolve(openMarket(plan, hastyClock, orderLagMs)) });
