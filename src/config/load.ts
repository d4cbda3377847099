import { z } from "zod";
import type { Complaint } from "./complaint.ts";
import { crossChecks } from "./cross-checks.ts";
import { readEnvironment } from "./environment.ts";
import { FileFields } from "./file-schema.ts";
import { literalSecrets } from "./literal-secrets.ts";
import { findConfigFile, readConfigFile } from "./read-file.ts";
import { type Environment, resolveReferences } from "./references.ts";
import type { Settings } from "./settings.ts";
import { toSettings } from "./to-settings.ts";
import { warningsOf } from "./warnings.ts";
import { zodComplaints } from "./zod-complaints.ts";

export type LoadRequest = {
  /** From `--config`; must exist. Else LOCKSTEP_CONFIG, else `lockstep.yaml`, `.yml` or `.json` in `cwd`, else no file. */
  readonly configPath?: string | undefined;
  /** The process's own when left out: the only place of the project that looks at it. */
  readonly env?: Environment;
  readonly cwd?: string;
};

export type LoadedSettings =
  /** `warnings`: would start, but is probably not meant. */
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Complaint[] }
  | {
      readonly ok: false;
      readonly configPath: string | undefined;
      readonly complaints: readonly Complaint[];
      /** What the file says of its accounts, as far as it can be read, in its order. */
      readonly accounts: readonly { readonly id: string; readonly channel: string }[];
    };

const Named = z.object({ id: z.string().catch(""), channel: z.string().catch("") }).catch({ id: "", channel: "" });
const accountsOf = (tree: unknown): z.infer<typeof Named>[] =>
  z
    .object({ accounts: z.array(Named) })
    .catch({ accounts: [] })
    .parse(tree).accounts;

/** Reads and checks everything a process is told from outside; never throws for bad settings, and says all at once. */
export const loadSettings = (request: LoadRequest = {}): LoadedSettings => {
  const env = request.env ?? process.env;
  const cwd = request.cwd ?? process.cwd();
  const surroundings = readEnvironment(env, cwd);
  const configPath = findConfigFile(request.configPath ?? (env["LOCKSTEP_CONFIG"] || undefined), cwd);
  const file = readConfigFile(configPath);
  if (file.complaints.length > 0) {
    return { ok: false, configPath, complaints: [...file.complaints, ...surroundings.complaints], accounts: [] };
  }
  const { tree, complaints: unresolved, referenced } = resolveReferences(file.parsed, env);
  const parsed = FileFields.safeParse(tree);
  const firstHand = [...unresolved, ...literalSecrets(tree, referenced)];
  const complained = new Set(firstHand.map((complaint) => complaint.path));
  const complaints = [
    ...surroundings.complaints,
    ...firstHand,
    // A missing variable also leaves its setting empty: said once is enough.
    ...(parsed.success ? [] : zodComplaints(parsed.error, tree)).filter(({ path }) => !complained.has(path)),
    ...crossChecks(tree).filter(({ path }) => !complained.has(path)),
  ];
  if (!parsed.success || complaints.length > 0)
    return { ok: false, configPath, complaints, accounts: accountsOf(tree) };
  const settings = toSettings(parsed.data, surroundings.values, configPath);
  return { ok: true, settings, warnings: warningsOf(settings) };
};
