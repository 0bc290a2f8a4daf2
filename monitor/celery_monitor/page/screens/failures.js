/** Failures in groups: which error, raised where, since when, and how many tasks are still failed. */
import { html, useEffect, useRef, useState } from "../vendor/libraries.js";
import { number } from "../app/format.js";
import { taskPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { place, setQuery } from "../app/router.js";
import { Badge } from "../parts/badge.js";
import { FailureName } from "../lists/failure_rows.js";
import { Onset } from "../lists/onset.js";
import { PageTitle, Panel } from "../parts/panel.js";
import { Empty, Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { Ago } from "../parts/time.js";
import { DEFAULT_WINDOW, WindowChoice } from "../parts/window.js";

const SECONDS = 5;

export function Failures() {
  const since = place.value.query.get("since") ?? DEFAULT_WINDOW;
  const all = place.value.query.get("all") === "yes";
  const reading = useReading("/failures", { since, limit: 500 }, SECONDS);
  return html`<${PageTitle} actions=${html`<${WindowChoice} value=${since} />`}>Failures<//>
    <div class="views plain">
      <button type="button" class="chip" aria-pressed=${!all} aria-current=${all ? undefined : "true"} onClick=${() => setQuery({ all: null })}>Open</button>
      <button type="button" class="chip" aria-pressed=${all} aria-current=${all ? "true" : undefined} onClick=${() => setQuery({ all: "yes" })}>All</button>
    </div>
    <${Panel} title=${all ? "All failures" : "Open failures"} note=${all ? "by error and raising line" : "failed or lost, and not succeeded since"}>
      <${Shown} reading=${reading} lines=${6}>${(data) => html`<${Groups} failures=${data.failures} all=${all} since=${since} />`}<//>
    <//>`;
}

function Groups({ failures, all, since }) {
  const shown = all ? failures : failures.filter((failure) => failure.open > 0);
  if (!shown.length) {
    return all || !failures.length
      ? html`<${Empty} title="No failures in this time.">Choose a longer time to see more.<//>`
      : html`<${Empty} title="No open failures.">Every task that failed in this time has succeeded since, or is being retried.<//>`;
  }
  return html`<table class="cards">
    <thead><tr><th scope="col">Error</th><th scope="col" class="n">Open</th><th scope="col" class="n">Retrying</th><th scope="col" class="n">Recovered</th><th scope="col" class="n">First seen</th><th scope="col" class="n">Last seen</th></tr></thead>
    <tbody>${shown.map((failure) => html`<${Group} key=${`${failure.error} ${failure.place}`} failure=${failure} since=${since} />`)}</tbody>
  </table>`;
}

/** Whether the address names the group. */
const isAsked = ({ error, place: line }) => place.value.query.get("error") === error && place.value.query.get("place") === (line ?? "");

function Group({ failure, since }) {
  const [open, setOpen] = useState(isAsked(failure));
  const button = useRef(null);
  useEffect(() => {
    if (open) button.current.focus();
  }, []);
  return html`<${Row} failure=${failure} open=${open} button=${button} onOpen=${() => setOpen(!open)} />
    ${open && html`<tr><td colspan="6" class="detail"><${Onset} failure=${failure} since=${since} /></td></tr>`}`;
}

const Row = ({ failure, open, button, onOpen }) => html`<tr>
  <th scope="row"><${FailureName} failure=${failure} /><span class="message"><button ref=${button} type="button" class="link" aria-expanded=${open} aria-label=${`Since when, and where: ${failure.error || "unknown error"}`} onClick=${onOpen}>Since when, and where</button></span>${failure.message !== null && html`<span class="message"><a href=${taskPath(failure.latest)}>Latest</a> <span class="mono"><${Text} value=${failure.message} limit=${240} /></span></span>`}</th>
  <td class="n" data-label="Open">${failure.open ? html`<${Badge} tone="bad" icon="cross">${number(failure.open)}<//>` : "0"}</td>
  <td class="n" data-label="Retrying">${number(failure.retrying)}</td>
  <td class="n" data-label="Recovered">${number(failure.recovered)}</td>
  <td class="n soft" data-label="First seen"><${Ago} at=${failure.first_seen} /></td>
  <td class="n soft" data-label="Last seen"><${Ago} at=${failure.last_seen} /></td>
</tr>`;
