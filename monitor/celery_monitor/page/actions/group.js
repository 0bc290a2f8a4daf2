/** Pause, resume, restart and scale a worker group. The operator carries it out, and says what became of it. */
import { html, useState } from "../vendor/libraries.js";
import { post } from "../app/api.js";
import { counted } from "../app/format.js";
import { path } from "../app/places.js";
import { may } from "../app/session.js";
import { Badge } from "../parts/badge.js";
import { Panel } from "../parts/panel.js";
import { Text } from "../parts/text.js";
import { Ago } from "../parts/time.js";
import { ActionDialog } from "./form.js";

const MOST_REPLICAS = 10_000;
const SHOWN = 5;

/** Each action: the word of its button, and what it does. */
const ACTIONS = {
  pause: ["Pause healing", "No worker of the group is restarted because of its health, so that you can examine one. Tasks go on."],
  resume: ["Resume healing", "Unhealthy workers of the group are restarted again."],
  restart: ["Restart", "A rollout replaces the pods of the group. Each worker has its grace period to finish its active tasks."],
  scale: ["Scale", "Pods that are too many drain first: they finish what they have fetched."],
};

const titleOf = (action, group) => `${ACTIONS[action][0]} ${action === "pause" || action === "resume" ? "of " : ""}group ${group.name}`;

/** The buttons of a group; none for a viewer. */
export function GroupActions({ group, silent, suspended }) {
  const [open, setOpen] = useState("");
  if (!may("operator")) return null;
  const button = (action, hindrance = "") => {
    const title = silent ? "The operator is silent" : hindrance;
    return html`<button type="button" class="button small" disabled=${Boolean(title)} title=${title} aria-label=${titleOf(action, group)} onClick=${() => setOpen(action)}>${ACTIONS[action][0]} ...</button>`;
  };
  const stopped = suspended ? "The resource is suspended: set spec.suspend to false first" : "";
  return html`<span class="group-buttons">
    ${button(group.healing_paused ? "resume" : "pause")}
    ${button("restart", stopped)}
    ${button("scale", group.autoscaled ? "The group follows its load: change minReplicas and maxReplicas of its autoscaling" : stopped)}
    ${open && html`<${GroupDialog} action=${open} group=${group} onClose=${() => setOpen("")} />`}
  </span>`;
}

function GroupDialog({ action, group, onClose }) {
  const [verb, meaning] = ACTIONS[action];
  const act = (data) => {
    const body = action === "scale" ? { replicas: Number(data.get("replicas")) } : undefined;
    return post(`${path("/groups", group.name)}/${action}`, body);
  };
  return html`<${ActionDialog} title=${titleOf(action, group)} verb=${verb} danger=${action === "restart"} onClose=${onClose} act=${act}>
    <p>${meaning}</p>
    ${action === "restart" && html`<p>${counted(group.replicas, "pod")} will be replaced.</p>`}
    ${action === "scale" && html`<label>Number of pods<input type="number" name="replicas" required min="0" max=${MOST_REPLICAS} step="1" defaultValue=${group.desired} data-focus /></label>`}
    <p class="soft">The monitor hands this to the operator, which checks it and says what became of it, mostly within 3 seconds.</p>
  <//>`;
}

const STATES = {
  waiting: ["run", "dots"],
  done: ["good", "dot"],
  refused: ["bad", "cross"],
  expired: ["warn", "clock"],
};

const words = ({ action, group, replicas }) => (action === "scale" ? `scale ${group} to ${replicas}` : `${action} ${group}`);

/** What people asked of the operator lately, and what became of it. */
export function GroupRequests({ requests }) {
  if (!requests.length) return null;
  return html`<${Panel} title="Requests" note="to the operator, the newest first"><ul class="feed" aria-live="polite">${requests.slice(0, SHOWN).map((one) => {
    const [tone, icon] = STATES[one.state];
    return html`<li key=${one.id}><span class="soft"><${Ago} at=${one.requested_at} /></span>
      <span><${Badge} tone=${tone} icon=${icon}>${one.state}<//> <b><${Text} value=${words(one)} limit=${80} /></b> <span class="soft">by <${Text} value=${one.requested_by} limit=${100} /></span>${one.message && html`<span class="message-text"><${Text} value=${one.message} limit=${1000} /></span>`}</span></li>`;
  })}</ul><//>`;
}
