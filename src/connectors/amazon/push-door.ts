import type { DoorRequest, PushDoor } from "../connector.ts";

/** A bulk pays from here on: so many single writes would take longer than a document usually does. */
export type DoorTerms = {
  /** Single writes at once, and a second. */
  readonly burst: number;
  readonly ratePerSecond: number;
  /** How long a document usually takes to be worked off. */
  readonly bulkSeconds: number;
};

/**
 * Which door each write takes. Pure. Lowering and urgent writes go singly: a feed can lie for hours (§13.18). Raises go
 * as a bulk when there are more of them than single writes could carry meanwhile. PATCH and feed have no order against
 * each other (§9): while a feed with a listing is under way nothing else is sent for it, and no feed takes a listing
 * along that has a PATCH under way.
 */
export const choosePushDoor = (
  requests: readonly DoorRequest[],
  { burst, ratePerSecond, bulkSeconds }: DoorTerms,
): ReadonlyMap<string, PushDoor> => {
  const mayBulk = ({ reason, urgent, inFlight }: DoorRequest): boolean =>
    reason === "raise" && !urgent && inFlight === "nothing";
  const isBulk = requests.filter(mayBulk).length > burst + ratePerSecond * bulkSeconds;
  return new Map(
    requests.map((request): [string, PushDoor] => {
      if (request.inFlight === "bulk") return [request.ref, "wait"];
      return [request.ref, isBulk && mayBulk(request) ? "bulk" : "single"];
    }),
  );
};
