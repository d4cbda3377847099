import { html } from "hono/html";
import type { Timeline } from "../jobs/support.ts";
import type { Html } from "./layout.ts";

type Asked = { readonly of: string; readonly name: string | null; readonly account: string | null };

const form = ({ of, name, account }: Asked): Html => html`<form class="search" method="get">
<label>Of <select name="of">${["sku", "order", "listing"].map(
  (one) => html`<option value="${one}" ${one === of ? "selected" : ""}>${one}</option>`,
)}</select></label>
<label>Name <input name="name" value="${name ?? ""}" autofocus></label>
<label>Account <input name="account" value="${account ?? ""}"></label>
<button>Show</button>
</form>`;

/** All that happened, newest first. */
export const timelinePage = (asked: Asked, found: Timeline | undefined, isAsked: boolean): Html => {
  if (!isAsked)
    return html`${form(asked)}<p class="note">A listing needs its account; an order only if two channels use its number.</p>`;
  if (found === undefined) return html`${form(asked)}<p class="mistake">Nothing is known by that name.</p>`;
  const { name, of, account } = asked;
  const older = new URLSearchParams({
    of,
    name: name ?? "",
    account: account ?? "",
    before: found.next ?? "",
  }).toString();
  return html`${form(asked)}
<div class="scroll"><table>
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col"></th></tr></thead>
<tbody>${found.entries.map(
    (entry) =>
      html`<tr><td><time datetime="${entry.at}">${entry.at}</time></td><td>${entry.kind} ${entry.id}</td><td>${entry.text}</td></tr>`,
  )}</tbody></table></div>
${found.next === null ? "" : html`<p><a href="/console/timeline?${older}">Older</a></p>`}`;
};
