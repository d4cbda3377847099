import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export const newPrivateKeyPem = (): string =>
  generateKeyPairSync("ec", { namedCurve: "prime256v1" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();

export interface Signer {
  readonly keyId: string;
  /** The PEM as `getPublicKey` sends it: on one line, no breaks after BEGIN and before END (channel document §9.1). */
  readonly publicKey: string;
  /** The `X-EBAY-SIGNATURE` header of a raw body: base64 JSON around an ECDSA/SHA-1 signature of exactly these bytes. */
  header(rawBody: string): string;
}

export const createSigner = (key: { readonly keyId: string; readonly privateKeyPem: string }): Signer => {
  const privateKey: KeyObject = createPrivateKey(key.privateKeyPem);
  const pem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  return {
    keyId: key.keyId,
    publicKey: pem.replaceAll("\n", ""),
    header: (rawBody) => {
      const signature = sign("sha1", Buffer.from(rawBody, "utf8"), privateKey).toString("base64");
      const envelope = { alg: "ecdsa", kid: key.keyId, signature, digest: "SHA1" };
      return Buffer.from(JSON.stringify(envelope)).toString("base64");
    },
  };
};
