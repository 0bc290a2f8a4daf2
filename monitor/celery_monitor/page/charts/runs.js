/** The time line of a task: one line for each run. Hatched is waiting, solid is running. */
import { html } from "../vendor/libraries.js";
import { now } from "../app/clock.js";
import { duration } from "../app/format.js";
import { workerPath } from "../app/places.js";
import { isFinished, TaskState } from "../parts/badge.js";
import { Empty } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { Clock } from "../parts/time.js";

const KINDS = { SUCCESS: "good", FAILURE: "bad", LOST: "bad", RETRY: "warn", REVOKED: "none", REJECTED: "none" };

const lasts = (task, run) => run.outcome === null && !task.endWithoutEvent;

/** The state of a run. Without an event of its end, the last run ended as its task did. */
const stateOf = (task, run) => run.outcome ?? (task.endWithoutEvent && run === task.runs.at(-1) ? task.state : run.started === null ? "RECEIVED" : "STARTED");

/** The runs with their spans; a task that waits has a line of its own. */
export function spans(task, at) {
  const lines = [];
  let from = task.sent ?? task.received ?? task.runs[0]?.received ?? task.runs[0]?.started ?? null;
  for (const run of task.runs) {
    const waitFrom = run.received !== null && from !== null ? Math.min(from, run.received) : from ?? run.received;
    const end = run.finished ?? (lasts(task, run) ? at : run.started);
    lines.push({ run, waitFrom, start: run.started, end });
    from = run.finished ?? run.started ?? from;
  }
  const waits = !isFinished(task.state) && !task.runs.some((run) => run.outcome === null) && task.state !== "LOST";
  if (waits) lines.push({ run: null, waitFrom: from, start: null, end: at });
  return lines;
}

export function Runs({ task }) {
  const lines = spans(task, now.value);
  if (!lines.length) return html`<${Empty} icon="dots" title="The monitor saw no run of this task." />`;
  const times = lines.flatMap(({ waitFrom, start, end }) => [waitFrom, start, end]).filter((time) => time !== null && time !== undefined);
  const begin = Math.min(...times);
  const length = Math.max(Math.max(...times) - begin, 0.001);
  const share = (time) => `${(100 * (time - begin)) / length}%`;
  return html`<ol class="body runs">${lines.map((line, index) => html`<li key=${index}>
    <span class="run-head"><span class="soft">${index + 1}</span>${line.run === null ? html`<${TaskState} state=${task.state === "RETRY" ? "RETRY" : "PENDING"} />` : html`<${TaskState} state=${stateOf(task, line.run)} />`}</span>
    <${Track} line=${line} share=${share} />
    <${RunText} line=${line} open=${line.run !== null && lasts(task, line.run)} />
  </li>`)}</ol>
  <p class="legend body" aria-hidden="true"><span><span class="slot waiting"></span>waiting</span><span><span class="slot busy"></span>running</span></p>`;
}

const Span = ({ from, to, share, kind }) => html`<span class=${`span ${kind}`} style=${{ left: share(from), width: `calc(${share(to)} - ${share(from)})` }}></span>`;

function Track({ line: { run, waitFrom, start, end }, share }) {
  const waitEnd = start ?? end;
  return html`<span class="track" aria-hidden="true">
    ${waitFrom !== null && waitEnd !== null && html`<${Span} from=${waitFrom} to=${waitEnd} share=${share} kind="waiting" />`}
    ${start !== null && html`<${Span} from=${start} to=${end} share=${share} kind=${KINDS[run.outcome] ?? "run"} />`}
  </span>`;
}

function RunText({ line: { run, waitFrom, start, end }, open }) {
  if (run === null) return html`<span class="soft run-text">${waitFrom === null ? "waits" : `has waited ${duration(end - waitFrom)}`}</span>`;
  const until = run.finished ?? (open ? end : null);
  const runtime = run.runtime ?? (start === null || until === null ? null : until - start);
  return html`<span class="run-text"><a class="mono" href=${workerPath(run.worker)}><${Text} value=${run.worker} limit=${80} /></a>
    <span class="soft">${start === null ? "received " : "started "}<${Clock} at=${start ?? run.received} />${runtime !== null && html`, ${open ? "runs for" : "took"} ${duration(runtime)}`}</span>
    ${run.exception !== null && html`<span class="second mono"><${Text} value=${run.exception} limit=${200} /></span>`}
  </span>`;
}
