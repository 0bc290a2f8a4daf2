/** The sentence at the top of every screen: what is wrong, and what to do. */
import { html, useState } from "../vendor/libraries.js";
import { counted } from "../app/format.js";
import { connection, dataAsOf } from "../app/connection.js";
import { HealthBadge, healthTone } from "./badge.js";
import { Command } from "./copy.js";
import { Icon } from "./icons.js";
import { Stale } from "./states.js";
import { Clock } from "./time.js";

const CONNECTION = {
  live: ["good", "dot", "Live"],
  connecting: ["none", "dots", "Connecting"],
  reconnecting: ["warn", "again", "Reconnecting"],
  paused: ["none", "pause", "Paused"],
};

/** `Live`, or since when nothing came. */
export function ConnectionState() {
  const state = connection.value;
  const [tone, icon, word] = CONNECTION[state];
  return html`<span class=${`connection ${tone}`} role="status">
    <${Icon} name=${icon} size=${10} /><span>${word}${state === "reconnecting" && dataAsOf.value !== null && html`, data as of <${Clock} at=${dataAsOf.value} />`}</span>
  </span>`;
}

export const HEALTHY = "The broker answers, and every queue has a worker.";

const Verdict = ({ verdict }) => html`<div class="verdict">
  <p class="what">${verdict.message}</p>
  ${(verdict.remedy || verdict.command) && html`<p class="do">${verdict.remedy} ${verdict.command && html`<${Command} text=${verdict.command} />`}</p>`}
</div>`;

/** @param {{reading: import("../app/readings.js").Reading}} options the health of the fleet */
export function Sentence({ reading }) {
  const [open, setOpen] = useState(false);
  const { data, at, problem, reload } = reading;
  if (data === null) {
    return html`<section class="sentence none" aria-label="Health"><p class="what">${problem ? problem.message : "Checking the fleet ..."}</p><${ConnectionState} /></section>`;
  }
  const [worst, ...others] = data.verdicts;
  return html`<section class=${`sentence ${healthTone(data.health)}`} aria-label="Health">
    <${HealthBadge} health=${data.health} />
    <div class="verdicts">
      ${worst ? html`<${Verdict} verdict=${worst} />` : html`<p class="what quiet">${HEALTHY}</p>`}
      ${open && others.map((verdict) => html`<${Verdict} key=${verdict.reason + verdict.message} verdict=${verdict} />`)}
      ${others.length > 0 && html`<button type="button" class="link" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Show only the worst" : `Show ${counted(others.length, "more problem")}`}</button>`}
      ${problem && !problem.offline && html`<${Stale} at=${at} problem=${problem} reload=${reload} />`}
    </div>
    <${ConnectionState} />
  </section>`;
}
