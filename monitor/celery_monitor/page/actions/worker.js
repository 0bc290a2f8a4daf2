/** Orders to a worker: the size of its pool, its queues, and limits of tasks. The worker answers each. */
import { html, useId, useState } from "../vendor/libraries.js";
import { post } from "../app/api.js";
import { counted } from "../app/format.js";
import { useLive } from "../app/live.js";
import { path } from "../app/places.js";
import { may } from "../app/session.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Text } from "../parts/text.js";
import { ActionDialog } from "./form.js";

const MOST_CHANGE = 1000;

/** Pools that Celery cannot change while they run. */
const FIXED_POOLS = new Set(["solo", "thread"]);

/**
 * Each order: the word of its button and the title of its dialog, the word that sends it, its fields, and the
 * request, as the path and the body, that its data makes.
 */
const ORDERS = {
  pool: {
    title: "Pool",
    verb: "Change pool",
    Fields: PoolFields,
    request: (data, worker) => [`${path("/workers", worker)}/pool`, { [data.get("change")]: Number(data.get("number")) }],
  },
  queues: {
    title: "Queues",
    verb: "Change queues",
    Fields: QueueFields,
    request: (data, worker) => [`${path("/workers", worker)}/consumers`, { [data.get("change")]: data.get("queue").trim() }],
  },
  rate: {
    title: "Rate limit",
    verb: "Set rate limit",
    Fields: RateFields,
    request: (data, worker) => [`${nameOf(data)}/rate-limit`, { rate: data.get("rate").trim(), ...workersOf(data, worker) }],
  },
  time: {
    title: "Time limit",
    verb: "Set time limit",
    Fields: TimeFields,
    request: (data, worker) => [`${nameOf(data)}/time-limit`, { soft: secondsOf(data, "soft"), hard: secondsOf(data, "hard"), ...workersOf(data, worker) }],
  },
};

const nameOf = (data) => path("/tasks/names", data.get("task").trim());
const workersOf = (data, worker) => (data.get("workers") === "all" ? {} : { workers: [worker] });
const secondsOf = (data, name) => (data.get(name) === "" ? null : Number(data.get(name)));

/** Why an order cannot be given; empty if it can. */
function hindrance(order, worker) {
  if (!worker.online) return "The worker is offline, and receives no orders";
  return order === "pool" && FIXED_POOLS.has(worker.pool) ? `Celery cannot change a ${worker.pool} pool: start the worker with another --concurrency` : "";
}

/** The buttons of a worker; none for a viewer. */
export function WorkerActions({ worker }) {
  const [open, setOpen] = useState("");
  if (!may("operator")) return null;
  return html`${Object.keys(ORDERS).map((order) => {
    const title = hindrance(order, worker);
    return html`<button type="button" key=${order} class="button" disabled=${Boolean(title)} title=${title} onClick=${() => setOpen(order)}>${ORDERS[order].title} ...</button>`;
  })}
    ${open && html`<${OrderDialog} order=${ORDERS[open]} worker=${worker} onClose=${() => setOpen("")} />`}`;
}

function OrderDialog({ order: { title, verb, Fields, request }, worker, onClose }) {
  const [answers, setAnswers] = useState(null);
  if (answers) return html`<${Answers} title=${title} answers=${answers} onClose=${onClose} />`;
  const act = async (data) => setAnswers((await post(...request(data, worker.name))).answers);
  return html`<${ActionDialog} title=${title} verb=${verb} onClose=${onClose} onDone=${() => {}} act=${act}>
    <p class="mono break"><${Text} value=${worker.name} limit=${200} /></p>
    <${Fields} worker=${worker} />
    <p class="soft">The order lasts until the worker restarts.</p>
  <//>`;
}

const RESULTS = {
  ok: ["good", "dot", "done"],
  error: ["bad", "cross", "refused"],
  "no answer": ["warn", "question", "no answer"],
};

/** What each worker said. */
const Answers = ({ title, answers, onClose }) => html`<${Dialog} title=${title} onClose=${onClose}>
  <div role="status"><ul class="sample">${answers.map(({ worker, result, text }) => {
    const [tone, icon, word] = RESULTS[result];
    return html`<li key=${worker}><${Badge} tone=${tone} icon=${icon}>${word}<//><span><span class="mono"><${Text} value=${worker} limit=${200} /></span><span class="message-text"><${Text} value=${text} /></span></span></li>`;
  })}</ul></div>
  <div class="dialog-end"><button type="button" class="button primary" data-focus onClick=${onClose}>Close</button></div>
<//>`;

function PoolFields({ worker }) {
  return html`<p>${worker.slots === null ? "The size of the pool is unknown." : `The pool has ${counted(worker.slots, "slot")}.`} Only slots that run no task are removed.</p>
  <div class="two-columns">
    <label>Change<select name="change" data-focus><option value="grow">Add slots</option><option value="shrink">Remove slots</option></select></label>
    <label>Number<input type="number" name="number" required min="1" max=${MOST_CHANGE} step="1" defaultValue="1" /></label>
  </div>`;
}

function QueueFields({ worker }) {
  const [change, setChange] = useState("add");
  const id = useId();
  const own = worker.queues ?? [];
  const others = (useLive("queues").data ?? []).filter(({ name }) => !own.includes(name));
  return html`<label>Change<select name="change" data-focus onChange=${(event) => setChange(event.currentTarget.value)}><option value="add">Consume another queue</option>${own.length > 0 && html`<option value="cancel">Stop consuming a queue</option>`}</select></label>
    ${change === "add"
      ? html`<label key="add">Queue<input name="queue" list=${id} required maxlength="255" autocomplete="off" spellcheck=${false} /></label><datalist id=${id}>${others.map(({ name }) => html`<option key=${name} value=${name}></option>`)}</datalist>`
      : html`<label key="cancel">Queue<select name="queue">${own.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select></label>`}`;
}

function TaskFields({ worker }) {
  const id = useId();
  return html`<label>Task<input name="task" list=${id} required maxlength="255" autocomplete="off" spellcheck=${false} data-focus /></label>
    <datalist id=${id}>${worker.tasks?.map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
    <label>Workers<select name="workers"><option value="one">Only this worker</option><option value="all">All workers that are online</option></select></label>`;
}

function RateFields({ worker }) {
  return html`<${TaskFields} worker=${worker} />
  <label>Starts of this task on each worker<input name="rate" required pattern="0|[0-9]{1,9}(\\.[0-9]{1,6})?(/[smh])?" title="A number with /s, /m or /h, such as 10/m; 0 for no limit" placeholder="10/m; 0 for no limit" autocomplete="off" /></label>`;
}

function TimeFields({ worker }) {
  return html`<${TaskFields} worker=${worker} />
  <div class="two-columns">
    <label>Soft limit, in seconds<input type="number" name="soft" min="0.001" max="31536000" step="any" placeholder="None" /></label>
    <label>Hard limit, in seconds<input type="number" name="hard" min="0.001" max="31536000" step="any" placeholder="None" /></label>
  </div>
  <p class="soft">The soft limit raises SoftTimeLimitExceeded in the task. The hard limit ends its process.
  Celery uses new limits only once the worker has connected to the broker again.</p>`;
}
