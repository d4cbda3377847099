import type { OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import type { Db } from "../db/pool.ts";
import { type HeadRow, newestHead } from "../ledger/log/log-rows.ts";
import { proveConsistency, proveInclusion } from "../ledger/log/prove.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { getLedgerHead, proveMovement, proveTree } from "./ledger-log-routes.ts";
import type { LedgerHeadOut } from "./ledger-log-schemas.ts";

const base64 = (bytes: Buffer): string => bytes.toString("base64");

const headOut = ({ size, root, signedAt, note, publicKey }: HeadRow): z.infer<typeof LedgerHeadOut> => ({
  size,
  root: base64(root),
  signedAt,
  note,
  publicKey,
});

export const mountLedgerLog = (app: OpenAPIHono<WebEnv>, deps: { readonly db: Db }): void => {
  app.openapi(getLedgerHead, async (c) => {
    const head = await newestHead(deps.db);
    if (head === undefined) throw new ProblemError("not-found", { detail: "Nothing has been sealed yet." });
    return c.json(headOut(head), 200);
  });

  app.openapi(proveMovement, async (c) => {
    const { movement } = c.req.valid("query");
    const proof = await proveInclusion(deps.db, Number(movement));
    if (proof === undefined)
      throw new ProblemError("not-in-the-log", {
        detail: `There is no movement ${movement}, or it is not sealed yet; that takes some seconds.`,
      });
    const { leafIndex, treeSize, entry, leafHash, path, head } = proof;
    return c.json(
      { movement, leafIndex, treeSize, entry, leafHash: base64(leafHash), path: path.map(base64), head: headOut(head) },
      200,
    );
  });

  app.openapi(proveTree, async (c) => {
    const { from, to } = c.req.valid("query");
    const size = (await newestHead(deps.db))?.size ?? 0;
    const [first, second] = [Number(from), to === undefined ? size : Number(to)];
    const wrong = second > size ? "to" : first > second ? "from" : undefined;
    if (wrong !== undefined)
      throw new ProblemError("invalid-request", {
        errors: [
          {
            field: wrong,
            problem: wrong === "to" ? `is more than the log holds (${size})` : "is more than `to`",
            fix: "send sizes of signed heads, the smaller one as `from`",
          },
        ],
      });
    const proof = await proveConsistency(deps.db, first, second);
    return c.json(
      {
        from: proof.from,
        to: proof.to,
        fromRoot: base64(proof.fromRoot),
        toRoot: base64(proof.toRoot),
        path: proof.path.map(base64),
      },
      200,
    );
  });
};
