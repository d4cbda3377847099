import { userInfo } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { ensureSecretKey } from "../config/secret-key.ts";
import { toIso } from "../core/clock.ts";
import { keepHeadsOutside } from "../ledger/log/keep-heads.ts";
import { newestHead } from "../ledger/log/log-rows.ts";
import { proveConsistency, proveInclusion } from "../ledger/log/prove.ts";
import { acceptRewind, openRewind } from "../ledger/log/rewind.ts";
import { signerOf } from "../ledger/log/signing-key.ts";
import { listAccounts } from "../sync/accounts.ts";
import { readCursor } from "../sync/cursors.ts";
import { ExitError, type GlobalOptions, say, settingsOf, withRuntime } from "./context.ts";
import { verifyCommands } from "./ledger-verify.ts";

const wholeNumber = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
};
const base64 = (bytes: Buffer): string => bytes.toString("base64");

type AcceptOptions = GlobalOptions & { readonly yes?: boolean; readonly force?: boolean };

const accept = (options: AcceptOptions): Promise<void> =>
  withRuntime(options, async ({ db, jobDeps }) => {
    const rewind = await openRewind(db);
    if (rewind === undefined) return say(options, { rewind: null, done: false }, "no rewind waits to be accepted");
    const unread: string[] = [];
    for (const { id } of await listAccounts(db)) {
      const { watermark } = await readCursor(db, id, "orders");
      if (watermark === null || Date.parse(watermark) < Date.parse(rewind.detectedAt)) unread.push(id);
    }
    const { detectedAt, reason, outsideSize, treeSize } = rewind;
    const told = { detectedAt, reason, outsideSize, treeSize, ordersNotReadYet: unread };
    const wait = unread.length === 0 ? "" : `\norders since ${detectedAt} are not read yet of: ${unread.join(", ")}`;
    if (options.yes !== true)
      return say(
        options,
        { rewind: told, done: false },
        `${detectedAt}: ${reason}${wait}\nPushes are frozen. Book again what was booked by hand since, then add --yes to let them go on.`,
      );
    if (unread.length > 0 && options.force !== true)
      throw new ExitError(1, `not accepted${wait}\nwait for them, or add --force`, { rewind: told, done: false });
    const done = await acceptRewind(jobDeps, {
      rewind,
      actor: `cli:${userInfo().username}`,
      now: toIso(jobDeps.clock.now()),
    });
    if (!done) throw new ExitError(1, "a sealer is at work just now: run it again");
    await keepHeadsOutside(jobDeps);
    for (const { id } of await listAccounts(db)) jobDeps.wake("push-account", { accountId: id });
    return say(
      options,
      { rewind: told, done: true },
      `accepted: the log goes on from ${treeSize} movements; pushes go on`,
    );
  });

/** The ledger's log: heads, proofs, export, verification. */
export const ledgerLogCommands = (program: Command): void => {
  const ledger = program.commands.find((command) => command.name() === "ledger") ?? program.command("ledger");
  ledger
    .command("head")
    .description("the newest signed tree head")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const head = await newestHead(db);
        if (head === undefined) throw new ExitError(1, "nothing has been sealed yet");
        const { size, root, signedAt, note, publicKey } = head;
        say(command.optsWithGlobals(), { size, root: base64(root), signedAt, note, publicKey }, note.trimEnd());
      }),
    );
  ledger
    .command("public-key")
    .description("the key that tree heads are signed with now; keep it where the database is not")
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { publicKey } = signerOf(ensureSecretKey(settingsOf(options)).key);
      say(options, { publicKey }, publicKey);
    });
  ledger
    .command("prove")
    .description("prove that a movement is in the log")
    .argument("<movement>", "its id", wholeNumber)
    .action((movement: number, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const proof = await proveInclusion(db, movement);
        if (proof === undefined) throw new ExitError(1, `there is no movement ${movement}, or it is not sealed yet`);
        const { leafIndex, treeSize, entry, head } = proof;
        const path = proof.path.map(base64);
        const json = { movement, leafIndex, treeSize, entry, leafHash: base64(proof.leafHash), path, head: head.note };
        const text = [
          `leaf ${leafIndex} of ${treeSize}`,
          entry,
          ...path.map((hash) => `  ${hash}`),
          "",
          head.note.trimEnd(),
        ];
        say(command.optsWithGlobals(), json, text.join("\n"));
      }),
    );
  ledger
    .command("consistency")
    .description("prove that the log of one size continues that of a smaller one")
    .argument("<from>", "the smaller size", wholeNumber)
    .argument("[to]", "the larger size; default: that of the newest head", wholeNumber)
    .action((from: number, to: number | undefined, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const size = (await newestHead(db))?.size ?? 0;
        const second = to ?? size;
        if (from > second || second > size)
          throw new ExitError(1, `the log holds ${size}: ${from} to ${second} does not fit`);
        const proof = await proveConsistency(db, from, second);
        const path = proof.path.map(base64);
        const roots = { fromRoot: base64(proof.fromRoot), toRoot: base64(proof.toRoot) };
        say(
          command.optsWithGlobals(),
          { from, to: second, ...roots, path },
          [roots.fromRoot, roots.toRoot, ...path].join("\n"),
        );
      }),
    );
  verifyCommands(ledger);
  ledger
    .command("accept-rewind")
    .description("let pushes go on after the database was found rewound; without --yes only says what is known")
    .option("--yes", "do it")
    .option("--force", "even though not all orders have been read since")
    .action((_options, command: Command) => accept(command.optsWithGlobals<AcceptOptions>()));
};
