import { toIso } from "../../core/clock.ts";

/** An element tree as text. Arrays repeat their element. */
export type Xml = string | number | boolean | readonly Xml[] | { readonly [element: string]: Xml | undefined };

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => (sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : "&gt;"));

const render = (name: string, value: Xml | undefined): string => {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((one) => render(name, one)).join("");
  if (typeof value !== "object") return `<${name}>${escaped(String(value))}</${name}>`;
  const inner = Object.entries(value).map(([child, nested]) => render(child, nested));
  return `<${name}>${inner.join("")}</${name}>`;
};

export type TradingError = {
  readonly code: number;
  readonly message: string;
  readonly system?: boolean;
  readonly parameters?: readonly string[];
};

/** Trading's envelope: HTTP 200 whatever happened, the truth in `Ack` (channel document §4). */
export const tradingAnswer = (
  call: string,
  nowMs: number,
  answer: {
    readonly ack: "Success" | "Failure" | "PartialFailure";
    readonly errors?: readonly TradingError[];
    readonly body?: Xml;
  },
): Response => {
  const errors = (answer.errors ?? []).map(({ code, message, system = false, parameters = [] }) => ({
    ShortMessage: message,
    LongMessage: message,
    ErrorCode: code,
    SeverityCode: "Error",
    ErrorParameters: parameters.map((value) => ({ Value: value })),
    ErrorClassification: system ? "SystemError" : "RequestError",
  }));
  const name = `${call === "" ? "Unknown" : call}Response`;
  const head = render("Timestamp", toIso(nowMs)) + render("Ack", answer.ack) + render("Errors", errors);
  const body = Object.entries(typeof answer.body === "object" ? answer.body : {}).map(([element, value]) =>
    render(element, value),
  );
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="urn:ebay:apis:eBLBaseComponents">${head}${body.join("")}<Version>1379</Version></${name}>`;
  return new Response(text, { status: 200, headers: { "content-type": "text/xml;charset=UTF-8" } });
};
