/** What a plan would do to a listing, the gravest first. */
export const planGroups = [
  "zeroing",
  "not-in-ledger",
  "raise",
  "lowering",
  "unchanged",
  "unreadable",
  "unmapped",
] as const;
export type PlanGroup = (typeof planGroups)[number];

/** Groups that a plan writes. What the ledger does not hold at the account's location would be set to 0. */
export const writtenGroups = ["zeroing", "not-in-ledger", "raise", "lowering"] as const satisfies readonly PlanGroup[];
export const isWritten = (group: PlanGroup): boolean => writtenGroups.some((written) => written === group);

export type LineFigures = {
  /** Null = the channel told no number. */
  readonly shownUnits: number | null;
  /** Null = the listing is not linked to a SKU. */
  readonly wantedUnits: number | null;
  /** Every SKU that the listing sells has a level at the account's location. */
  readonly inLedger: boolean;
};

/** Pure. */
export const groupOf = ({ shownUnits, wantedUnits, inLedger }: LineFigures): PlanGroup => {
  if (wantedUnits === null) return "unmapped";
  if (shownUnits === null) return "unreadable";
  if (shownUnits === wantedUnits) return "unchanged";
  if (!inLedger) return "not-in-ledger";
  if (wantedUnits === 0) return "zeroing";
  return wantedUnits < shownUnits ? "lowering" : "raise";
};

export type PlannedLine = LineFigures & { readonly group: PlanGroup };

export type GroupCount = {
  readonly listings: number;
  /** Of all merchant's listings of the account. */
  readonly sharePercent: number;
  readonly shownUnits: number;
  readonly wantedUnits: number;
};

const rounded = (percent: number): number => Math.round(percent * 100) / 100;
export const shareOf = (count: number, all: number): number => (all === 0 ? 0 : rounded((100 * count) / all));

/** How many listings each group has, and their units before and after. Pure. */
export const countGroups = (lines: readonly PlannedLine[]): Readonly<Record<PlanGroup, GroupCount>> => {
  const count = (group: PlanGroup): GroupCount => {
    const of = lines.filter((line) => line.group === group);
    return {
      listings: of.length,
      sharePercent: shareOf(of.length, lines.length),
      shownUnits: of.reduce((sum, { shownUnits }) => sum + (shownUnits ?? 0), 0),
      wantedUnits: of.reduce((sum, { wantedUnits }) => sum + (wantedUnits ?? 0), 0),
    };
  };
  return {
    zeroing: count("zeroing"),
    "not-in-ledger": count("not-in-ledger"),
    raise: count("raise"),
    lowering: count("lowering"),
    unchanged: count("unchanged"),
    unreadable: count("unreadable"),
    unmapped: count("unmapped"),
  };
};
