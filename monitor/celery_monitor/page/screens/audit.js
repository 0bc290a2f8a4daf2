/** Who changed what, and what was refused. */
import { html } from "../vendor/libraries.js";
import { useReading } from "../app/readings.js";
import { place } from "../app/router.js";
import { Badge } from "../parts/badge.js";
import { PageTitle } from "../parts/panel.js";
import { Empty, Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { DayClock } from "../parts/time.js";
import { WindowChoice } from "../parts/window.js";

const SECONDS = 10;
const MOST = 500;

export function Audit() {
  const since = place.value.query.get("since") ?? "1h";
  const reading = useReading("/audit", { since, limit: MOST }, SECONDS);
  return html`<${PageTitle} actions=${html`<${WindowChoice} value=${since} />`}>Audit<//>
    <section class="panel" aria-label="Audit"><${Shown} reading=${reading} lines=${6}>${(data) => html`<${Entries} entries=${data.entries} />`}<//></section>`;
}

function Entries({ entries }) {
  if (!entries.length) return html`<${Empty} icon="audit" title="No change was asked for in this time.">Choose a longer time to see more.<//>`;
  return html`<table class="cards">
    <thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">Action</th><th scope="col">Subject</th><th scope="col">Outcome</th><th scope="col">From</th></tr></thead>
    <tbody>${entries.map((entry) => html`<tr key=${`${entry.at} ${entry.action} ${entry.subject}`}>
      <th scope="row" class="nowrap soft"><${DayClock} at=${entry.at} /></th>
      <td data-label="Who"><${Text} value=${entry.identity || "unknown"} limit=${100} />${entry.role && html`<span class="soft"> ${entry.role}</span>`}</td>
      <td data-label="Action">${entry.action.replaceAll("_", " ")}</td>
      <td data-label="Subject" class="mono break"><${Text} value=${entry.subject} limit=${200} />${entry.detail && html`<span class="second"><${Text} value=${entry.detail} limit=${200} /></span>`}</td>
      <td data-label="Outcome"><${Outcome} outcome=${entry.outcome} /></td>
      <td data-label="From" class="soft">${entry.address}</td>
    </tr>`)}</tbody>
  </table>`;
}

function Outcome({ outcome }) {
  if (outcome === "done") return html`<${Badge} tone="good" icon="dot">done<//>`;
  if (outcome === "dry run") return html`<${Badge} tone="none" icon="question">dry run<//>`;
  return html`<span class="refused"><${Badge} tone="warn" icon="barred">refused<//> <span class="soft"><${Text} value=${outcome} limit=${200} /></span></span>`;
}
