import { expect, test } from "vitest";
import { z } from "zod";
import { contract, openShop, type Shop } from "../../unit/simulators/shopify/shop.ts";
import { Ids, type Recorded, RecordedPayload, replay } from "./replay.ts";
import { tallyOf } from "./tally.ts";

const tally = tallyOf("recorded webhook subscription answers replayed on the simulator");
const shown = `id topic format uri callbackUrl includeFields metafieldNamespaces filter name createdAt updatedAt
  apiVersion { handle displayName supported } endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } }`;
const create = `mutation C($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) { webhookSubscription { ${shown} } userErrors { field message } }
}`;
const update = `mutation U($id: ID!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhookSubscription) { webhookSubscription { ${shown} } userErrors { field message } }
}`;
const remove =
  "mutation D($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } } }";
const detail = `query Q($id: ID!) { webhookSubscription(id: $id) { ${shown} } }`;

/** The document that a recording was made with is known by what it answered. */
const documentOf = (recorded: Recorded): string => {
  const data = z.record(z.string(), z.unknown()).parse(recorded.response["data"]);
  const [root = ""] = Object.keys(data);
  const documents: Readonly<Record<string, string>> = {
    webhookSubscriptionCreate: create,
    webhookSubscriptionUpdate: update,
    webhookSubscriptionDelete: remove,
    webhookSubscription: detail,
  };
  return documents[root] ?? "";
};

/** The fields whose cost differs with our wider selection, and the version that was a candidate then, are left out. */
const withoutCost = ({ variables, response }: Recorded): Recorded => {
  const { extensions: _, ...answer } = response;
  const text = JSON.stringify(answer).replaceAll(/,"apiVersion":\{[^}]*\}/g, "");
  return { variables, response: z.record(z.string(), z.unknown()).parse(JSON.parse(text)) };
};

const replayAll = async (shop: Shop, steps: Readonly<Record<string, unknown>>, names: readonly string[]) => {
  const ids = new Ids();
  for (const name of names) {
    const recorded = RecordedPayload.parse(steps[name]);
    await replay(shop, ids, { document: documentOf(recorded), recorded: withoutCost(recorded) });
    tally();
  }
};

const Steps = z.record(z.string(), z.unknown());
const file = (name: string) =>
  contract(`recorded/webhooks/webhook-subscription-${name}.json`, z.record(z.string(), z.unknown()));

test("a subscription's life goes as recorded: made, read, changed, deleted, gone", async () => {
  const { lifecycle } = file("conformance");
  const names = ["create", "detailAfterCreate", "update", "detailAfterUpdate", "delete", "postDeleteDetail"];
  await replayAll(await openShop(), Steps.parse(lifecycle), names);
});

test("filters are told as recorded: none is null, an empty one is empty", async () => {
  const { filterDefault } = file("conformance");
  await replayAll(await openShop(), Steps.parse(filterDefault), [
    "createWithoutFilter",
    "detailWithoutFilter",
    "deleteWithoutFilter",
    "createWithEmptyFilter",
    "deleteWithEmptyFilter",
  ]);
});

test("a change that the channel refuses leaves the subscription as it was, as recorded", async () => {
  const { updateValidation } = file("conformance");
  await replayAll(await openShop(), Steps.parse(updateValidation), [
    "create",
    "updateBlankUri",
    "updateHttpUri",
    "updateInvalidPubSub",
    "detailAfterFailedUpdates",
    "delete",
  ]);
});

test("formats, names and doubles are refused as recorded", async () => {
  const { validation } = file("topic-format-name-validation");
  await replayAll(await openShop(), Steps.parse(validation), [
    "createXmlOnJsonOnlyTopicRejected",
    "createXmlOnCloudDeliveryRejected",
    "createEmptyNameRejected",
    "createBadNameFormatRejected",
    "createDuplicateSetup",
    "createDuplicateRejected",
    "createSameUriDifferentFormatJsonSetup",
    "createSameUriDifferentFormatXmlAllowed",
    "updateBadNameFormatRejected",
    "createCaseInsensitiveNameDuplicateSetup",
    "createCaseInsensitiveNameDuplicateRejected",
    "updateCaseInsensitiveNameDuplicateRejected",
    "cleanup",
    "cleanupSameUriDifferentFormatJsonSetup",
    "cleanupSameUriDifferentFormatXmlAllowed",
    "cleanupCaseInsensitiveNameDuplicateSetup",
  ]);
});

test("addresses are refused as recorded", async () => {
  const shop = await openShop();
  const { primary } = file("uri-validation");
  const answers = z
    .object({ response: z.object({ payload: z.object({ data: z.record(z.string(), z.unknown()) }) }) })
    .parse(primary).response.payload.data;
  for (const [name, uri] of [
    ["createHttpUriRejected", "http://example.com/hook"],
    ["createInternalDomainRejected", "https://shopify.com/hook"],
    ["createShopifyDomainRejected", "https://some-shop.myshopify.com/hook"],
  ] as const) {
    const { data } = await shop.graphql(create, { topic: "SHOP_UPDATE", webhookSubscription: { uri, format: "JSON" } });
    expect(data).toEqual({ webhookSubscriptionCreate: answers[name] });
    tally();
  }
});

test("the version's life goes as recorded, the version itself apart", async () => {
  const { lifecycle } = file("api-version-projection");
  const names = ["create", "detailAfterCreate", "update", "detailAfterUpdate", "delete"];
  await replayAll(await openShop(), Steps.parse(lifecycle), names);
});

test("a topic that does not exist is refused before anything runs, in the recorded words", async () => {
  const { validation } = file("topic-enum-validation");
  const steps = Steps.parse(validation);
  const recorded = RecordedPayload.parse(steps["createBogusVariableTopicRejected"]);
  const { errors } = await (await openShop()).graphql(create, { ...recorded.variables });
  const Errors = z.object({
    errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string(), value: z.unknown() }) })),
  });
  expect(Errors.parse({ errors })).toEqual(Errors.parse(recorded.response));
  tally();
  await replayAll(await openShop(), steps, ["createKnownTopicAccepted", "cleanup"]);
});
