/** Cancel and retry one task. */
import { html, useState } from "../vendor/libraries.js";
import { post } from "../app/api.js";
import { useKeys } from "../app/keyboard.js";
import { path, taskPath } from "../app/places.js";
import { navigate } from "../app/router.js";
import { may } from "../app/session.js";
import { ActionDialog, json, Termination, terminationOf } from "./form.js";

/**
 * The buttons and keys that the task, as the monitor says, and the role of the viewer allow.
 * @param {{task: any, onCancelled: (cancel: any) => void}} options `onCancelled` is called with the cancel that the monitor keeps
 */
export function TaskActions({ task, onCancelled }) {
  const [open, setOpen] = useState("");
  const retryable = may("operator") && task.may_retry;
  const cancellable = may("operator") && task.may_cancel;
  useKeys({
    r: () => retryable && setOpen("retry"),
    c: () => cancellable && setOpen("cancel"),
  });
  const close = () => setOpen("");
  return html`${retryable && html`<button type="button" class="button primary" onClick=${() => setOpen("retry")}>Retry ...</button>`}
    ${cancellable && html`<button type="button" class="button danger" onClick=${() => setOpen("cancel")}>Cancel ...</button>`}
    ${open === "cancel" && html`<${CancelDialog} task=${task} onClose=${close} onCancelled=${onCancelled} />`}
    ${open === "retry" && html`<${RetryDialog} task=${task} onClose=${close} />`}`;
}

const CancelDialog = ({ task, onClose, onCancelled }) => html`<${ActionDialog} title="Cancel this task" verb="Cancel task" danger onClose=${onClose} act=${async (data) => onCancelled(await post(`${path("/tasks", task.id)}/cancel`, terminationOf(data)))}>
  <p>No worker starts the task any more. The order is kept and sent again to workers that restart, until the task has ended.</p>
  <${Termination} />
<//>`;

function RetryDialog({ task, onClose }) {
  const needed = task.arguments_truncated;
  const act = async (data) => {
    const body = { args: json(data, "args", "arguments", "list"), kwargs: json(data, "kwargs", "keyword arguments", "object"), again: data.get("again") === "yes" };
    const { task_id: id } = await post(`${path("/tasks", task.id)}/retry`, body);
    navigate(taskPath(id));
  };
  return html`<${ActionDialog} title="Retry this task" verb="Retry task" onClose=${onClose} act=${act}>
    <p>The task is sent again under a new id, to the same queue. This task stays as it is.</p>
    ${needed && html`<p class="warn-text">The worker shortened the arguments: write all of them below.</p>`}
    <label>Arguments, as a JSON list<textarea name="args" required=${needed} placeholder="As before: ${task.args ?? "unknown"}"></textarea></label>
    <label>Keyword arguments, as a JSON object<textarea name="kwargs" required=${needed} placeholder="As before: ${task.kwargs ?? "unknown"}"></textarea></label>
    ${task.retried_as.length > 0 && html`<label class="check"><input type="checkbox" name="again" value="yes" />Retry it although it was retried before</label>`}
  <//>`;
}
