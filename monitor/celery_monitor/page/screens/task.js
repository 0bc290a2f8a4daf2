/** One task: why it is not running, its runs, its message, its result or error, and its neighbours. */
import { html, useEffect, useState } from "../vendor/libraries.js";
import { TaskActions } from "../actions/task.js";
import { duration } from "../app/format.js";
import { useLive } from "../app/live.js";
import { PAGE, path, queuePath, taskPath, tasksPath, term, workerPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { Badge, isFinished, TaskState } from "../parts/badge.js";
import { CancelText, waitsForCancel } from "../parts/cancel.js";
import { Copy, Command } from "../parts/copy.js";
import { Facts, PageTitle, Panel } from "../parts/panel.js";
import { Runs } from "../charts/runs.js";
import { Empty, ProblemState, Shown } from "../parts/states.js";
import { readable, Text } from "../parts/text.js";
import { Ago, DayClock } from "../parts/time.js";
import { Workflow } from "../lists/workflow.js";

const WHY_SECONDS = 5;

/**
 * The state of a task that has ended, by the reason of the answer: the result backend knows ends of which no event came.
 * That it has `REVOKED` is no end: a worker stores it as soon as it is ordered to revoke the task.
 */
const ENDS = { Succeeded: "SUCCESS", ResultExpired: "SUCCESS", Failed: "FAILURE" };

/** The task with the end that no event has reported. */
function withEnd(task, why) {
  const end = ENDS[why?.reason];
  const reported = isFinished(task.state) && task.state !== "UNREPORTED";
  return end === undefined || reported ? task : { ...task, state: end, endWithoutEvent: true, may_cancel: false, may_retry: false };
}

/** The task with the cancel that was requested here, until the document of the task has it. */
const withCancel = (task, requested) =>
  requested === null || (task.cancel && task.cancel.requested >= requested.requested) ? task : { ...task, cancel: requested };

export function Task({ item }) {
  const reading = useLive("task", { key: item });
  const { data, empty } = reading;
  const why = useReading(`${path("/tasks", item)}/why`, {}, data && isFinished(data.state) ? 0 : WHY_SECONDS);
  const [requested, setRequested] = useState(null);
  const task = data && withCancel(withEnd(data, why.data), requested);
  const cancelState = task?.cancel?.state;
  useEffect(() => {
    if (cancelState) why.reload();
  }, [cancelState]);
  if (empty) return html`<${Unknown} id=${item} why=${why} />`;
  return html`<${Head} id=${item} task=${task} onCancelled=${setRequested} />
    ${task && requested && html`<p class="panel remark-line" role="status"><${CancelText} task=${task} /></p>`}
    <${Why} reading=${why} finished=${task && isFinished(task.state)} />
    <${Shown} reading=${reading} lines=${8}>${() => html`<${Details} task=${task} />`}<//>`;
}

/** A task that waits and is cancelled has one state: its cancel was requested. */
const States = ({ task }) => html`${task.cancel?.ended === null && !isFinished(task.state) && html`<${Badge} tone="warn" icon="barred">cancel requested<//>`}${!waitsForCancel(task) && html`<${TaskState} state=${task.state} />`}`;

const Head = ({ id, task, onCancelled }) => html`<div>
  <p class="crumbs"><a href=${`${PAGE}/tasks`}>Tasks</a></p>
  <${PageTitle} mono actions=${task && html`<${States} task=${task} /><${TaskActions} task=${task} onCancelled=${onCancelled} />`}>
    ${task === null ? "Task" : task.name === null ? "unknown name" : html`<${Text} value=${task.name} limit=${300} />`}
  <//>
  <p class="soft mono id-line"><span class="break"><${Text} value=${id} /></span><${Copy} text=${id} what="the task id" /></p>
</div>`;

function Unknown({ id, why }) {
  return html`<${Head} id=${id} task=${null} />
    <${Why} reading=${why} />
    <section class="panel"><${Empty} icon="question" title="The history has no such task.">
      <p>The monitor knows tasks from events. Check that the workers send task events, and that the task is not older than the history keeps.</p>
      <p><a href=${tasksPath(term("id", id))}>Search for this id</a></p>
    <//></section>`;
}

const TONES = { unhealthy: "bad", degraded: "warn", unknown: "none", information: "run" };

/** The answer to the first question at night. It is quiet once a task has finished. */
function Why({ reading, finished = false }) {
  const { data, problem, reload } = reading;
  if (data === null) return problem ? html`<section class="panel"><${ProblemState} problem=${problem} reload=${reload} /></section>` : null;
  return html`<section class=${`why ${TONES[data.severity]} ${finished ? "finished" : ""}`} aria-label="Why">
    <p class="what"><${Text} value=${data.short_sentence} /></p>
    ${data.evidence.length > 0 && (finished ? html`<details><summary>Evidence</summary><${Evidence} facts=${data.evidence} /></details>` : html`<${Evidence} facts=${data.evidence} />`)}
    ${(data.remedy || data.command) && html`<p class="do">${data.remedy} ${data.command && html`<${Command} text=${data.command} />`}</p>`}
  </section>`;
}

const Evidence = ({ facts }) => html`<ul>${facts.map((fact) => html`<li key=${fact}><${Text} value=${fact} /></li>`)}</ul>`;

function Details({ task }) {
  return html`<div class="two">
    <div class="stack">
      <${Panel} title="Runs" note=${sentNote(task)}><${Runs} task=${task} /><//>
      <${Outcome} task=${task} />
    </div>
    <div class="stack">
      <${Panel} title="Message"><div class="body"><${Facts} rows=${messageFacts(task)} /></div><//>
      <${Requests} task=${task} />
      <${Workflow} task=${task} />
    </div>
  </div>`;
}

/** Links between a task and its retries, and the cancel that was requested. */
function Requests({ task }) {
  const { cancel, retry_of: origin, retried_as: retries } = task;
  if (!cancel && !origin && !retries.length) return null;
  const link = (id) => html`<a class="mono break" href=${taskPath(id)}><${Text} value=${id} limit=${60} /></a>`;
  return html`<${Panel} title="Requests"><div class="body"><${Facts} rows=${[
    ["retry of", origin && link(origin)],
    ["retried as", retries.length > 0 && html`<span class="inline-list">${retries.map((id) => html`<span key=${id}>${link(id)}</span>`)}</span>`],
    ["cancel", cancel && html`<${CancelText} task=${task} />`],
    ["problem", cancel?.problem && html`<span class="warn-text"><${Text} value=${cancel.problem} /></span>`],
  ]} /></div><//>`;
}

const sentNote = (task) => (task.sent === null ? "" : html`sent <${Ago} at=${task.sent} />${task.sender && html` by <${Text} value=${task.sender} limit=${80} />`}`);

const shown = (value) => value !== null && html`<span class="mono"><${Text} value=${value} /></span>`;

function messageFacts(task) {
  return [
    ["queue", task.queue !== null && html`<a href=${queuePath(task.queue)}><${Text} value=${task.queue} limit=${100} /></a>${task.priority !== null && `, priority ${task.priority}`}`],
    ["worker", task.worker !== null && html`<a class="mono" href=${workerPath(task.worker)}><${Text} value=${task.worker} limit=${100} /></a>`],
    ["arguments", task.args !== null && html`${shown(task.args)}${task.arguments_truncated && html` <span class="badge warn small">shortened by the worker</span>`}`],
    ["keywords", task.kwargs !== null && task.kwargs !== "{}" && shown(task.kwargs)],
    ["retries", task.retries > 0 && String(task.retries)],
    ["sent", task.sent !== null && html`<${DayClock} at=${task.sent} />`],
    ["not before", task.eta !== null && html`<${DayClock} at=${task.eta} /> (<${Ago} at=${task.eta} />)`],
    ["expires", task.expires !== null && html`<${DayClock} at=${task.expires} /> (<${Ago} at=${task.expires} />)`],
    ["runtime", task.runtime !== null && duration(task.runtime)],
    ["routing key", task.routing_key !== null && task.routing_key !== task.queue && shown(task.routing_key)],
    ["exchange", task.exchange ? shown(task.exchange) : false],
    ["progress", task.progress !== null && shown(task.progress)],
    ["updated", html`<${Ago} at=${task.updated} />`],
  ];
}

/** The error type of `KeyError('x')`. */
const errorType = (exception) => /^[\w.]+/.exec(exception)?.[0] ?? "";

function Outcome({ task }) {
  if (task.exception !== null || task.traceback !== null) {
    const type = errorType(task.exception ?? "");
    const text = task.traceback ?? task.exception;
    return html`<${Panel} title=${type || "Error"} note=${task.worker && html`<${Text} value=${task.worker} limit=${80} />`}
      more=${html`${type && html`<a href=${tasksPath(`${term("error", type)}${task.name ? ` ${term("name", task.name)}` : ""}`)}>Tasks with this error</a>`}<${Copy} text=${text} what="the traceback" />`}>
      ${task.exception !== null && html`<p class="body exception mono"><${Text} value=${task.exception} /></p>`}
      ${task.traceback !== null && html`<pre tabindex="0">${readable(task.traceback)}</pre>`}
    <//>`;
  }
  if (task.result === null) return null;
  return html`<${Panel} title="Result" more=${html`<${Copy} text=${task.result} what="the result" />`}><pre tabindex="0">${readable(task.result)}</pre><//>`;
}
