import { readFileSync } from "node:fs";
import axios, { type InternalAxiosRequestConfig } from "axios";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { afterEach, beforeAll, expect, vi } from "vitest";
import { z } from "zod";
import { type Contract, loadContract } from "../../../../src/simulators/kit/contract.ts";

/**
 * Every request that a test lets the connector send is held against eBay's own contracts with the overlay, whatever the
 * test is about; importing this file is enough. What it finds fails the test that sent it.
 */
const folder = new URL("../../../../contracts/ebay/", import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), "utf8"));

const overlay = z
  .looseObject({ sell_inventory_v1: z.unknown() })
  .parse(json("openapi/overlay.request-constraints.json"));
const load = (name: string, extra: object = {}): Contract =>
  loadContract(new URL(`openapi/${name}.json`, folder), { closeRequestSchemas: true, ...extra });
const contracts: readonly Contract[] = [
  load("sell_inventory_v1_oas3", { overlay: overlay.sell_inventory_v1 }),
  load("sell_fulfillment_v1_oas3"),
  load("commerce_notification_v1_oas3"),
  load("developer_analytics_v1_beta_oas3"),
  load("sell_feed_v1_oas3"),
  load("overlay.return-search"),
];

type Tree = { readonly [name: string]: true | Tree };
const Tree: z.ZodType<Tree> = z.lazy(() => z.record(z.string(), z.union([z.literal(true), Tree])));
const trading = z
  .object({ namespace: z.string(), headers: z.record(z.string(), z.string()), calls: z.record(z.string(), Tree) })
  .parse(json("trading/requests.json"));

/** What was sent so far in this file, by operation. */
export const checkedRequests = new Map<string, number>();
const complaints: string[] = [];

export type SentRequest = Pick<InternalAxiosRequestConfig, "method" | "url" | "data"> & { readonly headers: object };

/** What the contracts have against a request, by the operation it is of; nothing = it is valid. */
export const judge = ({
  method = "get",
  url = "",
  headers,
  data,
}: SentRequest): { readonly operation: string; readonly complaints: readonly string[] } => {
  const { pathname, searchParams } = new URL(url);
  const sent = new Headers(z.record(z.string(), z.string()).parse(JSON.parse(JSON.stringify(headers))));
  if (pathname.endsWith("/identity/v1/oauth2/token"))
    return { operation: "token", complaints: tokenComplaints(String(data), sent) };
  if (pathname.endsWith("/ws/api.dll")) {
    const operation = sent.get("x-ebay-api-call-name") ?? "Trading";
    return { operation, complaints: tradingComplaints(String(data), sent) };
  }
  const contract = contracts.find((candidate) => candidate.match(method, pathname) !== undefined);
  if (contract === undefined) return { operation: `${method} ${pathname}`, complaints: ["no such operation"] };
  const request = { method, path: pathname, query: searchParams, headers: sent, body: data as unknown };
  return {
    operation: contract.match(method, pathname)?.operationId ?? pathname,
    complaints: [
      ...contract.validate(request),
      ...(/^[a-z]{2}-[A-Z]{2}$/.test(sent.get("accept-language") ?? "") ? [] : ["Accept-Language is no locale"]),
      ...(/[[\]{}|]/.test(url) ? ["brackets of the filter are not encoded"] : []),
    ],
  };
};

/** A refresh names no scope (a scope added since the consent would drop the account), an application token the base one. */
const tokenComplaints = (data: string, headers: Headers): readonly string[] => {
  const form = new URLSearchParams(data);
  const names = [...form.keys()].toSorted().join();
  const good =
    (form.get("grant_type") === "refresh_token" && names === "grant_type,refresh_token") ||
    (form.get("grant_type") === "client_credentials" && names === "grant_type,scope");
  return [
    ...(good ? [] : [`form of ${names}`]),
    ...(headers.get("content-type") === "application/x-www-form-urlencoded" ? [] : ["is not form-encoded"]),
    ...(headers.get("authorization")?.startsWith("Basic ") === true ? [] : ["no Basic authorization"]),
  ];
};

const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false });

const tradingComplaints = (data: string, headers: Headers): readonly string[] => {
  const call = headers.get("x-ebay-api-call-name") ?? "";
  const allowed = trading.calls[call];
  if (allowed === undefined) return ["no such Trading call"];
  if (XMLValidator.validate(data) !== true) return ["body is no XML"];
  const root = z
    .record(z.string(), z.unknown())
    .safeParse(z.record(z.string(), z.unknown()).parse(parser.parse(data))[`${call}Request`]).data;
  const heads = Object.entries(trading.headers).filter(
    ([name, form]) => !new RegExp(form).test(headers.get(name) ?? ""),
  );
  if (root === undefined) return [`root is not ${call}Request`];
  const { "@_xmlns": namespace, ...elements } = root;
  return [
    ...heads.map(([name]) => `header ${name} is ${headers.get(name) ?? "missing"}`),
    ...(namespace === trading.namespace ? [] : ["wrong namespace"]),
    ...treeComplaints(elements, allowed, call),
  ];
};

const treeComplaints = (given: Readonly<Record<string, unknown>>, allowed: Tree, where: string): readonly string[] => {
  const rules = Object.entries(allowed).map(([key, inner]) => {
    const [, name = "", must = "", , most = "1"] = /^(\w+)(!?)(\*(\d+))?$/.exec(key) ?? [];
    return { name, inner, must: must === "!", most: Number(most) };
  });
  const unknown = Object.keys(given).filter((name) => !rules.some((rule) => rule.name === name));
  return [
    ...unknown.map((name) => `${where}/${name} is not part of the call`),
    ...rules.flatMap(({ name, inner, must, most }) => {
      const values: readonly unknown[] = name in given ? [given[name]].flat() : [];
      const nested =
        inner === true
          ? []
          : values.flatMap((value) =>
              treeComplaints(z.record(z.string(), z.unknown()).safeParse(value).data ?? {}, inner, `${where}/${name}`),
            );
      return [
        ...(must && values.length === 0 ? [`${where}/${name} is missing`] : []),
        ...(values.length > most ? [`${where}/${name} is there ${values.length} times`] : []),
        ...nested,
      ];
    }),
  ];
};

beforeAll(() => {
  const create = axios.create.bind(axios);
  vi.spyOn(axios, "create").mockImplementation((config) => {
    const instance = create(config);
    instance.interceptors.request.use((request) => {
      const { operation, complaints: found } = judge(request);
      checkedRequests.set(operation, (checkedRequests.get(operation) ?? 0) + 1);
      complaints.push(...found.map((complaint) => `${operation}: ${complaint}`));
      return request;
    });
    return instance;
  });
});
afterEach(() => expect(complaints.splice(0)).toEqual([]));
