/** The messages that wait in a queue: read them, remove one, remove all. */
import { html, useEffect, useState } from "../vendor/libraries.js";
import { post, remove } from "../app/api.js";
import { counted, number } from "../app/format.js";
import { path, taskPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { may } from "../app/session.js";
import { Panel } from "../parts/panel.js";
import { Dialog } from "../parts/dialog.js";
import { Empty, Loading, ProblemState, Shown } from "../parts/states.js";
import { argumentsText, Text } from "../parts/text.js";
import { ActionDialog } from "./form.js";

const SHOWN = 20;

export function WaitingMessages({ queue }) {
  const [purging, setPurging] = useState(false);
  const [removing, setRemoving] = useState(null);
  const reading = useReading(`${path("/queues", queue)}/messages`, { limit: SHOWN }, 5);
  const admin = may("admin");
  return html`<${Panel} title="Waiting messages" note="in the order of delivery" more=${admin && reading.data?.messages.length > 0 && html`<button type="button" class="button danger" onClick=${() => setPurging(true)}>Purge ...</button>`}>
    <${Shown} reading=${reading}>${({ messages }) => (messages.length ? html`<${Messages} messages=${messages} onRemove=${admin ? setRemoving : null} />` : html`<${Empty} icon="inbox" title="No message waits." />`)}<//>
    ${purging && html`<${Purge} queue=${queue} onClose=${() => setPurging(false)} onDone=${reading.reload} />`}
    ${removing && html`<${Remove} queue=${queue} message=${removing} onClose=${() => setRemoving(null)} onDone=${reading.reload} />`}
  <//>`;
}

const Messages = ({ messages, onRemove }) => html`<table class="cards">
  <thead><tr><th scope="col">Task</th><th scope="col" class="n">Position</th><th scope="col" class="n">Priority</th>${onRemove && html`<th scope="col"><span class="visually-hidden">Remove</span></th>`}</tr></thead>
  <tbody>${messages.map((message) => html`<tr key=${`${message.position} ${message.task_id}`}>
    <th scope="row">${message.task_id === null ? html`<span class="warn-text"><${Text} value=${message.problem ?? "no message of Celery"} limit=${160} /></span>` : html`<a class="mono" href=${taskPath(message.task_id)}><${Text} value=${message.name ?? message.task_id} limit=${120} /></a>`}<span class="second mono"><${Text} value=${argumentsText(message)} limit=${160} /></span></th>
    <td class="n" data-label="Position">${number(message.position + 1)}</td><td class="n" data-label="Priority">${message.priority}</td>
    ${onRemove && html`<td class="n">${message.task_id !== null && html`<button type="button" class="button quiet" onClick=${() => onRemove(message)}>Remove ...</button>`}</td>`}
  </tr>`)}</tbody>
</table>`;

function Remove({ queue, message, onClose, onDone }) {
  const act = async () => {
    await remove(`${path("/queues", queue)}/messages/${encodeURIComponent(message.task_id)}`);
    onDone();
  };
  return html`<${ActionDialog} title="Remove this message" verb="Remove message" danger onClose=${onClose} act=${act}>
    <p>The task never runs. This cannot be undone.</p><p class="mono break"><${Text} value=${message.name ?? message.task_id} limit=${200} /></p>
  <//>`;
}

function Purge({ queue, onClose, onDone }) {
  const [proposed, setProposed] = useState(null);
  const [problem, setProblem] = useState(null);
  const address = `${path("/queues", queue)}/purge`;
  useEffect(() => {
    post(address, { dry_run: true }).then(setProposed, setProblem);
  }, [address]);
  if (!proposed) return html`<${Dialog} title="Purge this queue" onClose=${onClose}>${problem ? html`<${ProblemState} problem=${problem} />` : html`<${Loading} />`}<//>`;
  const act = async () => {
    await post(address, { confirmation: proposed.confirmation });
    onDone();
  };
  const waiting = proposed.messages ?? 0;
  const what = counted(waiting, "message");
  return html`<${ActionDialog} title=${`Purge ${queue}`} verb=${`Remove ${what}`} danger disabled=${waiting === 0} onClose=${onClose} act=${act}>
    <p>${what} will be removed, and their tasks never run. This cannot be undone.</p>
  <//>`;
}
