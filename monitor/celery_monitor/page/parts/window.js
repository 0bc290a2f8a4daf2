/** How far back a screen goes. The choice is in the address. */
import { html } from "../vendor/libraries.js";
import { setQuery } from "../app/router.js";

export const DEFAULT_WINDOW = "1h";

const WINDOWS = [
  ["1h", "Last hour"],
  ["6h", "Last 6 hours"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
];

export const WindowChoice = ({ value }) => html`<label class="choice"><span class="visually-hidden">Time</span>
  <select value=${value} onChange=${(event) => setQuery({ since: event.currentTarget.value === DEFAULT_WINDOW ? null : event.currentTarget.value })}>
    ${WINDOWS.map(([since, name]) => html`<option key=${since} value=${since} selected=${since === value}>${name}</option>`)}
    ${!WINDOWS.some(([since]) => since === value) && html`<option value=${value} selected>${value}</option>`}
  </select>
</label>`;
