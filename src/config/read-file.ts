import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import type { Complaint } from "./complaint.ts";
import { hasMaskCharacters, maskReferences, unmask } from "./references.ts";

export type FileRead = {
  /** Undefined: no file was named and none lies in the folder. */
  readonly configPath: string | undefined;
  /** The parsed file with references still masked (`resolveReferences` is next); `{}` without a file. */
  readonly parsed: unknown;
  readonly complaints: readonly Complaint[];
};

const defaultNames = ["lockstep.yaml", "lockstep.yml", "lockstep.json"];
/** Settings are written by hand; something larger is the wrong file. */
const fileBytesMax = 1024 * 1024;

/** `named`: from `--config` or LOCKSTEP_CONFIG; must exist. Otherwise the first default name that lies in `cwd`. */
export const findConfigFile = (named: string | undefined, cwd: string): string | undefined =>
  named === undefined
    ? defaultNames.map((name) => resolve(cwd, name)).find((path) => existsSync(path))
    : resolve(cwd, named);

const wrongFile = (configPath: string, problem: string, fix: string): FileRead => ({
  configPath,
  parsed: undefined,
  complaints: [{ path: "file", problem, fix }],
});

/** Reads and parses YAML or JSON (which is YAML too). Messages name line and column and never quote the text. */
export const readConfigFile = (configPath: string | undefined): FileRead => {
  if (configPath === undefined) return { configPath, parsed: {}, complaints: [] };
  let text: string;
  try {
    text = readFileSync(configPath, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    return wrongFile(
      configPath,
      `cannot be read (${code})`,
      "name an existing, readable file with --config or LOCKSTEP_CONFIG",
    );
  }
  if (Buffer.byteLength(text) > fileBytesMax) {
    return wrongFile(configPath, "is larger than 1 MiB", "name the settings file, not another one");
  }
  if (hasMaskCharacters(text)) {
    return wrongFile(configPath, "holds a private-use character (U+E000 to U+E002)", "remove it: no setting needs one");
  }
  return parse(configPath, text);
};

const parse = (configPath: string, text: string): FileRead => {
  const document = parseDocument(maskReferences(text), { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) {
    const complaints = document.errors.map((error) => {
      const where = error.linePos?.[0];
      // Only the first line of the message: what follows quotes the file, and with it perhaps a secret.
      const message = unmask(error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:$/, "");
      return {
        path: "file",
        problem: `line ${where?.line ?? "?"}, column ${where?.col ?? "?"}: ${message}`,
        fix: "correct the YAML there; check indentation, quotes and brackets",
      };
    });
    return { configPath, parsed: undefined, complaints };
  }
  try {
    return { configPath, parsed: document.toJS({ maxAliasCount: 100 }) ?? {}, complaints: [] };
  } catch {
    return wrongFile(
      configPath,
      "uses an unknown alias or too many aliases",
      "write the settings out instead of *aliases",
    );
  }
};
