import { html } from "hono/html";
import { type ExplainAnswer, type Explained, type ExplainQuestion, termText } from "../jobs/support.ts";
import type { Html } from "./layout.ts";

const timeline = (of: string, name: string, account: string | null): string =>
  `/console/timeline?${new URLSearchParams({ of, name, ...(account === null ? {} : { account }) }).toString()}`;

const form = ({ sku, accountId, listing, at }: ExplainQuestion): Html => html`<form class="search" method="get">
<label>SKU <input name="sku" value="${sku ?? ""}" autofocus></label>
<label>Account <input name="account" value="${accountId ?? ""}"></label>
<label>Listing <input name="listing" value="${listing ?? ""}"></label>
<label>At <input name="at" value="${at ?? ""}" placeholder="2026-11-27T12:04:00Z"></label>
<button>Explain</button>
</form>`;

const stock = ({ levels }: ExplainAnswer): Html =>
  levels.length === 0
    ? html``
    : html`<h2>Stock now</h2><div class="scroll"><table>
<thead><tr><th scope="col">Location</th><th class="figure" scope="col">On hand</th><th class="figure" scope="col">Reserved</th><th class="figure" scope="col">Available</th><th class="figure" scope="col">Incoming</th></tr></thead>
<tbody>${levels.map(
        (level) => html`<tr><th scope="row">${level.locationId}</th><td class="figure">${level.onHand}</td>
<td class="figure">${level.reserved}</td><td class="figure">${level.available}</td><td class="figure">${level.incoming}</td></tr>`,
      )}</tbody></table></div>`;

const attempts = (one: Explained): Html =>
  one.attempts.length === 0
    ? html`<p class="note">Nothing was ever pushed to it.</p>`
    : html`<div class="scroll"><table>
<thead><tr><th scope="col">Attempt</th><th class="figure" scope="col">Units</th><th scope="col">State</th><th scope="col">Sent</th><th scope="col">Answered</th><th scope="col">Seen</th><th scope="col">Answer</th></tr></thead>
<tbody>${one.attempts.map(
        (
          attempt,
        ) => html`<tr><th scope="row">${attempt.id}</th><td class="figure">${attempt.units}</td><td>${attempt.state}</td>
<td>${attempt.startedAt}</td><td>${attempt.answeredAt ?? "–"}</td><td>${attempt.appliedAt ?? "–"}</td><td>${attempt.detail ?? attempt.receipt ?? ""}</td></tr>`,
      )}</tbody></table></div>`;

const list = (title: string, items: readonly Html[]): Html =>
  items.length === 0 ? html`` : html`<h3>${title}</h3><ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;

const listingPart = (one: Explained): Html => {
  const { listing } = one;
  const terms = one.because?.terms ?? [];
  return html`<section>
<h2>${listing.accountId}: ${listing.title ?? listing.ref}</h2>
<p>${one.sentence}</p>
<p class="note"><a href="${timeline("listing", listing.ref, listing.accountId)}">Timeline of ${listing.ref}</a>${one.reproduced ? " · the terms give this number again" : ""}</p>
${list(
  "It waits for",
  one.waitsFor.map(({ text }) => html`${text}`),
)}
${list(
  "Terms",
  terms.map((term) => html`${termText(term)}`),
)}
${list(
  "Behind the stock",
  one.levels.map(
    ({ sku, locationId, version, movementId }) =>
      html`${sku} at ${locationId}: version ${version}${movementId === null ? "" : `, movement ${movementId}`}`,
  ),
)}
${list(
  "Reserved by",
  one.reservedBy.map(({ by, ref, accountId, units, sku, since }) =>
    by === "order"
      ? html`${units} of ${sku}: order <a href="${timeline("order", ref, accountId)}">${ref}</a> of ${accountId}, since ${since}`
      : html`${units} of ${sku}: reservation ${ref}, since ${since}`,
  ),
)}
${list(
  "Holds",
  one.holds.map(
    ({ id, kind, reason, expiresAt }) =>
      html`<a href="/console/holds">${id}</a>: ${kind}, ${reason}${expiresAt === null ? "" : `, until ${expiresAt}`}`,
  ),
)}
<h3>Last attempts</h3>${attempts(one)}
</section>`;
};

/** Why listings show what they show. */
export const explainPage = (asked: ExplainQuestion, answer: ExplainAnswer | undefined, isAsked: boolean): Html => {
  if (!isAsked) return html`${form(asked)}<p class="note">By SKU, or by account and listing.</p>`;
  if (answer === undefined)
    return html`${form(asked)}<p class="mistake">Neither the ledger nor a listing knows that. SKUs are byte-exact.</p>`;
  const story =
    answer.sku === null
      ? html``
      : html`<p class="note"><a href="${timeline("sku", answer.sku, null)}">Timeline of ${answer.sku}</a></p>`;
  const none = answer.listings.length === 0 ? html`<p class="note">No listing sells it.</p>` : html``;
  return html`${form(asked)}${story}${stock(answer)}${none}${answer.listings.map(listingPart)}`;
};
