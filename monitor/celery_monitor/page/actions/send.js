/** Sends a task that the settings of the monitor allow. */
import { html, useId, useState } from "../vendor/libraries.js";
import { postAt } from "../app/api.js";
import { useLive } from "../app/live.js";
import { SUBMIT, taskPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { navigate } from "../app/router.js";
import { may } from "../app/session.js";
import { ActionDialog, json } from "./form.js";

/** The button; none for a viewer, and none where the settings allow no task. */
export function SendTask() {
  const [open, setOpen] = useState(false);
  const { data } = useReading(may("operator") ? "/tasks/allowed" : null);
  if (!data?.tasks.length) return null;
  return html`<button type="button" class="button" onClick=${() => setOpen(true)}>Send task ...</button>
    ${open && html`<${SendDialog} tasks=${data.tasks} onClose=${() => setOpen(false)} />`}`;
}

const numberOf = (data, name) => (data.get(name) === "" ? null : Number(data.get(name)));

function SendDialog({ tasks, onClose }) {
  const queues = useLive("queues").data ?? [];
  const id = useId();
  const act = async (data) => {
    const { task_id: sent } = await postAt(SUBMIT, {
      task_name: data.get("task"),
      args: json(data, "args", "arguments", "list") ?? [],
      kwargs: json(data, "kwargs", "keyword arguments", "object") ?? {},
      queue: data.get("queue").trim() || null,
      countdown: numberOf(data, "countdown"),
      priority: numberOf(data, "priority"),
    });
    navigate(taskPath(sent));
  };
  return html`<${ActionDialog} title="Send a task" verb="Send task" onClose=${onClose} act=${act}>
    <label>Task<select name="task" data-focus>${tasks.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select></label>
    <label>Arguments, as a JSON list<textarea name="args" placeholder="None"></textarea></label>
    <label>Keyword arguments, as a JSON object<textarea name="kwargs" placeholder="None"></textarea></label>
    <label>Queue<input name="queue" list=${id} maxlength="255" autocomplete="off" spellcheck=${false} placeholder="The usual one" /></label>
    <datalist id=${id}>${queues.map(({ name }) => html`<option key=${name} value=${name}></option>`)}</datalist>
    <div class="two-columns">
      <label>Seconds until its start<input type="number" name="countdown" min="0" max="2678400" step="any" placeholder="0" /></label>
      <label>Priority<input type="number" name="priority" min="0" max="255" step="1" placeholder="None" /></label>
    </div>
  <//>`;
}
