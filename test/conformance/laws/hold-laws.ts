import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countOf } from "../count.ts";
import { countedFaults, type FaultName, faults } from "./faults.ts";
import { laws } from "./laws.ts";
import type { Opened, Subject } from "./subject.ts";

/** Every law against every fault that the channel can have. One channel a fault: its laws run one after the other. */
export const holdLaws = (subject: Subject): void => {
  const count = countOf(subject.name);
  for (const fault of Object.keys(faults) as FaultName[]) {
    if (subject.without.includes(fault)) continue;
    describe(`${subject.name}: ${fault}`, () => {
      let opened: Opened;
      beforeAll(async () => {
        opened = await subject.open(faults[fault]);
      });
      afterAll(async () => {
        count("contract-validated requests", opened.channel.counters().requests);
        await opened.close();
      });
      const due = laws.filter(({ concerns }) => concerns?.(fault) ?? true);
      test.for(due)("$name", async (law, { task }) => {
        Object.assign(task.meta, { law: law.name, fault, channel: subject.name });
        await law.hold(opened, fault);
        expect(opened.channel.violations()).toEqual([]);
      });
      test("the fault has struck, and no request broke the channel's contract", ({ task }) => {
        Object.assign(task.meta, { law: "the fault has struck", fault, channel: subject.name });
        const { faults: struck, requests, contractViolations } = opened.channel.counters();
        expect(requests).toBeGreaterThan(20);
        expect(contractViolations).toBe(0);
        if (countedFaults.has(fault)) expect(struck[fault] ?? 0).toBeGreaterThan(0);
      });
    });
  }
};
