import { userInfo } from "node:os";
import { InvalidArgumentError } from "commander";
import type { z } from "zod";
import { writeAudit } from "../access/audit.ts";
import { toIso } from "../core/clock.ts";
import type { Answer } from "../ledger/answers.ts";
import type { Command } from "../ledger/commands.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";

export type WriteOptions = GlobalOptions & { readonly key?: string; readonly reason?: string };
export const keyOption = ["--key <key>", "idempotency key: the same one twice does it once"] as const;

export const wholeNumber = (text: string): number => {
  if (!/^[+-]?\d{1,10}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
};

/** What the command line was given, as the ledger's type. Errors: `ExitError` 1 with the name and the reason. */
export const checked = <Schema extends z.ZodType>(schema: Schema, name: string, value: unknown): z.infer<Schema> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ExitError(1, `${name}: ${result.error.issues[0]?.message ?? "not usable"}`);
};

type Wish<One> = One extends unknown ? Omit<One, "key" | "actor" | "occurredAt"> : never;

const subjectOf = (wish: Wish<Command>): string => {
  if ("reservationId" in wish) return wish.reservationId;
  return "transferId" in wish ? wish.transferId : wish.sku;
};

const textOf = (answer: Exclude<Answer, { status: "refused" }>): string => {
  if ("transfer" in answer) {
    const { id, sku, fromLocationId, toLocationId, sentUnits, receivedUnits, lostUnits, returnedUnits } =
      answer.transfer;
    const underWay = sentUnits - receivedUnits - lostUnits - returnedUnits;
    return `transfer ${id} of ${sku} from ${fromLocationId} to ${toLocationId}: ${sentUnits} sent, ${receivedUnits} received, ${lostUnits} lost, ${returnedUnits} returned, ${underWay} under way`;
  }
  if ("reservation" in answer) return reservationText(answer.reservation);
  const { level } = answer;
  const incoming = level.incoming === 0 ? "" : `${level.incoming} incoming, `;
  return `${answer.sku} at ${answer.locationId}: ${level.onHand} on hand, ${level.reserved} reserved, ${incoming}${level.available} available`;
};

type Reservation = Extract<Answer, { reservation: unknown }>["reservation"];

export const reservationText = ({ id, state, expiresAt, lines }: Reservation): string => {
  const parts = lines.map(
    (line) =>
      `${line.heldUnits} of ${line.askedUnits} ${line.sku} at ${line.locationId} (${line.committedUnits} committed, ${line.releasedUnits} released)`,
  );
  return `reservation ${id} is ${state}, ${expiresAt === null ? "without end" : `until ${expiresAt}`}: ${parts.join(", ")}`;
};

/** Puts one command to the ledger and says its answer; refused is exit code 1. Who asked is on record before. */
export const submitWish = (options: WriteOptions, wish: Wish<Command>): Promise<void> =>
  withRuntime(options, async ({ db, ledger, jobDeps }) => {
    const at = toIso(jobDeps.clock.now());
    const key = `cli:${options.key ?? jobDeps.ids()}`;
    const actor = `cli:${userInfo().username}`;
    await writeAudit(db, { at, actor, action: `stock.${wish.kind}`, subject: subjectOf(wish), detail: { key } });
    const answer = await ledger.submit<Command>({ ...wish, key, actor, occurredAt: at });
    if (answer.status === "refused") throw new ExitError(1, `refused: ${answer.detail} (${answer.field})`, answer);
    say(options, answer, textOf(answer));
  });
