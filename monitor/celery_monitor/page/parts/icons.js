/** Small pictures. They say nothing alone: a word stands beside each. */
import { html } from "../vendor/libraries.js";

const stroke = (...lines) => html`<g fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">${lines.map((d) => html`<path d=${d} />`)}</g>`;
const bold = (d) => html`<path d=${d} fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" />`;
const solid = (d) => html`<path d=${d} fill="currentColor" />`;

const ICONS = {
  // States.
  dot: () => html`<circle cx="8" cy="8" r="5" fill="currentColor" />`,
  ring: () => html`<circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="2" />`,
  cross: () => bold("M4 4l8 8M12 4l-8 8"),
  triangle: () => solid("M8 2.2 14.6 13.4H1.4Z"),
  dots: () => html`<g fill="currentColor"><circle cx="3" cy="8" r="1.6" /><circle cx="8" cy="8" r="1.6" /><circle cx="13" cy="8" r="1.6" /></g>`,
  play: () => solid("M4 2.5v11l9.5-5.5z"),
  again: () => bold("M13 8a5 5 0 1 1-1.6-3.7M13 1.8v3h-3"),
  barred: () => html`<g fill="none" stroke="currentColor" stroke-width="2"><circle cx="8" cy="8" r="5.2" /><path d="M4.4 11.6l7.2-7.2" /></g>`,
  inbox: () => bold("M8 2v7M5 6.5 8 9.5l3-3M2.5 10.5v3h11v-3"),
  question: () => bold("M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.7 8 9.1 8 10M8 13v.01"),
  clock: () => stroke("M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z", "M8 5v3.2l2.2 1.3"),
  up: () => bold("M8 13V3M4 7l4-4 4 4"),
  pause: () => bold("M5.5 3.5v9M10.5 3.5v9"),
  // The navigation.
  overview: () => stroke("M2 9h3l2-5 3 9 2-4h2"),
  tasks: () => stroke("M6 4h8M6 8h8M6 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01"),
  failures: () => stroke("M8 2.2 14.6 13.4H1.4Z", "M8 6.5v3M8 11.5v.01"),
  alerts: () => stroke("M3.5 11.5V7a4.5 4.5 0 0 1 9 0v4.5M2 11.5h12M6.5 14h3"),
  queues: () => stroke("M2 4.5h12M2 8h12M2 11.5h7M12 10l2 1.5-2 1.5"),
  workers: () => stroke("M2.5 3h11v4h-11zM2.5 9h11v4h-11z", "M5 5h.01M5 11h.01"),
  deployments: () => stroke("M8 1.8 14 5v6l-6 3.2L2 11V5z", "M2 5l6 3.2L14 5M8 8.2v6"),
  schedule: () => stroke("M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z", "M8 5v3.2l2.2 1.3"),
  audit: () => stroke("M4 1.8h6l3 3v9.4H4z", "M6.5 7.5h4M6.5 10.5h4"),
  settings: () => stroke("M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6", "M10 3v3M6 10v3"),
  more: () => html`<g fill="currentColor"><circle cx="3" cy="8" r="1.5" /><circle cx="8" cy="8" r="1.5" /><circle cx="13" cy="8" r="1.5" /></g>`,
  // Actions.
  copy: () => stroke("M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"),
  check: () => bold("M3 8.5l3.2 3L13 4.5"),
  search: () => stroke("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z", "M10.4 10.4 14 14"),
  sun: () => stroke("M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z", "M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"),
  moon: () => stroke("M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z"),
  leave: () => stroke("M6 2.5H2.5v11H6M10 5l3 3-3 3M13 8H6"),
  next: () => stroke("M6 3l5 5-5 5"),
  bookmark: () => stroke("M4 2h8v12l-4-3-4 3z"),
};

export const Icon = ({ name, size = 16 }) => html`<svg class="icon" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${ICONS[name]()}</svg>`;
