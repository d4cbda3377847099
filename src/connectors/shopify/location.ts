import { ChannelError } from "../../core/failure.ts";
import type { ShopifySettings } from "../settings.ts";
import type { Client } from "./client.ts";
import { locations } from "./documents.ts";
import { LocationsAnswer } from "./schemas.ts";

/** The gid of the location whose levels this account reads and writes. */
export type LocationOf = (signal: AbortSignal) => Promise<string>;

/**
 * The configured location, or the shop's only one, looked up once. Several: `permanent`, naming the setting, since
 * guessing would write one warehouse's stock to another.
 */
export const createLocation = (settings: ShopifySettings, client: Client): LocationOf => {
  let found: string | undefined = settings.locationGid;
  return async (signal) => {
    found ??= await onlyLocation(client, signal);
    return found;
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
