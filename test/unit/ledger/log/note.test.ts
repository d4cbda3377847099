import { expect, test } from "vitest";
import { canonicalJson } from "../../../../src/core/digest.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { entryOf } from "../../../../src/ledger/log/entry.ts";
import { leafHash } from "../../../../src/ledger/log/merkle.ts";
import { openNote, parseNote, parsePublicKey, signHead, type TreeHead } from "../../../../src/ledger/log/note.ts";
import { signerOf } from "../../../../src/ledger/log/signing-key.ts";

const signer = signerOf(new Secret("a".repeat(64)));
const other = signerOf(new Secret("b".repeat(64)));
const head: TreeHead = {
  origin: "lockstep/0b0e0c3e-9b3b-4a6b-8a53-6f4f8f0c2d11",
  size: 1_234,
  root: leafHash("root"),
  signedAt: "2026-11-20T10:00:00.000Z",
  rewoundFrom: undefined,
};

test("a head signed by us opens with our key, and with no other", () => {
  const note = signHead(head, signer);
  expect(openNote(note, [signer.publicKey])).toEqual(head);
  expect(openNote(note, [other.publicKey, signer.publicKey])).toEqual(head);
  expect(openNote(note, [other.publicKey])).toBeUndefined();
  expect(openNote(note, [])).toBeUndefined();
  expect(note.split("\n").slice(0, 3)).toEqual([head.origin, "1234", head.root.toString("base64")]);
});

test("a head that says what was given up opens with that too", () => {
  const rewound = { ...head, rewoundFrom: { size: 2_000, root: leafHash("lost") } };
  expect(openNote(signHead(rewound, signer), [signer.publicKey])).toEqual(rewound);
});

test("the same secret gives the same key for ever", () => {
  expect(signerOf(new Secret("a".repeat(64))).publicKey).toBe(signer.publicKey);
  expect(signer.publicKey).not.toBe(other.publicKey);
  expect(signer.publicKey).toMatch(/^lockstep-ledger\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}$/);
});

test("no bit of a signed head can be turned", () => {
  const bytes = Buffer.from(signHead({ ...head, rewoundFrom: { size: 9, root: leafHash("lost") } }, signer), "utf8");
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const turned = Buffer.from(bytes);
    turned.writeUInt8(turned.readUInt8(Math.floor(bit / 8)) ^ (1 << (bit % 8)), Math.floor(bit / 8));
    expect(openNote(turned.toString("utf8"), [signer.publicKey]), `bit ${bit}`).toBeUndefined();
  }
});

test("what is no note and no key is refused", () => {
  const note = signHead(head, signer);
  for (const text of ["", note.trimEnd(), `${note}x`, note.replace("1234", "01234"), note.replaceAll("\n", "\r\n")])
    expect(parseNote(text)).toBeUndefined();
  const [name = "", id = ""] = signer.publicKey.split("+");
  for (const text of ["", name, `${name}+${id}`, signer.publicKey.replace(id, "00000000"), `x${signer.publicKey}`])
    expect(parsePublicKey(text)).toBeUndefined();
});

test("an entry is the canonical JSON of a movement's facts", () => {
  const facts = {
    id: 7,
    command_key: 'api:ü\u2028"\\',
    leg: 0,
    kind: "receipt",
    sku: "MUG\u0001BLUE",
    location_id: "main",
    d_on_hand: 5,
    d_reserved: 0,
    d_incoming: -3,
    on_hand_after: 5,
    reserved_after: 0,
    incoming_after: 0,
    level_version: 1,
    cause_type: "receipt",
    cause_id: "x",
    actor: "cli:me",
    reason: null,
    occurred_at: "2026-11-01T00:00:00.000000Z",
    recorded_at: "2026-11-01T00:00:00.123456Z",
  };
  expect(entryOf(facts)).toBe(canonicalJson(facts));
});
