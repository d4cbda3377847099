import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { hashBytes } from "./merkle.ts";

/**
 * A tree head as a C2SP checkpoint (tlog-checkpoint) in a C2SP signed note: origin, size and root a line each, then the
 * time as an extension line, an empty line, and the signature. Ed25519, by node:crypto.
 */
export type TreeHead = {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** ISO 8601 UTC. */
  readonly signedAt: string;
  /** The head given up when this one was signed: the operator accepted that the database had been rewound. */
  readonly rewoundFrom: { readonly size: number; readonly root: Buffer } | undefined;
};

export type Signer = {
  readonly privateKey: KeyObject;
  /** The key's name and bytes as a note verifier key: `name+id+base64`. */
  readonly publicKey: string;
};

export const keyName = "lockstep-ledger";
const ed25519Tag = 1;
/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

const base64Of = (text: string, bytes: number): Buffer | undefined => {
  const decoded = Buffer.from(text, "base64");
  // One text a value: unused bits and stray characters must not make a second one.
  return decoded.length === bytes && decoded.toString("base64") === text ? decoded : undefined;
};

const keyId = (name: string, tagged: Buffer): string =>
  hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), tagged]), "hex").slice(0, 8);

/** The verifier key of raw public key bytes. */
export const verifierKey = (raw: Uint8Array): string => {
  const tagged = Buffer.concat([Buffer.from([ed25519Tag]), raw]);
  return `${keyName}+${keyId(keyName, tagged)}+${tagged.toString("base64")}`;
};

type ParsedKey = { readonly name: string; readonly id: string; readonly key: KeyObject };

/** Undefined for anything but an Ed25519 note verifier key whose id fits. */
export const parsePublicKey = (text: string): ParsedKey | undefined => {
  const [name = "", id = "", ...rest] = text.split("+");
  // Base64 itself may hold plus signs.
  const tagged = base64Of(rest.join("+"), 1 + 32);
  if (name === "" || tagged?.[0] !== ed25519Tag || keyId(name, tagged) !== id) return undefined;
  const der = Buffer.concat([spkiPrefix, tagged.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: "der", type: "spki" }) };
};

const bodyOf = (head: TreeHead): string => {
  const { origin, size, root, signedAt, rewoundFrom } = head;
  const rewound = rewoundFrom && `rewound-from ${rewoundFrom.size} ${rewoundFrom.root.toString("base64")}`;
  return [origin, size, root.toString("base64"), `time ${signedAt}`, ...(rewound ? [rewound] : []), ""].join("\n");
};

export const signHead = (head: TreeHead, signer: Signer): string => {
  const body = bodyOf(head);
  const parsed = parsePublicKey(signer.publicKey);
  if (parsed === undefined) throw new Error("the signer's public key is not a note verifier key");
  const signature = sign(null, Buffer.from(body, "utf8"), signer.privateKey);
  const blob = Buffer.concat([Buffer.from(parsed.id, "hex"), signature]).toString("base64");
  return `${body}\n— ${parsed.name} ${blob}\n`;
};

const notePattern =
  /^([^\n+]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/=]{44})\ntime (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\n(?:rewound-from (0|[1-9]\d{0,15}) ([A-Za-z0-9+/=]{44})\n)?\n— ([^\n +]+) ([A-Za-z0-9+/=]+)\n$/;

/** The head a note states, whoever signed it; undefined when it is not one of ours. */
export const parseNote = (note: string): TreeHead | undefined => {
  const [, origin = "", size = "", rootText = "", signedAt = "", oldSize, oldRoot] = notePattern.exec(note) ?? [];
  const root = base64Of(rootText, hashBytes);
  if (root === undefined) return undefined;
  if (oldSize === undefined || oldRoot === undefined)
    return { origin, size: Number(size), root, signedAt, rewoundFrom: undefined };
  const given = base64Of(oldRoot, hashBytes);
  return given && { origin, size: Number(size), root, signedAt, rewoundFrom: { size: Number(oldSize), root: given } };
};

/** The head when the note is signed by one of these keys; undefined otherwise. */
export const openNote = (note: string, publicKeys: readonly string[]): TreeHead | undefined => {
  const head = parseNote(note);
  const [, , , , , , , name, text = ""] = notePattern.exec(note) ?? [];
  const blob = base64Of(text, 4 + 64);
  if (head === undefined || blob === undefined) return undefined;
  const body = Buffer.from(bodyOf(head), "utf8");
  const isSigned = publicKeys.some((publicKey) => {
    const parsed = parsePublicKey(publicKey);
    return (
      parsed?.name === name &&
      parsed?.id === blob.subarray(0, 4).toString("hex") &&
      verify(null, body, parsed.key, blob.subarray(4))
    );
  });
  return isSigned ? head : undefined;
};
