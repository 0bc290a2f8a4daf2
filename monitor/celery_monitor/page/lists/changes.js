/** What changed: workers that came and went, errors that are new, Events of the operator, and what people did. */
import { html } from "../vendor/libraries.js";
import { exactNow } from "../app/clock.js";
import { counted } from "../app/format.js";
import { failurePath, screenPath, workerPath } from "../app/places.js";
import { Badge, isMissing } from "../parts/badge.js";
import { Empty, Loading } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { Clock } from "../parts/time.js";

const HOUR = 3600;
const MOST = 12;

/** What changes nothing but who is logged in. */
const UNINTERESTING = new Set(["login", "logout", "follow_login_link"]);

const isChange = ({ action, outcome }) => !UNINTERESTING.has(action) && outcome !== "dry run";

const mono = (value) => html`<span class="mono"><${Text} value=${value} limit=${80} /></span>`;

const ofWorker = (worker) => ({
  at: worker.since,
  key: `worker ${worker.name} ${worker.online}`,
  badge: worker.online ? ["good", "dot", "online"] : isMissing(worker) ? ["bad", "cross", "offline"] : ["none", "dot", "shut down"],
  text: html`<a href=${workerPath(worker.name)}>${mono(worker.name)}</a>`,
});

const ofFailure = (failure) => ({
  at: failure.first_seen,
  key: `failure ${failure.error} ${failure.place}`,
  badge: ["bad", "cross", "new error"],
  text: html`<a href=${failurePath(failure)}>${failure.error || "unknown error"}</a> in ${counted(failure.tasks, "task")}`,
});

const ofEvent = (event) => ({
  at: event.posted_at,
  key: `event ${event.posted_at} ${event.message}`,
  badge: [event.type === "Warning" ? "warn" : "none", event.type === "Warning" ? "triangle" : "dot", event.reason],
  text: html`<a href=${screenPath("deployments")}><${Text} value=${event.message} limit=${160} /></a>`,
});

const ofAudit = (entry) => ({
  at: entry.at,
  key: `audit ${entry.at} ${entry.action} ${entry.subject}`,
  badge: entry.outcome === "done" ? ["run", "play", entry.action.replaceAll("_", " ")] : ["warn", "barred", "refused"],
  text: html`${entry.subject && mono(entry.subject)} <span class="soft">by ${entry.identity || "unknown"}</span>`,
});

/** @param {{workers: any[]|null, failures: any[]|null, audit: any[]|null, resource: any}} options `resource`: in a cluster */
export function Changes({ workers, failures, audit, resource }) {
  const begin = exactNow() - HOUR;
  const found = [...(workers ?? []).map(ofWorker), ...(failures ?? []).map(ofFailure), ...(resource?.events ?? []).map(ofEvent), ...(audit ?? []).filter(isChange).map(ofAudit)]
    .filter(({ at }) => at !== null && at >= begin)
    .sort((one, other) => other.at - one.at)
    .slice(0, MOST);
  if (!found.length && !(workers && failures)) return html`<${Loading} />`;
  if (!found.length) return html`<${Empty} icon="dot" title="Nothing changed in the last hour." />`;
  return html`<ul class="feed">${found.map(({ at, key, badge: [tone, icon, word], text }) => html`<li key=${key}><span class="soft"><${Clock} at=${at} /></span><span><${Badge} tone=${tone} icon=${icon}>${word}<//> ${text}</span></li>`)}</ul>`;
}
