import { ChannelError } from "../../core/failure.ts";
import type { CallContext, CheckFinding } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { ShopifySettings } from "../settings.ts";
import { versionFinding } from "./api-version.ts";
import type { Answer, Client } from "./client.ts";
import { appState, locations } from "./documents.ts";
import type { LocationsOf } from "./location.ts";
import { AppStateAnswer, LocationsAnswer } from "./schemas.ts";

const neededScopes = ["read_inventory", "write_inventory", "read_products", "read_locations", "read_orders"];
/** More skew than this eats into the lag and overlap of the order poll. */
const skewMsMax = 30_000;

/** Credentials, scopes, API version, clock, location. Read-only. */
export const createCheck =
  (settings: ShopifySettings, client: Client, locationsOf: LocationsOf, deps: Pick<ConnectorDeps, "clock">) =>
  async (context: CallContext): Promise<readonly CheckFinding[]> => {
    let state: Answer<ReturnType<typeof AppStateAnswer.parse>>;
    try {
      state = await client.call({ document: appState, variables: {}, schema: AppStateAnswer }, context.signal);
    } catch (error) {
      return [failed("credentials", error, `Check the shop name and the credentials of ${settings.shop}.`)];
    }
    const scopes = state.data.currentAppInstallation.accessScopes.map(({ handle }) => handle);
    return [
      { check: "credentials", ok: true, detail: `${settings.shop} accepts them` },
      scopesFinding(scopes),
      versionFinding({
        requested: settings.apiVersion,
        served: state.servedVersion,
        supported: state.data.publicApiVersions.flatMap(({ handle, supported }) => (supported ? [handle] : [])),
        nowMs: deps.clock.now(),
      }),
      ...clockFinding(state.dateMs, deps.clock.now()),
      await locationFinding(client, locationsOf, context.signal),
    ];
  };

const failed = (check: string, error: unknown, fix: string): CheckFinding => {
  if (!(error instanceof ChannelError)) throw error;
  return { check, ok: false, detail: `${error.kind}: ${error.message}`, fix };
};

const scopesFinding = (granted: readonly string[]): CheckFinding => {
  // A write scope carries its read scope.
  const has = (scope: string): boolean =>
    granted.includes(scope) || granted.includes(scope.replace(/^read_/, "write_"));
  const missing = neededScopes.filter((scope) => !has(scope));
  return missing.length === 0
    ? { check: "scopes", ok: true, detail: neededScopes.join(", ") }
    : {
        check: "scopes",
        ok: false,
        detail: `missing ${missing.join(", ")}`,
        fix: "Grant these scopes to the app and install it again.",
      };
};

const clockFinding = (channelMs: number | undefined, nowMs: number): CheckFinding[] => {
  if (channelMs === undefined) return [];
  const skewMs = Math.abs(nowMs - channelMs);
  const detail = `${Math.round(skewMs / 1000)} s apart from the channel's`;
  return skewMs <= skewMsMax
    ? [{ check: "clock", ok: true, detail }]
    : [{ check: "clock", ok: false, detail, fix: "Set this machine's clock by NTP." }];
};

const locationFinding = async (
  client: Client,
  locationsOf: LocationsOf,
  signal: AbortSignal,
): Promise<CheckFinding> => {
  try {
    const { all } = await locationsOf(signal);
    const { data } = await client.call({ document: locations, variables: {}, schema: LocationsAnswer }, signal);
    const nameOf = new Map(data.locations.nodes.map(({ id, name }) => [id, name]));
    const missing = all.filter((gid) => !nameOf.has(gid));
    if (missing.length === 0 || data.locations.pageInfo.hasNextPage) {
      const told = all.map((gid) => `${nameOf.get(gid) ?? "not among the first ten"} (${gid})`);
      return { check: "location", ok: true, detail: told.join(", ") };
    }
    const choices = data.locations.nodes.map(({ id, name }) => `${id} (${name})`).join(", ");
    return {
      check: "location",
      ok: false,
      detail: `${missing.join(", ")} is none of the shop's active locations`,
      fix: `Set the account's location to one of ${choices}.`,
    };
  } catch (error) {
    return failed("location", error, "Set the account's location to a gid of the shop.");
  }
};
