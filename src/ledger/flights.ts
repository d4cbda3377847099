import type { Db } from "../db/pool.ts";
import type { HotStatement } from "../db/sql.ts";
import { openStatementLine, type StatementLine } from "../db/transaction.ts";

export type Landing = {
  /** It is committed; the database's clock. */
  landed(clockAt: string): void;
  /** It may not be there. Called after all that was under way has ended, in the order of sending. Must not reject. */
  failed(): Promise<void>;
};

/** Batches on their way over one connection, one behind the other: while one commits the next is there already. */
export interface Flights {
  readonly count: number;
  send(statement: HotStatement, size: number, landing: Landing): void;
  /** Resolves when another may be sent: now, or when one has landed, or when what waits is worth a flight of its own. */
  room(waiting: () => number): Promise<void>;
  /** So many wait now. */
  grew(waiting: number): void;
  /** Resolves when all have ended, the failed ones too, and gives the connection back. */
  end(): Promise<void>;
}

/** One that commits and one behind it: a third would only wait, and could be larger by then. */
const flightsMax = 2;
/** What a batch costs however small it is: fewer are better off with those who ask while the one under way commits. */
export const besideFrom = 24;

type Flight = { readonly size: number; readonly done: Promise<void> };

export const createFlights = (db: Db): Flights => {
  let flights: readonly Flight[] = [];
  let failed: Landing[] = [];
  let line: Promise<StatementLine> | undefined;
  let wake: (() => void) | undefined;

  /** Behind one that is under way goes only a batch about as large, else the two would soon be a large one and a tiny one. */
  const isWorthIt = (waiting: number): boolean => {
    const last = flights.at(-1);
    return (
      last === undefined ||
      (flights.length < flightsMax && failed.length === 0 && waiting >= Math.max(besideFrom, last.size / 2))
    );
  };

  const fly = async (statement: HotStatement, landing: Landing): Promise<void> => {
    try {
      line ??= openStatementLine(db);
      const [row] = (await (await line).send(statement)) as readonly { readonly clockAt: string }[];
      landing.landed((row as { readonly clockAt: string }).clockAt);
    } catch {
      failed.push(landing);
    }
  };

  const end = async (): Promise<void> => {
    await Promise.all(flights.map(({ done }) => done));
    const opened = line;
    line = undefined;
    // Before anything is posted again: that takes a connection of its own.
    await opened?.then(
      (one) => one.close(),
      () => undefined,
    );
    const again = failed;
    failed = [];
    for (const landing of again) await landing.failed();
  };

  return {
    get count() {
      return flights.length;
    },
    send: (statement, size, landing) => {
      const flight: Flight = {
        size,
        done: fly(statement, landing).then(() => {
          flights = flights.filter((one) => one !== flight);
          wake?.();
        }),
      };
      flights = [...flights, flight];
    },
    room: async (waiting) => {
      while (!isWorthIt(waiting())) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
      if (failed.length > 0) await end();
    },
    grew: (waiting) => {
      if (wake !== undefined && isWorthIt(waiting)) wake();
    },
    end,
  };
};
