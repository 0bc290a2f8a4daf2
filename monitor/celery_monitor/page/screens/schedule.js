/** The periodic tasks of beat. */
import { html } from "../vendor/libraries.js";
import { number, UNKNOWN } from "../app/format.js";
import { useLive } from "../app/live.js";
import { tasksPath, term } from "../app/places.js";
import { Badge } from "../parts/badge.js";
import { PageTitle } from "../parts/panel.js";
import { Empty, Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { Ago } from "../parts/time.js";

/** The monitor counts missed runs up to this number. */
const MOST_MISSED = 100;

const missedRuns = (missed) => `${number(missed)}${missed >= MOST_MISSED ? " or more" : ""}`;

export function Schedule() {
  const reading = useLive("schedule");
  return html`<${PageTitle}>Schedule<//>
    <section class="panel" aria-label="Schedule"><${Shown} reading=${reading} lines=${5}>${(schedule) => html`<${Entries} schedule=${schedule} />`}<//></section>`;
}

function Entries({ schedule }) {
  const { entries, unknown } = schedule;
  if (!entries.length) return html`<${Empty} icon="schedule" title="No periodic tasks are known.">${unknown}<//>`;
  return html`${unknown && html`<p class="note-line soft">${unknown}</p>`}
    <table class="cards">
      <thead><tr><th scope="col">Entry</th><th scope="col">When</th><th scope="col" class="n">Last run</th><th scope="col" class="n">Next run</th><th scope="col" class="n">Missed</th><th scope="col" class="n">Runs</th></tr></thead>
      <tbody>${entries.map((entry) => html`<tr key=${entry.name}>
        <th scope="row"><b><${Text} value=${entry.name} limit=${120} /></b>${!entry.enabled && html` <${Badge} tone="none" icon="pause">off<//>`}<span class="second mono"><a href=${tasksPath(term("name", entry.task))}><${Text} value=${entry.task} limit=${120} /></a>${entry.queue && html` in <${Text} value=${entry.queue} limit=${80} />`}</span></th>
        <td data-label="When"><${Text} value=${entry.schedule} limit=${120} /></td>
        <td class="n soft" data-label="Last run"><${Ago} at=${entry.last_run} /></td>
        <td class="n soft" data-label="Next run"><${Ago} at=${entry.next_run} /></td>
        <td class="n" data-label="Missed">${entry.missed ? html`<${Badge} tone="warn" icon="triangle">${missedRuns(entry.missed)}<//>` : entry.missed === null ? UNKNOWN : "0"}</td>
        <td class="n" data-label="Runs">${number(entry.runs)}</td>
      </tr>`)}</tbody>
    </table>`;
}
