/** States as shape, word and colour: no colour stands alone. */
import { html } from "../vendor/libraries.js";
import { Icon } from "./icons.js";

/** @typedef {"good"|"warn"|"bad"|"run"|"none"} Tone */

const TASK_STATES = {
  PENDING: ["none", "dots", "waiting"],
  RECEIVED: ["none", "inbox", "received"],
  STARTED: ["run", "play", "running"],
  SUCCESS: ["good", "dot", "succeeded"],
  FAILURE: ["bad", "cross", "failed"],
  RETRY: ["warn", "again", "retrying"],
  REVOKED: ["none", "barred", "revoked"],
  REJECTED: ["warn", "barred", "rejected"],
  LOST: ["bad", "triangle", "lost"],
  UNREPORTED: ["warn", "question", "end not reported"],
};

const HEALTH = {
  Healthy: ["good", "dot"],
  Degraded: ["warn", "triangle"],
  Unhealthy: ["bad", "cross"],
  Unknown: ["none", "question"],
};

export const Badge = ({ tone, icon, children, title }) =>
  html`<span class=${`badge ${tone}`} title=${title}><${Icon} name=${icon} size=${11} /><span>${children}</span></span>`;

/** The state of a task. A custom state is one of a task that runs. */
export function TaskState({ state }) {
  const [tone, icon, word] = TASK_STATES[state] ?? ["run", "play", state.toLowerCase()];
  return html`<${Badge} tone=${tone} icon=${icon}>${word}<//>`;
}

/** Whether the worker is gone without a goodbye. One that was shut down ended as it should, such as at each rollout. */
export const isMissing = ({ online, offline_reason: reason }) => !online && reason !== "shut down";

/** Why a worker is offline. */
export const Offline = ({ worker }) => (isMissing(worker) ? html`<${Badge} tone="bad" icon="cross">offline<//>` : html`<${Badge} tone="none" icon="dot">shut down<//>`);

export function HealthBadge({ health }) {
  const [tone, icon] = HEALTH[health] ?? HEALTH.Unknown;
  return html`<${Badge} tone=${tone} icon=${icon}>${health}<//>`;
}

export const healthTone = (health) => (HEALTH[health] ?? HEALTH.Unknown)[0];

export const isFinished = (state) => ["SUCCESS", "FAILURE", "REVOKED", "REJECTED", "UNREPORTED"].includes(state);
