import { createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import type { Secret } from "../../core/secret.ts";
import { type Signer, verifierKey } from "./note.ts";

/** DER of an Ed25519 private key up to its 32 bytes (RFC 8410). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
const purpose = "lockstep ledger tree heads, Ed25519, 1";

/**
 * The key that signs tree heads, derived (HKDF-SHA256) from the installation's secret key, 64 hexadecimal digits. It is kept
 * nowhere: whoever has the database alone cannot sign. Another secret key makes another signing key.
 */
export const signerOf = (secretKey: Secret): Signer => {
  const seed = Buffer.from(hkdfSync("sha256", Buffer.from(secretKey.reveal(), "hex"), Buffer.alloc(0), purpose, 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return { privateKey, publicKey: verifierKey(der.subarray(-32)) };
};
