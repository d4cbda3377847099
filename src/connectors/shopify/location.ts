import { ChannelError } from "../../core/failure.ts";
import type { ShopifySettings } from "../settings.ts";
import type { Client } from "./client.ts";
import { locations } from "./documents.ts";
import { LocationsAnswer } from "./schemas.ts";

/** The locations whose levels this account reads and writes, as gids; `all` begins with `main`. No other is touched. */
export type MappedLocations = { readonly main: string; readonly all: readonly string[] };
export type LocationsOf = (signal: AbortSignal) => Promise<MappedLocations>;

/**
 * The configured locations, or the shop's only one, looked up once. Several and none configured: `permanent`, naming
 * the setting, since guessing would write one warehouse's stock to another.
 */
export const createLocations = (settings: ShopifySettings, client: Client): LocationsOf => {
  let main: string | undefined = settings.locationGid;
  const further = settings.furtherLocationGids ?? [];
  return async (signal) => {
    main ??= await onlyLocation(client, signal);
    return { main, all: [...new Set([main, ...further])] };
  };
};

const onlyLocation = async (client: Client, signal: AbortSignal): Promise<string> => {
  const { data } = await client.call({ document: locations, variables: {}, schema: LocationsAnswer }, signal);
  const [first, ...others] = data.locations.nodes;
  if (first === undefined) {
    throw new ChannelError({ kind: "permanent", message: "the shop has no active location that the app can see" });
  }
  if (others.length > 0 || data.locations.pageInfo.hasNextPage) {
    const choices = data.locations.nodes.map(({ id, name }) => `${id} (${name})`).join(", ");
    throw new ChannelError({
      kind: "permanent",
      message: `the shop has several locations; set the account's location to one of ${choices}`,
    });
  }
  return first.id;
};
