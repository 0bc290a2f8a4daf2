/** Since when tasks fail with one error, how often, and where: on which rollouts of a cluster, or on which workers. */
import { html } from "../vendor/libraries.js";
import { counted, isoTime, number, UNKNOWN } from "../app/format.js";
import { useLive } from "../app/live.js";
import { tasksPath, term, workerPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { Sparkline } from "../charts/sparkline.js";
import { Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { Ago, DayClock } from "../parts/time.js";
import { failureFilter } from "./failure_rows.js";

const SECONDS = 10;
const MOST_PLACES = 20;

export function Onset({ failure, since }) {
  const reading = useReading("/failures/onset", { error: failure.error, place: failure.place, since }, SECONDS);
  const workers = useLive("workers").data ?? [];
  const resource = useLive("resource").data;
  return html`<div class="onset"><${Shown} reading=${reading} lines=${3}>${(onset) => html`<${Begin} onset=${onset} />
    <${Places} places=${placesOf(onset, workers, rolloutsOf(resource, workers))} onset=${onset} failure=${failure} />`}<//></div>`;
}

function Begin({ onset }) {
  const { window, first, tasks, before, trend, history_since: oldest } = onset;
  const length = window.until - window.since;
  const step = length / trend.length;
  return html`<p>The first of them in the history failed <${DayClock} at=${first} /> (<${Ago} at=${first} />). ${counted(tasks, "task")} failed in this time, and ${number(before)} in the same time before.${oldest > window.since - length && html` The history begins <${DayClock} at=${oldest} />.`}</p>
    <${Sparkline} at=${trend.map((_, index) => window.since + index * step)} values=${trend} label="failed tasks" unit="" tone="bad" />`;
}

/**
 * The rollouts of the worker groups, also those that have ended: their workers stay known for a day. The names of their pods
 * differ in the last part alone. `since`: null if no pod is left. `newest`: of several of a group.
 */
export function rolloutsOf(resource, workers) {
  const found = new Map();
  const add = (pod, group, created) => {
    const name = pod.slice(0, pod.lastIndexOf("-"));
    const since = Math.min(created, found.get(name)?.since ?? Infinity);
    found.set(name, { name, group, since });
  };
  for (const { name, group, created_at: created } of resource?.pods ?? []) add(name, group, created);
  for (const { name, group } of workers) if (group !== null) add(hostOf(name), group, Infinity);
  const rollouts = [...found.values()].map((one) => ({ ...one, since: one.since === Infinity ? null : one.since }));
  const isNewest = (one) => {
    const others = rollouts.filter((other) => other !== one && other.group === one.group);
    return one.since !== null && others.length > 0 && others.every(({ since }) => since === null || since < one.since);
  };
  return rollouts.map((one) => ({ ...one, newest: isNewest(one) }));
}

const hostOf = (worker) => worker.slice(worker.indexOf("@") + 1);

/** Where the tasks failed, those with the most failures first: the workers of one rollout are one place. */
export function placesOf({ window, workers: failing }, workers, rollouts) {
  const found = new Map();
  for (const { name, tasks, first, last } of failing) {
    const rollout = name === null ? undefined : rollouts.find((one) => hostOf(name).startsWith(`${one.name}-`));
    const place = rollout ? ofRollout(rollout) : ofWorker(name, last, workers, window);
    const known = found.get(place.key);
    if (known) Object.assign(known, { tasks: known.tasks + tasks, first: Math.min(known.first, first) });
    else found.set(place.key, { ...place, tasks, first });
  }
  return [...found.values()].sort((one, other) => other.tasks - one.tasks);
}

const ofRollout = ({ name, group, since, newest }) => ({ key: `rollout ${name}`, rollout: name, group, since, newest, filter: term("worker", `*@${name}-*`) });

/** @param {number} last when the last of the tasks failed */
function ofWorker(name, last, workers, window) {
  if (name === null) return { key: "unknown", worker: null, since: null, filter: null };
  const known = workers.find((one) => one.name === name);
  const since = known?.online ? known.since : null;
  const isLater = since !== null && since > last;
  // What failed before the worker came online belongs to the process before, unless that is all there is.
  const ended = since !== null && since > window.since && !isLater ? ` ${term("ended", isoTime(since))}` : "";
  return { key: `worker ${name}`, worker: name, since, isLater, filter: `${term("worker", name)}${ended}` };
}

function Places({ places, onset, failure }) {
  const shown = places.slice(0, MOST_PLACES);
  const whole = onset.workers.length === onset.worker_count;
  return html`${places.length === 1 && whole && html`<p><b>${places[0].rollout ? "Only the workers of one rollout have it." : "Only one worker has it."}</b></p>`}
    <table class="cards">
      <thead><tr><th scope="col" class="nowrap">Where</th><th scope="col" class="nowrap n">Failed</th><th scope="col" class="nowrap">Started</th><th scope="col" class="nowrap">First failed</th><th scope="col" class="nowrap"><span class="visually-hidden">Tasks</span></th></tr></thead>
      <tbody>${shown.map((place) => html`<tr key=${place.key}>
        <th scope="row"><${PlaceName} place=${place} /></th>
        <td class="n" data-label="Failed">${number(place.tasks)}</td>
        <td class="nowrap" data-label="Started">${place.since === null ? UNKNOWN : html`<${DayClock} at=${place.since} />${place.isLater && html`<span class="second">after these failures</span>`}`}</td>
        <td class="nowrap" data-label="First failed"><${DayClock} at=${place.first} /></td>
        <td class="n">${place.filter && html`<a href=${tasksPath(`state:failure ${failureFilter(failure)} ${place.filter}`)}>Failed tasks</a>`}</td>
      </tr>`)}</tbody>
    </table>
    ${(places.length > shown.length || !whole) && html`<p class="soft">${counted(onset.worker_count, "worker")} in all: those with the most failures are shown.</p>`}`;
}

function PlaceName({ place: { rollout, group, since, newest, worker } }) {
  if (rollout) return html`<b class="mono"><${Text} value=${rollout} limit=${120} /></b><span class="second">${newest && "newest "}${since === null && "former "}rollout of group <${Text} value=${group} limit=${60} /></span>`;
  return worker === null ? "unknown worker" : html`<a class="mono" href=${workerPath(worker)}><${Text} value=${worker} limit=${120} /></a>`;
}
