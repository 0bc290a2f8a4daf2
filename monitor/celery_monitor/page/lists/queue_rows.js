/** Queues as rows of a table. */
import { html } from "../vendor/libraries.js";
import { duration, number, perMinute, UNKNOWN } from "../app/format.js";
import { queuePath } from "../app/places.js";
import { Badge } from "../parts/badge.js";
import { Text } from "../parts/text.js";

/** What is wrong with a queue, or null. */
export function QueueState({ queue }) {
  if (queue.ready > 0 && queue.consumers !== null && queue.consumers === 0) return html`<${Badge} tone="bad" icon="cross">no worker<//>`;
  if (queue.ready > 0 && queue.consumers === null && queue.workers.length === 0) return html`<${Badge} tone="bad" icon="cross">no worker<//>`;
  const growing = queue.ready > 100 && queue.in_rate !== null && queue.out_rate !== null && queue.in_rate > queue.out_rate * 1.1;
  return growing ? html`<${Badge} tone="warn" icon="triangle">growing<//>` : null;
}

const QueueName = ({ queue }) => html`<a href=${queuePath(queue.name)}><${Text} value=${queue.name} limit=${100} /></a> <${QueueState} queue=${queue} />`;

/** How full a queue is beside the others. */
export const Bar = ({ value, most }) => html`<span class="bar" aria-hidden="true"><span style=${{ width: `${most ? Math.min(100, (100 * (value ?? 0)) / most) : 0}%` }}></span></span>`;

export const consumersOf = (queue) => (queue.consumers === null ? queue.workers.length : queue.consumers);

export function QueueTable({ queues }) {
  const most = Math.max(...queues.map((queue) => queue.ready ?? 0), 1);
  return html`<table class="queues">
    <thead><tr><th scope="col">Queue</th><th scope="col" class="n">Ready</th><th scope="col" class="hide bar-cell"><span class="visually-hidden">Share</span></th><th scope="col" class="n hide">In /min</th><th scope="col" class="n hide">Out /min</th><th scope="col" class="n">Workers</th><th scope="col" class="n">Oldest</th></tr></thead>
    <tbody>${queues.map((queue) => html`<tr key=${queue.name}><th scope="row"><${QueueName} queue=${queue} /></th><td class="n">${number(queue.ready)}</td><td class="hide"><${Bar} value=${queue.ready} most=${most} /></td><td class="n hide">${perMinute(queue.in_rate)}</td><td class="n hide">${perMinute(queue.out_rate)}</td><td class="n">${number(consumersOf(queue))}</td><td class="n">${queue.oldest_wait === null ? UNKNOWN : duration(queue.oldest_wait)}</td></tr>`)}</tbody>
  </table>`;
}
