import { html } from "hono/html";
import type { HoldRow } from "../jobs/support.ts";
import type { Html } from "./layout.ts";

type View = {
  readonly holds: readonly HoldRow[];
  readonly token: string;
  readonly mayAct: boolean;
  readonly mistake?: string;
};

const onWhat = ({ scope, sku, accountId, listingRef }: HoldRow): string =>
  scope === "everything" ? "everything" : [sku, accountId, listingRef].filter((part) => part !== null).join(" ");

const endForm = (
  hold: HoldRow,
  token: string,
): Html => html`<form class="inline" method="post" action="/console/holds/${hold.id}/end">
<input type="hidden" name="token" value="${token}"><button>End</button></form>`;

const addForm = (token: string): Html => html`<h2>Hold</h2><form class="search" method="post" action="/console/holds">
<input type="hidden" name="token" value="${token}">
<label>Kind <select name="kind"><option value="freeze">freeze: push nothing</option><option value="zero">zero: show 0</option></select></label>
<label>What <select name="scope"><option>sku</option><option>listing</option><option>account</option><option>everything</option></select></label>
<label>SKU <input name="sku"></label>
<label>Account <input name="account"></label>
<label>Listing <input name="listing"></label>
<label>Reason <input name="reason" required maxlength="500"></label>
<label>Minutes <input name="minutes" inputmode="numeric" placeholder="until ended"></label>
<button>Hold</button>
</form>`;

/** The holds in force, and for operators the brake itself. */
export const holdsPage = ({ holds, token, mayAct, mistake }: View): Html => html`<h2>Holds</h2>
${mistake === undefined ? "" : html`<p class="mistake" role="alert">${mistake}</p>`}
${
  holds.length === 0
    ? html`<p class="note">Nothing is held. <a href="/console/holds?all=1">All there ever were</a></p>`
    : html`<div class="scroll"><table>
<thead><tr><th scope="col">Hold</th><th scope="col">Kind</th><th scope="col">On</th><th scope="col">Since</th><th scope="col">Until</th><th scope="col">Reason</th><th scope="col">By</th><th scope="col"></th></tr></thead>
<tbody>${holds.map(
        (
          hold,
        ) => html`<tr><th scope="row">${hold.id}</th><td>${hold.kind}</td><td>${onWhat(hold)}</td><td>${hold.startedAt}</td>
<td>${hold.endedAt === null ? (hold.expiresAt ?? "ended by hand") : `ended ${hold.endedAt} by ${hold.endedBy}`}</td>
<td>${hold.reason}</td><td>${hold.actor}</td><td>${mayAct && hold.endedAt === null ? endForm(hold, token) : ""}</td></tr>`,
      )}</tbody></table></div><p class="note"><a href="/console/holds?all=1">All there ever were</a></p>`
}
${mayAct ? addForm(token) : ""}`;
