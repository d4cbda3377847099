import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Session } from "../access/session.ts";

/** Text with every value escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** A whole page. With a session it has the header: where one can go, who one is, and the way out. */
export const page = (options: {
  readonly title: string;
  readonly body: Html;
  readonly signedIn?: { readonly session: Session; readonly logoutToken: string };
}): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${options.title} · Lockstep</title>
<link rel="stylesheet" href="/console/style.css">
</head>
<body>
${options.signedIn === undefined ? "" : header(options.signedIn)}
<main>${options.body}</main>
</body>
</html>
`;

const header = ({
  session,
  logoutToken,
}: {
  readonly session: Session;
  readonly logoutToken: string;
}): Html => html`<header>
<h1>Lockstep</h1>
<nav><a href="/console">Accounts</a> <a href="/console/explain">Explain</a> <a href="/console/timeline">Timeline</a> <a href="/console/holds">Holds</a> <a href="/board">Queues</a> <a href="/openapi.json">API</a></nav>
<span class="who">${session.user.name}, ${session.user.role}</span>
<form class="inline" method="post" action="/logout">
<input type="hidden" name="token" value="${logoutToken}">
<button>Sign out</button>
</form>
</header>`;
