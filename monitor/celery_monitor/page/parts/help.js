/** The keys of the page. */
import { html } from "../vendor/libraries.js";
import { menu } from "../app/menu.js";
import { Dialog } from "./dialog.js";

const KEYS = [
  ["/", "Search tasks"],
  ["j, k", "Next and previous row"],
  ["Enter", "Open the row"],
  ["x", "Select the row"],
  ["X", "Select all rows up to this one"],
  ["r, c", "Retry or cancel the task, or the selected tasks"],
  ["n", "Show newer rows"],
  ["?", "This help"],
  ["Escape", "Close, leave the field, or clear the selection"],
];

const Keys = ({ rows }) => html`<dl class="keys">${rows.map(([keys, meaning]) => html`<div key=${keys}><dt>${keys.split(", ").map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt><dd>${meaning}</dd></div>`)}</dl>`;

export const Help = ({ onClose }) => html`<${Dialog} title="Keys" onClose=${onClose}>
  <div class="two-columns">
    <${Keys} rows=${KEYS} />
    <${Keys} rows=${menu.value.map(({ key, name }) => [`g, ${key}`, name])} />
  </div>
<//>`;
