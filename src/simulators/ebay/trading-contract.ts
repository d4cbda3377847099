import { readFileSync } from "node:fs";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { z } from "zod";

type Elements = { readonly [rule: string]: true | Elements };
const Elements: z.ZodType<Elements> = z.lazy(() => z.record(z.string(), z.union([z.literal(true), Elements])));
const Rules = z.object({
  namespace: z.string(),
  headers: z.record(z.string(), z.string()),
  calls: z.record(z.string(), Elements),
});

const file = new URL("../../../contracts/ebay/trading/requests.json", import.meta.url);
const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, trimValues: false, htmlEntities: true });

export type TradingRequest = { readonly call: string; readonly body: unknown; readonly complaints: readonly string[] };

/** Judges what is said to Trading: known call, its headers, only its elements, no more of them than it takes. */
export const loadTradingContract = (): ((text: string, headers: Headers) => TradingRequest) => {
  const rules = Rules.parse(JSON.parse(readFileSync(file, "utf8")));
  return (text, headers) => {
    const call = headers.get("x-ebay-api-call-name") ?? "";
    const elements = rules.calls[call];
    if (elements === undefined) return { call, body: undefined, complaints: [`no such Trading call: ${call}`] };
    if (XMLValidator.validate(text) !== true) return { call, body: undefined, complaints: ["body is not XML"] };
    const root = asObject(asObject(parser.parse(text))[`${call}Request`]);
    const { "@_xmlns": namespace, "#text": _blank, ...body } = root;
    const wrongHeaders = Object.entries(rules.headers).flatMap(([name, form]) =>
      new RegExp(form).test(headers.get(name) ?? "") ? [] : [`header ${name} is ${headers.get(name) ?? "missing"}`],
    );
    const complaints = [
      ...wrongHeaders,
      ...(namespace === rules.namespace ? [] : [`namespace is ${String(namespace)}`]),
      ...flawsOf(body, elements, call),
    ];
    return { call, body, complaints };
  };
};

const asObject = (value: unknown): Record<string, unknown> =>
  z.record(z.string(), z.unknown()).safeParse(value).data ?? {};

const flawsOf = (given: Record<string, unknown>, rules: Elements, where: string): readonly string[] => {
  const named = new Map(
    Object.entries(rules).map(([rule, inner]) => {
      const [, name = "", needed = "", most = "1"] = /^(\w+)(!?)(?:\*(\d+))?$/.exec(rule) ?? [];
      return [name, { inner, needed: needed !== "", most: Number(most) }];
    }),
  );
  const flaws = Object.keys(given)
    .filter((name) => name !== "#text" && !named.has(name))
    .map((name) => `${where}: ${name} is not part of it`);
  for (const [name, { inner, needed, most }] of named) {
    const values = name in given ? [given[name]].flat() : [];
    if (needed && values.length === 0) flaws.push(`${where}: ${name} is missing`);
    if (values.length > most) flaws.push(`${where}: ${values.length} of ${name}, at most ${most}`);
    if (inner !== true) for (const value of values) flaws.push(...flawsOf(asObject(value), inner, `${where}/${name}`));
  }
  return flaws;
};
