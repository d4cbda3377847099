import { expect, test } from "vitest";
import { z } from "zod";
import { contract, openShop } from "../../unit/simulators/shopify/shop.ts";
import { Ids, RecordedQuery, replay } from "./replay.ts";
import { tallyOf } from "./tally.ts";

const tally = tallyOf("recorded bulk operation answers replayed on the simulator");
/** The argument has no default since; the recorded documents leave it out. */
const today = (query: string): string =>
  query.replace("bulkOperationRunQuery(query: $query)", "bulkOperationRunQuery(query: $query, groupObjects: false)");
const Cases = z.record(z.string(), RecordedQuery);

test.each([
  ...Object.entries(
    contract("recorded/bulk/bulk-operation-run-query-validators.json", z.looseObject({ validations: Cases }))
      .validations,
  ),
  ...Object.entries(
    contract("recorded/bulk/bulk-operation-run-query-user-error-codes.json", z.looseObject({ validations: Cases }))
      .validations,
  ),
])("%s is refused as recorded", async (_, recorded) => {
  await replay(await openShop(), new Ids(), { document: today(recorded.query), recorded });
  tally();
});

test("five operations run at once, the sixth is refused with their names, and each can be cancelled, as recorded", async () => {
  const { successfulRuns, sixthRun, cancelAttempts } = contract(
    "recorded/bulk/bulk-operation-run-query-concurrency-limit.json",
    z.looseObject({
      successfulRuns: z.array(RecordedQuery),
      sixthRun: RecordedQuery,
      cancelAttempts: z.array(RecordedQuery),
    }),
  );
  const shop = await openShop();
  const ids = new Ids();
  for (const recorded of [...successfulRuns, sixthRun]) {
    await replay(shop, ids, { document: today(recorded.query), recorded });
    tally();
  }
  for (const recorded of cancelAttempts) {
    // How many objects it had counted by then is the store's own.
    const text = JSON.stringify(recorded.response).replaceAll(/,"(objectCount|rootObjectCount)":"\d+"/g, "");
    const response = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    await replay(shop, ids, { document: recorded.query, recorded: { ...recorded, response } });
    tally();
  }
});

const { cases } = contract("recorded/bulk/bulk-operations-read-arg-validation.json", z.looseObject({ cases: Cases }));
test.each(["missingWindow", "firstAndLast", "malformedInlineId", "nonBulkOperationGid"])(
  "%s is answered as recorded",
  async (name) => {
    const recorded = cases[name];
    if (recorded === undefined) throw new Error(`no recording ${name}`);
    const { errors } = await (await openShop()).graphql(recorded.query);
    const Errors = z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }) }));
    expect(Errors.parse(errors)).toEqual(Errors.parse(recorded.response["errors"]));
    tally();
  },
);
