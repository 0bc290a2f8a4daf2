/** All workers, and one worker with what it runs. */
import { html } from "../vendor/libraries.js";
import { WorkerActions } from "../actions/worker.js";
import { now } from "../app/clock.js";
import { bytes, counted, duration, number, UNKNOWN } from "../app/format.js";
import { useLive } from "../app/live.js";
import { path, queuePath, screenPath, taskPath, tasksPath, term, workerPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { place } from "../app/router.js";
import { Badge, isMissing, Offline } from "../parts/badge.js";
import { BrokerAge } from "../parts/broker_age.js";
import { Chart } from "../charts/chart.js";
import { Copy } from "../parts/copy.js";
import { Facts, PageTitle, Panel } from "../parts/panel.js";
import { Empty, Shown } from "../parts/states.js";
import { readable, Text } from "../parts/text.js";
import { Ago, DayClock } from "../parts/time.js";
import { DEFAULT_WINDOW, WindowChoice } from "../parts/window.js";

const MOST_RUNNING = 200;

function WorkerState({ worker }) {
  if (!worker.online) return html`<${Offline} worker=${worker} />`;
  if (worker.verdict) return html`<${Badge} tone="warn" icon="triangle">${worker.verdict}<//>`;
  return html`<${Badge} tone="good" icon="dot">online<//>`;
}

const slots = (worker) => `${number(worker.active)} of ${number(worker.slots)}`;

export function Workers() {
  const reading = useLive("workers");
  return html`<${PageTitle}>Workers<//>
    <${BrokerAge} />
    <section class="panel" aria-label="Workers"><${Shown} reading=${reading} lines=${6}>${(workers) => html`<${List} workers=${workers} />`}<//></section>`;
}

function List({ workers }) {
  if (!workers.length) return html`<${Empty} icon="workers" title="No worker has been seen."><p>Start one: <code>celery -A APP worker</code></p><//>`;
  const rank = (worker) => (isMissing(worker) ? 0 : worker.online ? 1 : 2);
  const sorted = [...workers].sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
  return html`<table class="cards">
    <thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col">Queues</th><th scope="col" class="n">Busy</th><th scope="col" class="n">Processed</th><th scope="col" class="n">Memory</th><th scope="col" class="n">Since</th></tr></thead>
    <tbody>${sorted.map((worker) => html`<tr key=${worker.name}>
      <th scope="row"><a class="mono" href=${workerPath(worker.name)}><${Text} value=${worker.name} limit=${120} /></a><span class="second">${[worker.pool && `${worker.pool} pool`, worker.version && `Celery ${worker.version}`, worker.group].filter(Boolean).map(readable).join(", ")}</span></th>
      <td data-label="State"><${WorkerState} worker=${worker} /></td>
      <td data-label="Queues">${worker.queues === null ? UNKNOWN : html`<${Text} value=${worker.queues.join(", ")} limit=${160} />`}</td>
      <td class="n" data-label="Busy">${worker.online ? slots(worker) : UNKNOWN}</td>
      <td class="n" data-label="Processed">${number(worker.processed)}</td>
      <td class="n" data-label="Memory">${bytes(worker.memory)}</td>
      <td class="n soft" data-label=${worker.online ? "Online since" : "Offline since"}><${Ago} at=${worker.since} /></td>
    </tr>`)}</tbody>
  </table>`;
}

export function Worker({ item }) {
  const since = place.value.query.get("since") ?? DEFAULT_WINDOW;
  const workers = useLive("workers");
  const samples = useReading(`${path("/workers", item)}/samples`, { since, points: 120 }, 15);
  const worker = workers.data?.find((one) => one.name === item);
  return html`<div><p class="crumbs"><a href=${screenPath("workers")}>Workers</a></p>
      <${PageTitle} mono actions=${html`${worker && html`<${WorkerActions} worker=${worker} />`}<${WindowChoice} value=${since} />`}><${Text} value=${item} limit=${200} /> <${Copy} text=${item} what="the name of the worker" /> ${worker && html`<${WorkerState} worker=${worker} />`}<//></div>
    <${BrokerAge} />
    <${Shown} reading=${workers}>${() => (worker ? html`<${Details} worker=${worker} />` : html`<section class="panel"><${Empty} icon="question" title="There is no such worker now."><a href=${tasksPath(term("worker", item))}>Tasks of this worker</a><//></section>`)}<//>
    <${Panel} title="Active tasks over time"><${Shown} reading=${samples}>${(data) => html`<${History} samples=${data.samples} />`}<//><//>`;
}

function Details({ worker }) {
  const running = useLive("tasks", { filter: `state:started ${term("worker", worker.name)}`, limit: MOST_RUNNING });
  return html`<div class="two">
    <${Panel} title="Running" note=${worker.online ? `${slots(worker)} slots busy` : ""} more=${html`<a href=${tasksPath(term("worker", worker.name))}>Tasks of this worker</a>`}>
      <${Shown} reading=${running}>${(tasks) => html`<${Running} tasks=${tasks} />`}<//>
    <//>
    <${Panel} title="Worker"><div class="body"><${Facts} rows=${facts(worker)} /></div><//>
  </div>`;
}

function facts(worker) {
  return [
    [worker.online ? "online since" : "offline since", worker.since !== null && html`<${DayClock} at=${worker.since} /> (<${Ago} at=${worker.since} />)`],
    ["why offline", !worker.online && worker.offline_reason],
    ["last heartbeat", worker.last_heartbeat !== null && html`<${Ago} at=${worker.last_heartbeat} />`],
    ["verdict", worker.verdict],
    ["group", worker.group],
    ["queues", worker.queues !== null && html`<span class="inline-list">${worker.queues.map((queue) => html`<a key=${queue} href=${queuePath(queue)}><${Text} value=${queue} limit=${100} /></a>`)}</span>`],
    ["pool", worker.pool !== null && `${worker.pool}${worker.slots === null ? "" : `, ${counted(worker.slots, "slot")}`}`],
    ["prefetch", worker.prefetch !== null && counted(worker.prefetch, "message")],
    ["active", number(worker.active)],
    ["reserved", worker.reserved !== null && number(worker.reserved)],
    ["ETA tasks", worker.eta !== null && number(worker.eta)],
    ["processed", worker.processed !== null && counted(worker.processed, "task")],
    ["missed events", worker.missed > 0 && html`<span class="warn-text">${number(worker.missed)} of them have no event: their tasks are missing or incomplete here</span>`],
    ["task events", worker.task_events === false && html`<span class="warn-text">off: start the worker with <code>-E</code></span>`],
    ["memory", worker.memory !== null && bytes(worker.memory)],
    ["load", worker.load !== null && number(worker.load)],
    ["clock", Math.abs(worker.clock_skew) > 1 && html`<span class="warn-text">${duration(Math.abs(worker.clock_skew))} ${worker.clock_skew > 0 ? "ahead" : "behind"}</span>`],
    ["version", worker.version !== null && `Celery ${worker.version}`],
    ["process", worker.pid !== null && String(worker.pid)],
  ];
}

function Running({ tasks }) {
  if (!tasks.length) return html`<${Empty} icon="pause" title="No task is running here." />`;
  const longest = [...tasks].sort((one, other) => (one.started ?? 0) - (other.started ?? 0));
  return html`<table><thead><tr><th scope="col">Task</th><th scope="col" class="n">Runs for</th></tr></thead>
    <tbody>${longest.map((task) => html`<tr key=${task.id}><th scope="row"><a class="mono" href=${taskPath(task.id)}><${Text} value=${task.name ?? task.id} limit=${120} /></a></th><td class="n">${task.started === null ? UNKNOWN : duration(Math.max(0, now.value - task.started))}</td></tr>`)}</tbody></table>`;
}

function History({ samples }) {
  if (samples.length < 2) return html`<${Empty} icon="clock" title="No history yet.">The monitor samples each worker once in a while.<//>`;
  return html`<div class="body"><${Chart} at=${samples.map(({ at }) => at)} series=${[{ label: "active", unit: "", values: samples.map(({ active }) => active) }]} /></div>`;
}
