import type { CallContext, Connector, PushOutcome } from "./connector.ts";

/** What calls are for. Each class of an account fails, and heals, by itself. */
export const callClasses = ["push", "read", "orders", "import", "notifications", "setup"] as const;
export type CallClass = (typeof callClasses)[number];

export type Doing = {
  readonly accountId: string;
  readonly callClass: CallClass;
  /** With pushes: what our attempts are stored under. */
  readonly attemptKey: string | null;
};

/** Something done around every call of a connector. `isFailure`: an answer that says no more than an error would. */
export type Around = <Result>(
  doing: Doing,
  work: () => Promise<Result>,
  isFailure?: (result: Result) => boolean,
) => Promise<Result>;

/** Per listing the channel said nothing: as good as no answer at all. */
const saysNothing = (outcomes: readonly PushOutcome[]): boolean =>
  outcomes.length > 0 && outcomes.every(({ status }) => status === "unknown");

/** A stream's pieces, each fetched within `around`. */
const piecewise = async function* <Item>(
  around: (work: () => Promise<IteratorResult<Item>>) => Promise<IteratorResult<Item>>,
  open: () => AsyncIterable<Item>,
): AsyncGenerator<Item> {
  const pieces = open()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const piece = await around(() => pieces.next());
      if (piece.done === true) return;
      yield piece.value;
    }
  } finally {
    await pieces.return?.();
  }
};

/**
 * The same connector with something done around its calls. Webhooks are left as they are: they are the channel's calls,
 * not ours, and have a second to answer.
 */
export const aroundConnector = (connector: Connector, around: Around): Connector => {
  const doing = ({ accountId }: CallContext, callClass: CallClass, attemptKey: string | null = null): Doing => ({
    accountId,
    callClass,
    attemptKey,
  });
  const { notifications, channelStock, bulk, subscriptions, listingReport, readEverything } = connector;
  return {
    ...connector,
    pushQuantities: (batch, key, context) =>
      around(doing(context, "push", key), () => connector.pushQuantities(batch, key, context), saysNothing),
    readQuantities: (listings, context) =>
      around(doing(context, "read"), () => connector.readQuantities(listings, context)),
    importListings: (cursor, context) =>
      around(doing(context, "import"), () => connector.importListings(cursor, context)),
    pullOrders: (cursor, context) => around(doing(context, "orders"), () => connector.pullOrders(cursor, context)),
    fetchOrders: (refs, context) => around(doing(context, "orders"), () => connector.fetchOrders(refs, context)),
    check: (context) => around(doing(context, "setup"), () => connector.check(context)),
    ...(readEverything !== undefined && {
      readEverything: (context: CallContext) =>
        piecewise(
          (work) => around(doing(context, "import"), work),
          () => readEverything(context),
        ),
    }),
    ...(notifications !== undefined && {
      notifications: {
        receive: (context: CallContext) =>
          around(doing(context, "notifications"), () => notifications.receive(context)),
        acknowledge: (handles: readonly string[], context: CallContext) =>
          around(doing(context, "notifications"), () => notifications.acknowledge(handles, context)),
      },
    }),
    ...(channelStock !== undefined && {
      channelStock: {
        read: (context: CallContext) => around(doing(context, "import"), () => channelStock.read(context)),
      },
    }),
    ...(bulk !== undefined && {
      bulk: {
        doors: (requests) => bulk.doors(requests),
        submit: (writes, key, context) => around(doing(context, "push", key), () => bulk.submit(writes, key, context)),
        settle: (receipt, refs, context) => around(doing(context, "read"), () => bulk.settle(receipt, refs, context)),
      } satisfies Connector["bulk"],
    }),
    ...(subscriptions !== undefined && {
      subscriptions: {
        audit: (context: CallContext) => around(doing(context, "setup"), () => subscriptions.audit(context)),
        ensure: (context: CallContext) => around(doing(context, "setup"), () => subscriptions.ensure(context)),
      },
    }),
    ...(listingReport !== undefined && {
      listingReport: {
        request: (context) => around(doing(context, "import"), () => listingReport.request(context)),
        progress: (token, context) => around(doing(context, "import"), () => listingReport.progress(token, context)),
        rows: (token, context) =>
          piecewise(
            (work) => around(doing(context, "import"), work),
            () => listingReport.rows(token, context),
          ),
      } satisfies Connector["listingReport"],
    }),
  };
};
