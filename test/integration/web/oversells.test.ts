import { afterAll, beforeAll, expect, test } from "vitest";
import { elsewhere, here, OversellStage } from "../../support/oversell-stage.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let key: string;
/** Two SKUs oversold: A by a message that came 30 s late, B by two buyers at once. */
beforeAll(async () => {
  web = await startWeb();
  key = await web.keyWith("inventory:read");
  const stock = new Map([
    ["A", 5],
    ["B", 4],
  ]);
  const stage = await OversellStage.open(stock, 3, { database: web.database });
  const late = stage.sell(elsewhere, "A", 3);
  stage.pass(30_000);
  await stage.tell(here, stage.sell(here, "A", 3));
  await stage.tell(elsewhere, late);
  stage.pass(60_000);
  const one = stage.sell(elsewhere, "B", 4);
  stage.pass(700);
  const other = stage.sell(here, "B", 2);
  await stage.tell(elsewhere, one);
  await stage.tell(here, other);
}, 60_000);
afterAll(() => web.database.drop());

const get = async (path: string, withKey = key) => {
  const response = await web.app.request(`/v1/oversells${path}`, { headers: { authorization: `Bearer ${withKey}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
type Listed = { readonly id: string; readonly sku: string; readonly recordedAt: string };
const listed = async (query = "") => (await get(query)).body["oversells"] as readonly Listed[];

test("oversells come newest first with cause and setting, in pages that join", async () => {
  const first = await get("?limit=1");
  expect(first.body).toMatchObject({
    oversells: [
      {
        sku: "B",
        location: "main",
        unitsShort: 2,
        account: here,
        cause: "race",
        what: "same-moment",
        sentence: "order elsewhere-5 on elsewhere and order toy-6 on toy were made within 700 ms of each other",
        avoidedBy: { setting: "policy.buffer", value: 4, account: here },
      },
    ],
  });
  const rest = await get(`?limit=1&before=${String(first.body["next"])}`);
  expect(rest.body).toMatchObject({
    oversells: [{ sku: "A", unitsShort: 1, cause: "their-lag", what: "told-late", account: elsewhere }],
    next: null,
  });
});

test("they are found by SKU and time", async () => {
  expect((await listed("?sku=A")).map(({ sku }) => sku)).toEqual(["A"]);
  const [newest] = await listed();
  expect((await listed(`?since=${newest?.recordedAt}`)).map(({ sku }) => sku)).toEqual(["B"]);
  expect((await get("?since=yesterday")).status).toBe(422);
});

test("a post-mortem tells the sales by the channels' own times, who is to blame, and what came when", async () => {
  const [found] = await listed("?sku=A");
  const { body } = await get(`/${found?.id}`);
  expect(body).toMatchObject({
    cause: "their-lag",
    advice: "a policy of toy with buffer: 3 (or more) for this SKU would have avoided it",
    blames: [{ cause: "their-lag", what: "told-late", units: 1, gapMs: 30_000 }],
    evidence: {
      second: { by: "order", account: here, units: 3, door: "webhook" },
      last: { by: "order", account: elsewhere, units: 3 },
      offer: { account: here, listing: "A", units: 5, availableUnits: 5, how: "seen-right" },
    },
  });
  const timeline = body["timeline"] as readonly { readonly at: string; readonly kind: string; readonly text: string }[];
  expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted());
  const story = timeline.filter(({ kind }) => kind === "sale" || kind === "movement").map(({ kind }) => kind);
  expect(story).toEqual(["movement", "sale", "sale", "movement", "movement"]);
  expect(timeline.find(({ kind }) => kind === "sale")?.text).toMatch(
    /^order elsewhere-3 on elsewhere took 3; told after 30\.\d s by webhook/,
  );
});

test("what is not there is 404, and a key that may not look is 403", async () => {
  expect((await get("/999")).status).toBe(404);
  expect((await get("/one")).status).toBe(404);
  expect((await get("", await web.keyWith("metrics:read"))).status).toBe(403);
});
