import { defineConfig } from "vitest/config";

const withServers = { globalSetup: ["test/support/servers.ts"] };

/**
 * Unit and conformance tests wait more than they work: two at a time. Then, one after the other, what brings a database and
 * whole processes with it. A group begins when the one before has ended.
 */
const group = (groupOrder: number, maxWorkers: number) => ({ maxWorkers, sequence: { groupOrder } });

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        test: { name: "unit", include: ["test/unit/**/*.test.ts", "test/*.test.ts"], testTimeout: 20_000, ...group(0, 2) },
      },
      { test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], testTimeout: 60_000, ...group(1, 2) } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 90_000,
          hookTimeout: 120_000,
          ...withServers,
          ...group(2, 1),
        },
      },
      {
        test: {
          name: "scenarios",
          include: ["test/scenarios/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          ...withServers,
          ...group(3, 1),
        },
      },
    ],
  },
});
