import { defineConfig } from "vitest/config";

const withServers = { globalSetup: ["test/support/servers.ts"] };

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts", "test/*.test.ts"], testTimeout: 20_000 } },
      { test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: { name: "integration", include: ["test/integration/**/*.test.ts"], testTimeout: 90_000, hookTimeout: 120_000, ...withServers },
      },
      {
        test: { name: "scenarios", include: ["test/scenarios/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 180_000, ...withServers },
      },
    ],
  },
});
