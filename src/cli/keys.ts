import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { Command } from "commander";
import { ZodError } from "zod";
import { createApiKey, listApiKeys, revokeApiKey, scopes } from "../access/api-keys.ts";
import { openApiDocument } from "../api/openapi.ts";
import { ExitError, type GlobalOptions, say, withRuntime } from "./context.ts";

const actor = (): string => `cli:${userInfo().username}`;

/** API keys, and the document that describes what they open. */
export const keyCommands = (program: Command): void => {
  const keys = program.command("api-key").description("keys for the HTTP API");
  keys
    .command("create")
    .description("make a key; it is shown once and kept nowhere")
    .argument("<name>", "for people: who uses it")
    .requiredOption("--scope <scope...>", scopes.join(", "))
    .action((name: string, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const options = command.optsWithGlobals<GlobalOptions & { scope: readonly string[] }>();
        const made = await createApiKey(
          { db, clock: jobDeps.clock, random: (count) => randomBytes(count) },
          { name, scopes: options.scope, actor: actor() },
        ).catch((error: unknown) => {
          if (!(error instanceof ZodError)) throw error;
          throw new ExitError(1, `${error.issues[0]?.message ?? "not usable"}; scopes are ${scopes.join(", ")}`);
        });
        say(options, { ...made.key, text: made.text }, made.text);
      }),
    );
  keys
    .command("list")
    .description("every key there is or was, without its text")
    .action((_options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db }) => {
        const rows = await listApiKeys(db);
        const text = rows.map(
          (row) =>
            `${row.prefix}  ${row.name}  ${row.scopes.join(",")}  ${row.revokedAt === null ? "in force" : `revoked ${row.revokedAt}`}`,
        );
        say(command.optsWithGlobals(), { keys: rows }, text.join("\n") || "no keys");
      }),
    );
  keys
    .command("revoke")
    .description("end a key; refused everywhere within 5 s")
    .argument("<prefix>")
    .action((prefix: string, _options, command: Command) =>
      withRuntime(command.optsWithGlobals<GlobalOptions>(), async ({ db, jobDeps }) => {
        const revoked = await revokeApiKey({ db, clock: jobDeps.clock }, { prefix, actor: actor() });
        if (!revoked) throw new ExitError(1, `no key "${prefix}" is in force; see lockstep api-key list`);
        say(command.optsWithGlobals(), { prefix, revoked }, `${prefix} is revoked`);
      }),
    );
  program
    .command("openapi")
    .description("print the OpenAPI 3.1 document of the HTTP API")
    .option("--write", "write it to openapi.json in this folder")
    .action((options: { write?: boolean }) => {
      const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
      if (options.write === true) writeFileSync("openapi.json", text);
      else process.stdout.write(text);
    });
};
