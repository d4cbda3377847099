import { z } from "@hono/zod-openapi";
import { wholeText } from "./fields.ts";

const hash = z
  .string()
  .openapi({ description: "SHA-256, base64.", example: "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=" });
const hashPath = z.array(hash).openapi({ description: "In the order of RFC 9162 §2.1.3.1 and §2.1.4.1." });
const note = z.string().openapi({ description: "The signed head: a C2SP checkpoint in a signed note." });
const publicKey = z.string().openapi({ description: "The note's verifier key. Trust one that you got another way." });

export const LedgerHeadOut = z
  .strictObject({ size: z.int(), root: hash, signedAt: z.string().openapi({ format: "date-time" }), note, publicKey })
  .openapi("LedgerHead", { description: "The newest signed head of the ledger's log." });

export const InclusionQuery = z.strictObject({
  movement: wholeText("a movement's id").openapi({ description: "A movement's id.", example: "1042" }),
});

export const InclusionOut = z
  .strictObject({
    movement: z.string(),
    leafIndex: z.int(),
    treeSize: z.int(),
    entry: z.string().openapi({ description: "The entry, byte for byte: the leaf's hash is of 0x00 and these bytes." }),
    leafHash: hash,
    path: hashPath,
    head: LedgerHeadOut,
  })
  .openapi("InclusionProof");

const treeSize = z.string().regex(/^(?:0|[1-9]\d{0,14})$/, "must be a tree's size, a whole number");
export const ConsistencyQuery = z.strictObject({
  from: treeSize.openapi({ description: "Size of the smaller tree.", example: "100" }),
  to: treeSize.optional().openapi({ description: "Size of the larger tree; that of the newest head when left out." }),
});

export const ConsistencyOut = z
  .strictObject({ from: z.int(), to: z.int(), fromRoot: hash, toRoot: hash, path: hashPath })
  .openapi("ConsistencyProof");
