/** A small line without axes, and its numbers as a table for screen readers. */
import { html } from "../vendor/libraries.js";
import { clock, number, UNKNOWN } from "../app/format.js";

const WIDTH = 200;
const HEIGHT = 34;
const TOP = 3;
const MOST_ROWS = 12;

/** Runs of known values, as points. A gap stays a gap. */
function segments(values) {
  const most = Math.max(...values.filter((value) => value !== null), 0);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  const y = (value) => (most === 0 ? HEIGHT - 1 : HEIGHT - 1 - (value / most) * (HEIGHT - 1 - TOP));
  const found = [];
  let current = null;
  values.forEach((value, index) => {
    if (value === null) {
      current = null;
      return;
    }
    if (current === null) found.push((current = []));
    current.push([index * step, y(value)]);
  });
  return found;
}

const line = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/**
 * @param {{at: number[], values: (number|null)[], label: string, unit: string, tone?: string}} options
 */
export function Sparkline({ at, values, label, unit, tone = "" }) {
  const parts = segments(values);
  return html`<div class="sparkline">
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="baseline" d=${`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      ${parts.map((points) => html`<path class=${`area ${tone}`} d=${`${line(points)}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}L${points[0][0].toFixed(1)} ${HEIGHT}Z`} />`)}
      ${parts.map((points) => html`<path class=${`line ${tone} ${points.length > 1 ? "" : "point"}`} d=${points.length > 1 ? line(points) : `${line(points)}h.1`} />`)}
    </svg>
    <${ChartTable} at=${at} columns=${[{ label, unit, values }]} />
  </div>`;
}

/** What a chart shows, in at most a dozen rows. */
export function ChartTable({ at, columns }) {
  const every = Math.max(1, Math.ceil(at.length / MOST_ROWS));
  const rows = at.map((_, index) => index).filter((index) => (at.length - 1 - index) % every === 0);
  return html`<div class="visually-hidden"><table>
    <caption>${columns.map(({ label }) => label).join(", ")}</caption>
    <thead><tr><th scope="col">time</th>${columns.map(({ label, unit }) => html`<th scope="col" key=${label}>${label}${unit && ` in ${unit}`}</th>`)}</tr></thead>
    <tbody>${rows.map((index) => html`<tr key=${index}><th scope="row">${clock(at[index])}</th>${columns.map(({ label, values }) => html`<td key=${label}>${values[index] === null ? UNKNOWN : number(values[index])}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
