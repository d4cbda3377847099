import type { ChannelSummary, Summary } from "./summary.ts";

const matrixOf = ({ laws }: ChannelSummary): readonly string[] =>
  Object.entries(laws).map(([law, row]) => {
    const broken = Object.entries(row).filter(([, cell]) => cell !== "held");
    const told = broken.map(([fault, cell]) => `${cell} with ${fault}`).join(", ");
    return `    ${broken.length === 0 ? "ok  " : "FAIL"} ${law}: ${Object.keys(row).length} faults${told && `; ${told}`}`;
  });

const linesOf = ([name, channel]: readonly [string, ChannelSummary]): readonly string[] => [
  `${name}: ${channel.passed} passed, ${channel.failed} failed, ${channel.skipped} skipped`,
  `  ${channel.contractValidatedRequests} contract-validated requests of ${Object.keys(channel.operations).length} operations, ` +
    `${channel.sandboxPairs} sandbox pairs and ${channel.recordedAnswers} recorded answers replayed, ${channel.vectors} vectors checked`,
  `  laws × faults: ${channel.lawsHeld} held, ${channel.lawsBroken} broken`,
  ...matrixOf(channel),
  ...channel.notes.map((note) => `  ${note}`),
  ...channel.failures.map((failure) => `  FAIL ${failure}`),
];

export const textOf = (summary: Summary): string =>
  [
    ...Object.entries(summary.channels).flatMap(linesOf),
    `${summary.ok ? "ok" : "FAIL"}: ${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`,
  ].join("\n");
