const violationsKeptMax = 1_000;

/** Counts what came in and keeps what broke the contract. */
export class Gate {
  requests = 0;
  throttled = 0;
  contractViolations = 0;
  /** Method and path of the request being executed. */
  current = "";
  readonly violations: string[] = [];

  /** Counted always; the text is kept of the first thousand. */
  complain(at: string, complaint: string): void {
    this.contractViolations += 1;
    if (this.violations.length < violationsKeptMax) this.violations.push(`${at}: ${complaint}`);
  }
}
