import type { AmazonSettings } from "../settings.ts";

const apiHosts = {
  na: "https://sellingpartnerapi-na.amazon.com",
  eu: "https://sellingpartnerapi-eu.amazon.com",
  fe: "https://sellingpartnerapi-fe.amazon.com",
} as const satisfies Record<AmazonSettings["region"], string>;

/** Login with Amazon has one host for all regions (§1). */
const authHost = "https://api.amazon.com";

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

export type Endpoints = { readonly api: string; readonly token: string };

/** Origins without a trailing slash; the settings' overrides win (§2). */
export const endpointsOf = (settings: Pick<AmazonSettings, "region" | "endpoints">): Endpoints => ({
  api: withoutSlash(settings.endpoints.api ?? apiHosts[settings.region]),
  token: `${withoutSlash(settings.endpoints.auth ?? authHost)}/auth/o2/token`,
});

/**
 * A query string whose lists are comma-separated with each element encoded by itself. Amazon cannot tell an encoded
 * comma from a separator (§13.20), so an element that holds a comma must not come here.
 */
export const queryString = (query: Readonly<Record<string, string | readonly string[] | undefined>>): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const text = typeof value === "string" ? encodeURIComponent(value) : value.map(encodeURIComponent).join(",");
    return [`${name}=${text}`];
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
};
