import type { CheckFinding } from "../connectors/connector.ts";

/** A line a finding: what was looked at, what was found, and what to do about it. */
export const findingLines = (account: string, findings: readonly CheckFinding[]): readonly string[] =>
  findings.map(({ check, ok, detail, fix }) => {
    const told = fix === undefined ? "" : ` – ${fix}`;
    return `${ok ? "ok  " : "FAIL"} ${account} ${check}: ${detail}${told}`;
  });
