import pg from "pg";

// bigint columns arrive as strings by default. Ours are counts and ids far below 2^53; beyond it we want a crash, not a rounding.
const parseInt8 = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53`);
  return value;
};
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === 20) return parseInt8;
    // Timestamps stay text (ISO by the session's settings): Date would cut microseconds.
    if (oid === 1184) return (text: string) => text;
    return pg.types.getTypeParser(oid, format);
  }) as typeof pg.types.getTypeParser,
};

export type Db = {
  readonly pool: pg.Pool;
  close(): Promise<void>;
};

/** The server gives up a statement after this long. */
const statementMsMax = 30_000;
/** So much longer its answer is waited for. */
export const answerMarginMs = 10_000;
/** A connection that says nothing is asked for a sign of life after this long, and given up some ten seconds later. */
const keepAliveMs = 10_000;

export type DbOptions = {
  readonly url: string;
  readonly connectionsMax: number;
  readonly applicationName: string;
  /** Every session works as this role, of which the login is a member; undefined: as the login itself. */
  readonly role?: string | undefined;
  /** Called for errors of idle connections; without it they would end the process. */
  readonly onIdleError: (error: Error) => void;
  /**
   * A statement without an answer by then has failed, and its connection is given up: a server, or something on the way to
   * it, that is gone without a word would otherwise be waited for for ever. Default: longer than the server may take.
   */
  readonly answerMsMax?: number;
};

/** One pool a process. Waiting for a connection is bounded, so a full pool is an error the caller can answer. */
export const openDb = (options: DbOptions): Db => {
  const config: pg.PoolConfig & { readonly pipeline: boolean } = {
    connectionString: options.url,
    max: options.connectionsMax,
    application_name: options.applicationName,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    query_timeout: options.answerMsMax ?? statementMsMax + answerMarginMs,
    // Statements that are sent together share a round trip; each still stands on its own.
    pipeline: true,
    types,
    options: `-c statement_timeout=${statementMsMax} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c datestyle=ISO${options.role === undefined ? "" : ` -c role=${options.role}`}`,
  };
  const pool = new pg.Pool(config);
  pool.on("error", options.onIdleError);
  // A server that ends a connection the moment it is made says both in one packet: then nobody holds the client yet, and an
  // error that nobody listens for ends the process. Whoever gets the client learns of it by the first query.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return { pool, close: () => pool.end() };
};
