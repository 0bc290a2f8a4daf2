/** The fleet as a map: a row for each worker, a square for each slot. */
import { html } from "../vendor/libraries.js";
import { counted, duration, missing, number } from "../app/format.js";
import { taskPath, workerPath } from "../app/places.js";
import { isMissing, Offline } from "../parts/badge.js";
import { Text } from "../parts/text.js";

const MOST_SQUARES = 32;
const MOST_ROWS = 14;

/** Running tasks of each worker, the longest first, each with whether it runs longer than 99 of 100 of its name. */
export function runningByWorker(tasks, names, at) {
  const p99 = new Map((names ?? []).map((one) => [one.name, one.runtime.p99]));
  const found = new Map();
  for (const task of tasks ?? []) {
    if (task.state !== "STARTED" || task.worker === null || task.started === null) continue;
    const seconds = Math.max(0, at - task.started);
    const usual = p99.get(task.name);
    const long = !missing(usual) && usual !== null && seconds > Math.max(usual, 1);
    if (!found.has(task.worker)) found.set(task.worker, []);
    found.get(task.worker).push({ task, seconds, long });
  }
  for (const running of found.values()) running.sort((one, other) => other.seconds - one.seconds);
  return found;
}

const isTroubled = (worker, running) => Boolean(worker.verdict) || running.some((one) => one.long);

/** Workers that need a person first, and those that were shut down last. Of a large fleet the others are only counted. */
function arranged(workers, running) {
  const of = (worker) => certain(worker, running.get(worker.name) ?? []);
  const rank = (worker) => (isMissing(worker) ? 0 : !worker.online ? 3 : isTroubled(worker, of(worker)) ? 1 : 2);
  return [...workers].sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}

export function Fleet({ workers, running }) {
  const sorted = arranged(workers, running);
  const shown = sorted.slice(0, MOST_ROWS);
  const rest = sorted.slice(MOST_ROWS);
  return html`<div class="body">
    <ul class="fleet">${shown.map((worker) => html`<${WorkerRow} key=${worker.name} worker=${worker} running=${certain(worker, running.get(worker.name) ?? [])} />`)}</ul>
    ${rest.length > 0 && html`<p class="soft rest">${counted(rest.length, "more worker")}, ${sum(rest, "active")} of ${sum(rest, "slots")} slots busy</p>`}
    <${Legend} />
  </div>`;
}

const sum = (workers, field) => number(workers.reduce((total, worker) => total + (worker[field] ?? 0), 0));

/** Without the end of some tasks, those that began last are the ones that run. */
function certain(worker, running) {
  if (!worker.missed || worker.active === null || running.length <= worker.active) return running;
  return running.slice(running.length - worker.active);
}

function WorkerRow({ worker, running }) {
  return html`<li>
    <a class="mono" href=${workerPath(worker.name)}><${Text} value=${worker.name} limit=${80} /></a>
    <${Squares} worker=${worker} running=${running} />
    <span class="soft remark"><${Remark} worker=${worker} running=${running} /></span>
  </li>`;
}

function Squares({ worker, running }) {
  if (!worker.online && !isMissing(worker)) return html`<span class="slots"></span>`;
  const slots = worker.slots ?? Math.max(worker.active ?? 0, running.length);
  const busy = worker.online ? Math.max(worker.active ?? 0, running.length) : 0;
  if (slots > MOST_SQUARES) return html`<span class="slots"><meter class="slot-meter" min="0" max=${slots} value=${busy} aria-label=${`${busy} of ${slots} slots busy`}></meter></span>`;
  const kinds = Array.from({ length: slots }, (_, index) => (index < busy ? (running[index]?.long ? "long" : "busy") : ""));
  return html`<span class=${`slots ${worker.online ? "" : "offline"}`} role="img" aria-label=${worker.online ? `${busy} of ${slots} slots busy` : "offline"}>
    ${kinds.map((kind, index) => html`<span key=${index} class=${`slot ${kind}`}></span>`)}
  </span>`;
}

function Remark({ worker, running }) {
  if (!worker.online) return html`<${Offline} worker=${worker} />`;
  if (worker.verdict) return html`<span title=${worker.verdict}>${worker.verdict}</span>`;
  const [longest] = running;
  if (longest?.long) return html`<a href=${taskPath(longest.task.id)}>${shortName(longest.task.name)} ${duration(longest.seconds)}</a>`;
  if (worker.slots === null) return worker.active === null ? "slots unknown" : `${number(worker.active)} active`;
  return `${number(worker.active)} of ${number(worker.slots)}`;
}

export const shortName = (name) => (name === null ? "unknown name" : name.split(".").at(-1).slice(0, 40));

const Legend = () => html`<p class="legend" aria-hidden="true">
  <span><span class="slot busy"></span>running</span><span><span class="slot long"></span>longer than its p99</span><span><span class="slot"></span>idle</span><span class="offline"><span class="slot"></span>offline</span>
</p>`;
