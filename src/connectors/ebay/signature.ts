import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";

/** What may be asked for: nothing an attacker writes into the header picks an algorithm of his own. */
const digests = { SHA1: "sha1", SHA256: "sha256" } as const;
const Digest = z.enum(["SHA1", "SHA256"]);
type Digest = z.infer<typeof Digest>;

const headerCharsMax = 4_096;

/** The key id goes into a URL, so its form is strict: a UUID. */
const Header = z.object({
  alg: z.literal("ecdsa"),
  kid: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i),
  signature: z.base64().min(1),
  digest: Digest,
});
export type SignatureHeader = z.infer<typeof Header>;

/** X-EBAY-SIGNATURE: base64 of JSON `{alg, kid, signature, digest}` (§9.1). Undefined when it is anything else. */
export const parseSignatureHeader = (header: string): SignatureHeader | undefined => {
  if (header.length > headerCharsMax) return undefined;
  try {
    return Header.safeParse(JSON.parse(Buffer.from(header, "base64").toString("utf8"))).data;
  } catch {
    return undefined;
  }
};

export type PublicKey = { readonly key: KeyObject; readonly digest: Digest };

const KeyAnswer = z.object({
  key: z.string().min(1),
  algorithm: z.string().regex(/^ecdsa$/i),
  digest: z.string().toUpperCase().pipe(Digest),
});

/** The answer of `getPublicKey`; its PEM comes on one line. Undefined when it holds no usable EC key. */
export const parsePublicKey = (body: unknown): PublicKey | undefined => {
  const answer = KeyAnswer.safeParse(body).data;
  const base64 = answer?.key.replace(/-----(BEGIN|END) PUBLIC KEY-----/g, "").replace(/\s+/g, "");
  if (answer === undefined || base64 === undefined) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ec" ? { key, digest: answer.digest } : undefined;
  } catch {
    return undefined;
  }
};

/** ECDSA over the RAW body: the same JSON formatted otherwise is another message (§12.6). */
export const isSigned = (body: Uint8Array, header: SignatureHeader, { key, digest }: PublicKey): boolean => {
  if (header.digest !== digest) return false;
  try {
    return verify(digests[digest], body, key, Buffer.from(header.signature, "base64"));
  } catch {
    return false;
  }
};
