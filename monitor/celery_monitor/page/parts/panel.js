/** A box with a heading, a soft remark and a link to more. */
import { html, useId } from "../vendor/libraries.js";

export function Panel({ title, note, more, children, class: name = "" }) {
  const id = useId();
  return html`<section class=${`panel ${name}`} aria-labelledby=${id}>
    <header><h2 id=${id}>${title}</h2>${note && html`<span class="soft note">${note}</span>`}${more && html`<span class="more">${more}</span>`}</header>
    ${children}
  </section>`;
}

export const PageTitle = ({ children, mono = false, actions }) => html`<div class="page-title">
  <h1 class=${mono ? "mono" : ""}>${children}</h1>
  ${actions && html`<div class="actions">${actions}</div>`}
</div>`;

/** Names and values, one below the other. `rows` is a list of `[name, value]`; those without a value are left out. */
export const Facts = ({ rows }) => html`<dl class="facts">
  ${rows.filter(([, value]) => value !== null && value !== undefined && value !== false).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`;
