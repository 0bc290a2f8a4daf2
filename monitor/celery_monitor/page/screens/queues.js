/** All queues, and one queue with its history. */
import { html } from "../vendor/libraries.js";
import { WaitingMessages } from "../actions/queue.js";
import { counted, duration, number, perMinute } from "../app/format.js";
import { useLive } from "../app/live.js";
import { path, screenPath, tasksPath, term, workerPath } from "../app/places.js";
import { useHealth, useReading } from "../app/readings.js";
import { place } from "../app/router.js";
import { Chart } from "../charts/chart.js";
import { BrokerAge } from "../parts/broker_age.js";
import { Copy } from "../parts/copy.js";
import { Facts, PageTitle, Panel } from "../parts/panel.js";
import { Bar, QueueState, QueueTable } from "../lists/queue_rows.js";
import { Empty, Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { Ago } from "../parts/time.js";
import { DEFAULT_WINDOW, WindowChoice } from "../parts/window.js";

export function Queues() {
  const reading = useLive("queues");
  return html`<${PageTitle}>Queues<//>
    <${BrokerAge} />
    <section class="panel" aria-label="Queues"><${Shown} reading=${reading} lines=${6}>${(queues) => (queues.length ? html`<${QueueTable} queues=${queues} />` : html`<${Empty} icon="inbox" title="No queues yet.">Queues appear when a worker consumes them, or when the broker has them.<//>`)}<//></section>`;
}

export function Queue({ item }) {
  const since = place.value.query.get("since") ?? DEFAULT_WINDOW;
  const queues = useLive("queues");
  const samples = useReading(`${path("/queues", item)}/samples`, { since, points: 120 }, 15);
  const queue = queues.data?.find((one) => one.name === item);
  return html`<div><p class="crumbs"><a href=${screenPath("queues")}>Queues</a></p>
      <${PageTitle} actions=${html`<${WindowChoice} value=${since} />`}><${Text} value=${item} limit=${200} /> <${Copy} text=${item} what="the name of the queue" /> ${queue && html`<${QueueState} queue=${queue} />`}<//></div>
    <${BrokerAge} />
    <${Shown} reading=${queues}>${() => (queue ? html`<${Details} queue=${queue} />` : html`<section class="panel"><${Empty} icon="question" title="There is no such queue now.">No worker consumes it, and the broker does not show it. Its history is below.<//></section>`)}<//>
    ${queue && html`<${WaitingMessages} queue=${item} />`}
    <${Panel} title="Ready messages over time"><${Shown} reading=${samples}>${(data) => html`<${History} samples=${data.samples} />`}<//><//>`;
}

function Details({ queue }) {
  const priorities = Object.entries(queue.by_priority);
  return html`<div class="two">
    <${Panel} title="Now" note=${queue.at !== null && html`read <${Ago} at=${queue.at} />`} more=${html`<a href=${tasksPath(term("queue", queue.name))}>Tasks of this queue</a>`}>
      <div class="body"><${Facts} rows=${[
        ["ready", number(queue.ready)],
        ["unacknowledged", queue.unacknowledged !== null && number(queue.unacknowledged)],
        ["oldest waits", queue.oldest_wait !== null && duration(queue.oldest_wait)],
        ["in", queue.in_rate !== null && `${perMinute(queue.in_rate)} a minute`],
        ["out", queue.out_rate !== null && `${perMinute(queue.out_rate)} a minute`],
        ["empty in", timeToEmpty(queue)],
      ]} /></div>
    <//>
    <div class="stack">
      <${Panel} title="Workers" note=${queue.consumers === null ? "" : counted(queue.consumers, "consumer")}>
        ${queue.workers.length ? html`<ul class="names">${queue.workers.map((worker) => html`<li key=${worker}><a class="mono" href=${workerPath(worker)}><${Text} value=${worker} limit=${100} /></a></li>`)}</ul>` : html`<${Unconsumed} queue=${queue} />`}
      <//>
      ${priorities.length > 1 && html`<${Panel} title="Ready by priority"><div class="body"><${Priorities} priorities=${priorities} /></div><//>`}
    </div>
  </div>`;
}

/** A queue without a worker, with the remedy where messages wait in it. */
function Unconsumed({ queue }) {
  const { data } = useHealth();
  const verdict = queue.ready > 0 && data?.verdicts.find(({ reason }) => reason === "QueueNotConsumed");
  return html`<${Empty} icon="workers" title="No online worker consumes this queue.">${verdict && html`<p>${verdict.remedy}</p>`}<//>`;
}

/** When the queue is empty if nothing changes. */
function timeToEmpty({ ready, in_rate: enter, out_rate: leave }) {
  if (!ready || enter === null || leave === null) return false;
  return leave > enter ? `about ${duration(ready / (leave - enter))}` : "never at this rate";
}

function Priorities({ priorities }) {
  const most = Math.max(...priorities.map(([, ready]) => ready), 1);
  return html`<ul class="priorities">${priorities.map(([priority, ready]) => html`<li key=${priority}><span class="soft">${priority}</span><${Bar} value=${ready} most=${most} /><span>${number(ready)}</span></li>`)}</ul>`;
}

function History({ samples }) {
  if (samples.length < 2) return html`<${Empty} icon="clock" title="No history yet.">The monitor samples each queue once in a while.<//>`;
  return html`<div class="body"><${Chart} at=${samples.map(({ at }) => at)} series=${[{ label: "ready", unit: "", values: samples.map(({ ready }) => ready) }]} /></div>`;
}
