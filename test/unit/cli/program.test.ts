import { expect, test } from "vitest";
import { createProgram } from "../../../src/cli/program.ts";

test("every command of stock has a name of its own and says what it does", () => {
  const described = new Map(createProgram().commands.map((command) => [command.name(), command.description()]));
  const stock = "stock at receive adjust count expect return correct transfer";
  const reservations = "reserve commit release extend reservations";
  for (const name of `${stock} ${reservations}`.split(" "))
    expect([name, described.get(name)]).toEqual([name, expect.stringMatching(/\w{3}/)]);
});

test.each([
  ["count", "A", "1.5"],
  ["count", "A", "many"],
  ["receive", "A", "99999999999"],
  ["extend", "r-1", "--ttl-seconds", "soon"],
])("%s %s %s is refused before anything is opened", async (...words) => {
  const program = createProgram();
  const refusals: string[] = [];
  for (const command of program.commands) {
    command.exitOverride((error) => {
      throw error;
    });
    command.configureOutput({ writeErr: (text) => refusals.push(text) });
  }
  await expect(program.parseAsync(["node", "lockstep", ...words])).rejects.toThrow(/whole number/);
  expect(refusals.join("")).toContain("must be a whole number");
});
