import nock from "nock";
import { host } from "./harness.ts";

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A Trading answer in its envelope; `body` is XML. */
export const tradingXml = (call: string, body: string, ack = "Success"): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${call}Response xmlns="urn:ebay:apis:eBLBaseComponents"><Timestamp>2026-11-20T10:30:00.000Z</Timestamp><Ack>${ack}</Ack>${body}</${call}Response>`;

export const tradingError = (code: string, message: string, more = ""): string =>
  `<Errors><ShortMessage>${escaped(message)}</ShortMessage><LongMessage>${escaped(message)}</LongMessage><ErrorCode>${code}</ErrorCode><SeverityCode>Error</SeverityCode>${more}</Errors>`;

/** Answers each call of one name in turn with these documents, and keeps what was sent and under which token. */
export const hasTrading = (
  call: string,
  ...answers: readonly string[]
): { readonly bodies: string[]; readonly tokens: string[] } => {
  const bodies: string[] = [];
  const tokens: string[] = [];
  for (const answer of answers) {
    nock(host)
      .post("/ws/api.dll")
      .matchHeader("x-ebay-api-call-name", call)
      .reply(async (request: Request) => {
        bodies.push(await request.text());
        tokens.push(request.headers.get("x-ebay-api-iaf-token") ?? "");
        return [200, answer, { "Content-Type": "text/xml;charset=UTF-8" }];
      });
  }
  return { bodies, tokens };
};

export const outOfStockControl = (preference: boolean): string =>
  tradingXml("GetUserPreferences", `<OutOfStockControlPreference>${preference}</OutOfStockControlPreference>`);
