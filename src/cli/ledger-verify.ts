import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Command, InvalidArgumentError } from "commander";
import { headFilesOf } from "../config/head-files.ts";
import { systemClock } from "../core/clock.ts";
import { ExportError, exportLog } from "../ledger/log/export-log.ts";
import type { HeadToJudge } from "../ledger/log/judge-heads.ts";
import { newestHead } from "../ledger/log/log-rows.ts";
import { parsePublicKey } from "../ledger/log/note.ts";
import { parseHeadLine } from "../ledger/log/outside-heads.ts";
import { readLines } from "../ledger/log/read-lines.ts";
import { type VerifyResult, verifyExport } from "../ledger/log/verify-export.ts";
import { verifyLive } from "../ledger/log/verify-live.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";

const wholeNumber = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
};
const aPublicKey = (text: string, before: readonly string[] | undefined): readonly string[] => {
  if (parsePublicKey(text) === undefined)
    throw new InvalidArgumentError("is no public key as lockstep ledger public-key prints it");
  return [...(before ?? []), text];
};
const aTime = (text: string): string => {
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError("must be a time in ISO 8601");
  return text;
};

/** At most once a second, on stderr: stdout holds the result alone. */
const progressLine = (what: string): ((done: number, of: number) => void) => {
  let saidAtMs = systemClock.monotonicMs();
  return (done, of) => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - saidAtMs < 1_000) return;
    saidAtMs = nowMs;
    process.stderr.write(`${what} ${done.toLocaleString("en")} of ${of.toLocaleString("en")}\n`);
  };
};

/** The heads of a file, in its order; lines that are none are left out, for a crash may have torn one. */
const readHeadFile = async (path: string, mustExist: boolean): Promise<readonly HeadToJudge[]> => {
  const heads: HeadToJudge[] = [];
  try {
    for await (const line of readLines(createReadStream(path))) {
      const head = parseHeadLine(line);
      if (head !== undefined) heads.push(head);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && !mustExist) return [];
    if ((error as Error).name !== "LinesError") throw new ExitError(1, `${path}: ${(error as Error).message}`);
  }
  return heads;
};

const tellVerdict = (options: GlobalOptions, what: string, result: VerifyResult): void => {
  const notes = [
    `${what}: ${result.entries.toLocaleString("en")} entries of a tree of ${result.treeSize.toLocaleString("en")}, ${result.headsChecked} heads`,
    ...(result.headsOfOtherKeys > 0
      ? [`${result.headsOfOtherKeys} heads are signed by keys that are not trusted here`]
      : []),
    ...(result.headsGivenUp > 0 ? [`${result.headsGivenUp} heads were given up by accepted rewinds`] : []),
    ...result.problems.map((problem) => `FAIL ${problem}`),
    result.ok ? "ok" : "not ok",
  ];
  if (!result.ok) throw new ExitError(1, notes.join("\n"), result);
  say(options, result, notes.join("\n"));
};

type VerifyOptions = GlobalOptions & {
  readonly heads?: readonly string[];
  readonly publicKey?: readonly string[];
  readonly since?: string;
};

const verify = async (file: string | undefined, options: VerifyOptions): Promise<void> => {
  const onProgress = progressLine("verified");
  const publicKeys = options.publicKey ?? [];
  if (file !== undefined) {
    const lists = [];
    for (const path of options.heads ?? []) lists.push(await readHeadFile(path, true));
    const lines = readLines(createReadStream(file));
    const result = await verifyExport(lines, { publicKeys, outside: lists.flat(), onProgress }).catch(
      (error: Error) => {
        throw new ExitError(1, `${file}: ${error.message}`);
      },
    );
    if (publicKeys.length === 0)
      process.stderr.write("the public key is the file's own: give --public-key to trust only yours\n");
    return tellVerdict(options, file, result);
  }
  return withRuntime(options, async ({ db, jobDeps }, settings) => {
    const outside = [];
    for (const path of options.heads ?? headFilesOf(settings))
      outside.push({ path, heads: await readHeadFile(path, options.heads !== undefined) });
    const trusted = [jobDeps.signer.publicKey, ...publicKeys];
    const result = await verifyLive(db, { publicKeys: trusted, outside, since: options.since, onProgress });
    tellVerdict(options, "the database", result);
  });
};

type ExportOptions = GlobalOptions & { readonly out?: string; readonly from?: number; readonly to?: number };

const writeExport = (options: ExportOptions): Promise<void> =>
  withRuntime(options, async ({ db }) => {
    const onProgress = progressLine("exported");
    const total = options.to ?? (await newestHead(db))?.size ?? 0;
    let lines = 0;
    const chunks = async function* (): AsyncGenerator<string> {
      for await (const line of exportLog(db, { from: options.from, to: options.to })) {
        yield `${line}\n`;
        lines += 1;
        onProgress(lines, total - (options.from ?? 0));
      }
    };
    try {
      if (options.out !== undefined) {
        await pipeline(chunks, createWriteStream(options.out));
        say(options, { out: options.out, lines }, `${lines} lines written to ${options.out}`);
        return;
      }
      for await (const chunk of chunks()) if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
    } catch (error) {
      // Whoever reads has enough (a pipe into head).
      if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
      if (error instanceof ExportError) throw new ExitError(1, error.message);
      throw error;
    }
  });

/** The log as a file, and its verification, with and without a database. */
export const verifyCommands = (ledger: Command): void => {
  ledger
    .command("export")
    .description("write the log as JSON lines that can be verified without the database")
    .option("--out <file>", "where to; default: standard output")
    .option("--from <leaf>", "first leaf", wholeNumber)
    .option("--to <leaf>", "the leaf after the last one", wholeNumber)
    .action((_options, command: Command) => writeExport(command.optsWithGlobals<ExportOptions>()));
  ledger
    .command("verify")
    .description(
      "verify an export without a database, or (without a file) the database itself; names the first bad entry",
    )
    .argument("[file]", "an export")
    .option("--heads <file...>", "tree heads that were kept outside")
    .option("--public-key <key>", "a key to trust; may be given again", aPublicKey)
    .option("--since <time>", "without a file: movements recorded earlier may have been let go", aTime)
    .action((file: string | undefined, _options, command: Command) =>
      verify(file, command.optsWithGlobals<VerifyOptions>()),
    );
};
