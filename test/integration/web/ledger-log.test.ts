import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { query, sql } from "../../../src/db/sql.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "../../../src/ledger/log/merkle.ts";
import { openNote } from "../../../src/ledger/log/note.ts";
import { seal, unsealedCount } from "../../../src/ledger/log/seal.ts";
import { signerOf } from "../../../src/ledger/log/signing-key.ts";
import { insertMovements } from "../../support/log-bench.ts";
import { until } from "../../support/until.ts";
import { startWeb, type Web } from "./web.ts";

let web: Web;
let authorization: string;
const signer = signerOf(new Secret("5".repeat(64)));

const sealAll = (): Promise<void> =>
  until(async () => {
    await seal({ db: web.database.db, clock: systemClock, signer });
    return (await unsealedCount(web.database.db, 1)) === 0;
  });
const get = async (path: string): Promise<{ readonly status: number; readonly body: unknown }> => {
  const response = await web.app.request(path, { headers: { authorization } });
  return { status: response.status, body: await response.json() };
};
const bytes = (text: string): Buffer => Buffer.from(text, "base64");
const Head = z.object({ size: z.number(), root: z.string(), note: z.string(), publicKey: z.string() });

beforeAll(async () => {
  web = await startWeb();
  authorization = `Bearer ${await web.keyWith("inventory:read")}`;
});
afterAll(() => web.database.drop());

test("before anything is sealed there is no head", async () => {
  expect((await get("/v1/ledger/head")).status).toBe(404);
});

test("a movement's proof verifies under the signed head, with nothing but the answers", async () => {
  await insertMovements(web.database.db, 300);
  await sealAll();
  const head = Head.parse((await get("/v1/ledger/head")).body);
  expect(openNote(head.note, [signer.publicKey])).toMatchObject({ size: 300, root: bytes(head.root) });
  const [row] = await query(
    web.database.db,
    z.object({ id: z.number() }),
    sql`select id from movement order by id offset 41 limit 1`,
  );
  const { status, body } = await get(`/v1/ledger/proofs/inclusion?movement=${row?.id}`);
  expect(status).toBe(200);
  const proof = z
    .object({ leafIndex: z.number(), treeSize: z.number(), entry: z.string(), path: z.array(z.string()), head: Head })
    .parse(body);
  expect(proof.leafIndex).toBe(41);
  expect(z.object({ id: z.number() }).parse(JSON.parse(proof.entry)).id).toBe(row?.id);
  const { leafIndex, treeSize: size, path } = proof;
  const leaf = leafHash(proof.entry);
  expect(verifyInclusion({ leafIndex, size, leaf, path: path.map(bytes), root: bytes(proof.head.root) })).toBe(true);
});

test("two heads are proven to be of one log", async () => {
  const before = Head.parse((await get("/v1/ledger/head")).body);
  await insertMovements(web.database.db, 7);
  await sealAll();
  const after = Head.parse((await get("/v1/ledger/head")).body);
  const { status, body } = await get(`/v1/ledger/proofs/consistency?from=${before.size}`);
  expect(status).toBe(200);
  const proof = z.object({ from: z.number(), to: z.number(), path: z.array(z.string()) }).parse(body);
  expect([proof.from, proof.to]).toEqual([before.size, after.size]);
  const roots = { firstRoot: bytes(before.root), secondRoot: bytes(after.root) };
  expect(verifyConsistency({ first: proof.from, second: proof.to, path: proof.path.map(bytes), ...roots })).toBe(true);
});

test("what is not in the log, or cannot be proven, is a problem with a name", async () => {
  expect(await get("/v1/ledger/proofs/inclusion?movement=999999")).toMatchObject({
    status: 404,
    body: { type: "urn:lockstep:problem:not-in-the-log" },
  });
  for (const [path, field] of [
    ["/v1/ledger/proofs/inclusion?movement=-1", "movement"],
    ["/v1/ledger/proofs/consistency?from=5&to=4", "from"],
    ["/v1/ledger/proofs/consistency?from=5&to=999999", "to"],
    ["/v1/ledger/proofs/consistency?from=x", "from"],
  ] as const)
    expect(await get(path)).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  expect((await web.app.request("/v1/ledger/head")).status).toBe(401);
});
