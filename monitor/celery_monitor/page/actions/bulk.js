/** Cancel or retry many tasks: a dry run shows them, and the confirmation is for exactly these. */
import { html, useEffect, useState } from "../vendor/libraries.js";
import { get, post } from "../app/api.js";
import { counted, number } from "../app/format.js";
import { screenPath } from "../app/places.js";
import { TaskState } from "../parts/badge.js";
import { Loading, ProblemState } from "../parts/states.js";
import { Dialog } from "../parts/dialog.js";
import { argumentsText, Text } from "../parts/text.js";
import { ActionDialog, Termination, terminationOf } from "./form.js";

const PROGRESS_MS = 1000;
const WORDS = { retry: ["Retry", "retried"], cancel: ["Cancel", "cancelled"] };

/**
 * @param {object} options
 * @param {string} [options.filter] finds the tasks
 * @param {string[]} [options.ids] or these are the tasks
 * @param {(confirmed?: boolean) => void} options.onClose `confirmed` is true if something is done to the tasks
 */
export function BulkDialog({ action, filter, ids, onClose }) {
  const [proposed, setProposed] = useState(null);
  const [problem, setProblem] = useState(null);
  const [confirmed, setConfirmed] = useState(null);
  useEffect(() => {
    post("/tasks/bulk", { action, filter, ids, dry_run: true }).then(setProposed, setProblem);
  }, [action, filter, ids]);
  const [verb] = WORDS[action];
  if (confirmed) return html`<${Progress} bulk=${confirmed} action=${action} onClose=${() => onClose(true)} />`;
  if (!proposed) return html`<${Dialog} title=${`${verb} tasks`} onClose=${onClose}>${problem ? html`<${ProblemState} problem=${problem} />` : html`<${Loading} />`}<//>`;
  const act = async (data) => {
    const how = action === "cancel" ? terminationOf(data) : {};
    setConfirmed(await post("/tasks/bulk", { action, filter, ids, confirmation: proposed.confirmation, ...how }));
  };
  return html`<${ActionDialog} wide title=${`${verb} ${counted(proposed.count, "task")}`} verb=${`${verb} ${counted(proposed.count, "task")}`} danger=${action === "cancel"} disabled=${proposed.count === 0} onClose=${onClose} onDone=${() => {}} act=${act}>
    ${filter && html`<p class="mono break">${filter}</p>`}
    <p>${filter ? summary(proposed) : summaryOfSelected(proposed)}</p>
    <${Reasons} reasons=${proposed.reasons} />
    ${proposed.sample?.length > 0 && html`<${Sample} tasks=${proposed.sample} count=${proposed.count} />`}
    ${action === "cancel" && proposed.count > 0 && html`<${Termination} />`}
  <//>`;
}

const summary = ({ action, count, matched, refused }) =>
  count === 0
    ? `No task can be ${WORDS[action][1]}. The filter finds ${counted(matched ?? 0, "task")}.`
    : `${number(count)} of ${counted(matched ?? count, "task")} that the filter finds will be ${WORDS[action][1]}${refused ? `; ${number(refused)} cannot` : ""}.`;

const summaryOfSelected = ({ action, count, matched, refused }) =>
  count === 0
    ? `None of the selected tasks can be ${WORDS[action][1]}.`
    : `${number(count)} of ${counted(matched, "selected task")} will be ${WORDS[action][1]}${refused ? `; ${number(refused)} cannot` : ""}.`;

const Reasons = ({ reasons }) => reasons.length > 0 && html`<ul class="reasons">${reasons.map((one) => html`<li key=${one.reason}>${number(one.tasks)}: <${Text} value=${one.reason} /></li>`)}</ul>`;

const Sample = ({ tasks, count }) => html`<div>
  <h3>${count > tasks.length ? `The first ${tasks.length}` : "The tasks"}</h3>
  <ul class="sample">${tasks.map((task) => html`<li key=${task.id}><${TaskState} state=${task.state} /><span class="mono"><${Text} value=${task.name ?? task.id} limit=${100} /><span class="second"><${Text} value=${argumentsText(task)} limit=${160} /></span></span></li>`)}</ul>
</div>`;

function Progress({ bulk, action, onClose }) {
  const [now, setNow] = useState(bulk);
  const ended = now.ended !== null;
  useEffect(() => {
    if (ended) return undefined;
    const timer = setTimeout(() => get(`/tasks/bulk/${encodeURIComponent(bulk.id)}`).then(setNow, () => setNow({ ...now })), PROGRESS_MS);
    return () => clearTimeout(timer);
  }, [now, ended]);
  const handled = now.count - now.waiting;
  return html`<${Dialog} title=${ended ? "Done" : "Working"} onClose=${onClose}>
    <p role="status">${number(now.done)} of ${counted(now.count, "task")} ${WORDS[action][1]}${now.refused ? `, ${number(now.refused)} refused` : ""}${now.uncertain ? `, ${number(now.uncertain)} uncertain` : ""}.</p>
    <progress max=${now.count || 1} value=${handled} aria-label="Progress"></progress>
    <${Reasons} reasons=${now.reasons} />
    ${!ended && html`<p class="soft">It goes on when this is closed.</p>`}
    ${ended && action === "retry" && now.done > 0 && html`<p class="soft">The tasks stay failed: each was sent again as a new task. <a href=${`${screenPath("failures")}?all=yes`}>Failures</a> counts which of them recover.</p>`}
    <div class="dialog-end"><button type="button" class="button primary" onClick=${onClose}>Close</button></div>
  <//>`;
}
