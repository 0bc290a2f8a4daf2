/** Groups of failures as rows of a table. */
import { html } from "../vendor/libraries.js";
import { number } from "../app/format.js";
import { failurePath, tasksPath, term } from "../app/places.js";
import { Text } from "../parts/text.js";
import { Ago } from "../parts/time.js";

/** The tasks of a group. */
export function failureFilter({ error, names }) {
  const terms = [...names.slice(0, 5).map((name) => term("name", name)), error ? term("error", error) : "state:failure"];
  return terms.join(" ");
}

/** @param {{failure: any, href?: string}} options the link leads to the tasks by default */
export const FailureName = ({ failure, href = tasksPath(failureFilter(failure)) }) => html`<a href=${href}><b><${Text} value=${failure.error || "unknown error"} limit=${100} /></b></a>
  <span class="second mono"><${Text} value=${[failure.names.join(", "), failure.place].filter(Boolean).join(" · ")} limit=${160} /></span>`;

export const OpenFailures = ({ failures }) => html`<table class="fixed">
  <thead><tr><th scope="col">Error</th><th scope="col" class="n open">Open</th><th scope="col" class="n seen">First seen</th></tr></thead>
  <tbody>${failures.map((failure) => html`<tr key=${`${failure.error} ${failure.place}`}><th scope="row"><${FailureName} failure=${failure} href=${failurePath(failure)} /></th><td class="n">${number(failure.open)}</td><td class="n soft"><${Ago} at=${failure.first_seen} /></td></tr>`)}</tbody>
</table>`;
