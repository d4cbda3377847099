import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { z } from "zod";
import { type Issue, judgePatch, type Patch } from "./availability.ts";
import type { Listing, World } from "./world.ts";

const messagesMax = 25_000;

type FeedIssue = {
  readonly messageId?: number;
  readonly sku?: string;
  readonly code?: string;
  readonly severity: "ERROR" | "WARNING";
  readonly message: string;
};

/** `fatal`: the document could not even be read. */
export type FeedResult = { readonly kind: "fatal" } | { readonly kind: "done"; readonly report: object };

const Document = z.object({
  header: z.object({ sellerId: z.string(), version: z.literal("2.0") }),
  messages: z.array(z.unknown()).min(1).max(messagesMax),
});
const PatchMessage = z.object({
  messageId: z.number(),
  sku: z.string(),
  operationType: z.literal("PATCH"),
  patches: z.array(
    z.object({
      op: z.enum(["add", "replace", "merge", "delete"]),
      path: z.string(),
      value: z.array(z.record(z.string(), z.unknown())).optional(),
    }),
  ),
});
const Named = z.object({ messageId: z.number(), sku: z.string().optional() });

export type FeedWorkerDeps = {
  readonly world: World;
  readonly sellerId: string;
  readonly submit: (listing: Listing, patches: readonly Patch[]) => string;
  readonly complain: (what: string) => void;
};

/** Works off a JSON_LISTINGS_FEED message by message; each is held against Amazon's own schema of a message. */
export const createFeedWorker = (deps: FeedWorkerDeps) => {
  const fitsSchema = compileMessageSchema();

  const judge = (message: unknown, seen: Set<number>): readonly FeedIssue[] => {
    const named = Named.safeParse(message).data;
    const at =
      named === undefined ? {} : { messageId: named.messageId, ...(named.sku === undefined ? {} : { sku: named.sku }) };
    const error = (text: string, code = "90000"): FeedIssue => ({ ...at, code, severity: "ERROR", message: text });
    if (named === undefined || seen.has(named.messageId)) return [error("messageId is missing or given twice")];
    seen.add(named.messageId);
    if (!fitsSchema(message)) {
      deps.complain(`a feed message breaks its schema: ${JSON.stringify(fitsSchema.errors?.[0])}`);
      return [error("The message is not valid.")];
    }
    const patch = PatchMessage.safeParse(message);
    if (!patch.success) {
      deps.complain(`a feed message does more than patch: ${named.sku ?? ""}`);
      return [error("Only PATCH is offered.")];
    }
    const { sku, patches } = patch.data;
    const listing = deps.world.listings.get(sku);
    if (listing === undefined) return [error(`SKU '${sku}' not found`, "13013")];
    if (listing.fulfilledBy === "channel") deps.complain(`writes a quantity to ${sku}, whose stock lies with Amazon`);
    const issues = patches.flatMap((one) => judgePatch(one)).map(({ code, message: text }: Issue) => error(text, code));
    if (issues.length === 0) deps.submit(listing, patches);
    return issues;
  };

  return (feedId: string, text: string | undefined): FeedResult => {
    const document = Document.safeParse(parseJson(text)).data;
    if (document === undefined) return { kind: "fatal" };
    const issues: FeedIssue[] = [];
    const seen = new Set<number>();
    const isOurs = document.header.sellerId === deps.sellerId;
    if (!isOurs) issues.push({ severity: "ERROR", message: "Attribute 'Merchant' is not the seller of this feed" });
    else for (const message of document.messages) issues.push(...judge(message, seen));
    const invalid = isOurs ? new Set(issues.map(({ messageId }) => messageId)).size : document.messages.length;
    const processed = document.messages.length;
    const report = {
      header: { sellerId: deps.sellerId, version: "2.0", feedId },
      issues,
      summary: {
        errors: issues.length,
        warnings: 0,
        messagesProcessed: processed,
        messagesAccepted: processed - invalid,
        messagesInvalid: invalid,
      },
    };
    return { kind: "done", report };
  };
};

const parseJson = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
};

const schemaFile = new URL(
  "../../../contracts/amazon/schemas/feeds/listings-feed-message-schema-v2.json",
  import.meta.url,
);

const compileMessageSchema = () =>
  new Ajv({ strict: false, allErrors: false }).compile(JSON.parse(readFileSync(schemaFile, "utf8")) as object);
