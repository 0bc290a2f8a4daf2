/** What a screen shows in place of data: loading, empty, stale, error, forbidden. */
import { html, useEffect, useState } from "../vendor/libraries.js";
import { Icon } from "./icons.js";
import { Clock } from "./time.js";

const PATIENCE_MS = 300;

/** Grey lines; only after a moment, because most answers come sooner. */
export function Loading({ lines = 4 }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class=${`loading ${shown ? "shown" : ""}`} role="status">
    <span class="visually-hidden">Loading</span>
    ${Array.from({ length: lines }, (_, index) => html`<span class="line" key=${index}></span>`)}
  </div>`;
}

/** Nothing to show: what is empty, why, and what would change it. */
export const Empty = ({ icon = "dot", title, children }) => html`<div class="state empty">
  <span class="state-icon"><${Icon} name=${icon} size=${20} /></span>
  <p class="state-title">${title}</p>
  ${children && html`<div class="state-text">${children}</div>`}
</div>`;

const FORBIDDEN = 403;
const NOT_FOUND = 404;
const UNAVAILABLE = 503;

const titleOf = (problem) =>
  ({
    0: "The monitor does not answer.",
    [FORBIDDEN]: "Your role is too low for this.",
    [NOT_FOUND]: "Not found.",
    [UNAVAILABLE]: "Not available now.",
  })[problem.status] ?? "This cannot be shown.";

/** Why a document could not be read, and a button to try again. */
export function ProblemState({ problem, reload }) {
  const forbidden = problem.status === FORBIDDEN;
  return html`<div class=${`state ${forbidden ? "forbidden" : "error"}`} role="alert">
    <span class="state-icon"><${Icon} name=${forbidden ? "barred" : "triangle"} size=${20} /></span>
    <p class="state-title">${titleOf(problem)}</p>
    <div class="state-text">
      ${!problem.offline && html`<p>${problem.message}</p>`}
      ${problem.offline && html`<p>The page tries again by itself.</p>`}
      ${problem.errors?.map((one) => html`<p key=${one.where}><code>${one.where}</code>: ${one.message}</p>`)}
    </div>
    ${!forbidden && reload && html`<button type="button" class="button" onClick=${reload}>Try again</button>`}
  </div>`;
}

/** One line above data that could not be refreshed. */
export const Stale = ({ at, problem, reload }) => html`<div class="stale" role="status">
  <${Icon} name="triangle" size=${12} />
  <span>Data as of <${Clock} at=${at} />. ${problem.offline ? "The monitor does not answer." : problem.message}</span>
  ${reload && html`<button type="button" class="link" onClick=${reload}>Try again</button>`}
</div>`;

/**
 * A reading in whatever state it is. `children` is a function of the data.
 * @param {{reading: import("../app/readings.js").Reading & {reload?: () => void}}} options
 */
export function Shown({ reading, lines, children }) {
  const { data, at, problem, reload } = reading;
  if (data === null) return problem ? html`<${ProblemState} problem=${problem} reload=${reload} />` : html`<${Loading} lines=${lines} />`;
  return html`${problem && html`<${Stale} at=${at} problem=${problem} reload=${reload} />`}${children(data)}`;
}
