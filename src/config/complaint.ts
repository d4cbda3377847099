/** One thing wrong with the settings: where, what, and a sentence that an operator can follow. Never holds a secret. */
export type Complaint = {
  /** `accounts[0].credentials.client_id` in the file, `environment.PORT` for a variable, `file` for the file itself. */
  readonly path: string;
  readonly problem: string;
  readonly fix: string;
};

export type SettingsPath = readonly PropertyKey[];

/** `["accounts", 0, "id"]` → `accounts[0].id`. */
export const pathText = (path: SettingsPath): string =>
  path.map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${String(part)}`)).join("") ||
  "file";

/** All complaints as one block for a terminal. `source` is the file they are about, if there is one. */
export const complaintsText = (complaints: readonly Complaint[], source: string | undefined): string => {
  const count = complaints.length === 1 ? "1 problem" : `${complaints.length} problems`;
  const lines = complaints.flatMap(({ path, problem, fix }) => ["", `  ${path}`, `    ${problem}`, `    fix: ${fix}`]);
  return [`${count} in the settings${source === undefined ? "" : ` (${source})`}:`, ...lines].join("\n");
};

/** The same for programs: `{ source, complaints: [{ path, problem, fix }] }`. */
export const complaintsJson = (complaints: readonly Complaint[], source: string | undefined): string =>
  JSON.stringify({ source: source ?? null, complaints });
