import type { CheckFinding } from "../connectors/connector.ts";
import { ChannelError } from "../core/failure.ts";
import type { JobDeps } from "./deps.ts";
import { expiryFindings } from "./expiry.ts";

/** What was found, and the failure that kept us from looking at all of it. */
export type Look = { readonly findings: readonly CheckFinding[]; readonly failure: ChannelError | undefined };

/**
 * Everything about an account that can be known without touching stock. `audit` only reads; `ensure` also makes and
 * restores subscriptions. A part that cannot be looked at is a finding and hides no other part.
 */
export const lookAtAccount = async (
  deps: Pick<JobDeps, "connectorFor" | "planFor" | "clock">,
  {
    accountId,
    mode,
    signal,
  }: { readonly accountId: string; readonly mode: "audit" | "ensure"; readonly signal: AbortSignal },
): Promise<Look> => {
  const connector = deps.connectorFor(accountId);
  if (connector === undefined) return { findings: [], failure: undefined };
  let failure: ChannelError | undefined;
  const part = async (
    check: string,
    work: () => Promise<readonly CheckFinding[]>,
  ): Promise<readonly CheckFinding[]> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      failure = error;
      return [{ check, ok: false, detail: `${error.kind}: ${error.message}`, fix: fixOf(error) }];
    }
  };
  const context = { accountId, signal };
  const checked = await part("reachable", () => connector.check(context));
  const { subscriptions } = connector;
  const subscribed = subscriptions === undefined ? [] : await part("subscriptions", () => subscriptions[mode](context));
  const ending = expiryFindings(deps.planFor(accountId)?.expires ?? {}, deps.clock.now());
  return { findings: [...checked, ...subscribed, ...ending], failure };
};

const fixOf = ({ kind }: ChannelError): string => {
  if (kind === "auth") return "Check the account's credentials and let the seller authorise the application again.";
  if (kind === "permanent") return "Look the channel's words up; the same call will not work tomorrow either.";
  return "Try again later: the channel did not answer as it should.";
};
