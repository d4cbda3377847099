import { Hono } from "hono";
import { html } from "hono/html";
import { formToken } from "../access/session.ts";
import { requireSession, type SignInDeps } from "../ops/signed-in.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { type Html, page } from "./layout.ts";
import { styleSheet } from "./style.ts";

/** What the console's first page shows; compose.ts gathers it from the accounts and the queues. */
export type AccountsView = {
  readonly accounts: readonly {
    readonly id: string;
    readonly channel: string;
    readonly state: string;
    readonly stateReason: string | null;
    /** ISO, UTC. */
    readonly stateSince: string;
    /** Named counts, the same names for every account: `pushes owed`, `deliveries open`, `parked`, `dead letters`. */
    readonly figures: Readonly<Record<string, number>>;
  }[];
  readonly queues: readonly { readonly name: string; readonly counts: Readonly<Record<string, number>> }[];
};

const namesOf = (records: readonly Readonly<Record<string, number>>[]): readonly string[] => [
  ...new Set(records.flatMap((record) => Object.keys(record))),
];

const figures = (names: readonly string[], record: Readonly<Record<string, number>>): readonly Html[] =>
  names.map((name) => html`<td class="figure">${record[name] ?? 0}</td>`);
const heads = (names: readonly string[]): readonly Html[] =>
  names.map((name) => html`<th class="figure" scope="col">${name}</th>`);

const stateClass = (state: string): string => `state state-${state.replace(/[^a-z-]/g, "")}`;

const accountsTable = (accounts: AccountsView["accounts"]): Html => {
  if (accounts.length === 0)
    return html`<p class="note">No accounts yet: add one to the settings, then run <code>lockstep check</code>.</p>`;
  const names = namesOf(accounts.map((account) => account.figures));
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Account</th><th scope="col">Channel</th><th scope="col">State</th><th scope="col">Since</th>${heads(names)}</tr></thead>
<tbody>${accounts.map(
    (account) => html`<tr>
<th scope="row">${account.id}</th><td>${account.channel}</td>
<td><span class="${stateClass(account.state)}">${account.state}</span>${account.stateReason === null ? "" : html`<br><span class="note">${account.stateReason}</span>`}</td>
<td><time datetime="${account.stateSince}">${account.stateSince}</time></td>${figures(names, account.figures)}
</tr>`,
  )}</tbody></table></div>`;
};

const queuesTable = (queues: AccountsView["queues"]): Html => {
  if (queues.length === 0) return html`<p class="note">No queues.</p>`;
  const names = namesOf(queues.map((queue) => queue.counts));
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Queue</th>${heads(names)}</tr></thead>
<tbody>${queues.map(
    (queue) =>
      html`<tr><th scope="row"><a href="/board/queue/${encodeURIComponent(queue.name)}">${queue.name}</a></th>${figures(names, queue.counts)}</tr>`,
  )}</tbody></table></div>`;
};

/** `/console`: the accounts with their states, and the queues. */
export const consoleRoutes = (deps: {
  readonly signIn: SignInDeps;
  readonly accountsView: () => Promise<AccountsView>;
}): Hono<WebEnv> => {
  const app = new Hono<WebEnv>();
  // The one thing below /console that needs no session: the login form is styled by it.
  app.get("/console/style.css", (c) => c.body(styleSheet, 200, { "content-type": "text/css; charset=utf-8" }));
  app.use("/console", requireSession(deps.signIn));
  app.use("/console/*", requireSession(deps.signIn));
  app.get("/console", async (c) => {
    const session = c.get("session");
    const view = await deps.accountsView();
    const body = html`<h2>Accounts</h2>${accountsTable(view.accounts)}<h2>Queues</h2>${queuesTable(view.queues)}`;
    const logoutToken = formToken(deps.signIn.settings.secretKey, session.id);
    return c.html(page({ title: "Accounts", body, signedIn: { session, logoutToken } }));
  });
  return app;
};
