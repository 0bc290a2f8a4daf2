/** The CeleryDeployment of the monitor: conditions, worker groups, pods and Events. */
import { html } from "../vendor/libraries.js";
import { GroupActions, GroupRequests } from "../actions/group.js";
import { now } from "../app/clock.js";
import { counted, duration, number } from "../app/format.js";
import { useLive } from "../app/live.js";
import { queuePath, workerPath } from "../app/places.js";
import { may } from "../app/session.js";
import { Badge, HealthBadge } from "../parts/badge.js";
import { Copy } from "../parts/copy.js";
import { PageTitle, Panel } from "../parts/panel.js";
import { Empty, Shown } from "../parts/states.js";
import { Icon } from "../parts/icons.js";
import { Text } from "../parts/text.js";
import { Ago, Clock } from "../parts/time.js";

export function Deployments() {
  const reading = useLive("resource");
  if (reading.empty) return html`<${PageTitle}>Deployments<//><section class="panel"><${Unknown} /></section>`;
  return html`<${Shown} reading=${reading} lines=${8}>${(resource) => html`<${Resource} resource=${resource} />`}<//>`;
}

const Unknown = () => html`<${Empty} icon="deployments" title="No CeleryDeployment is known.">
  <p>In a cluster, the operator describes its CeleryDeployment to the monitor that it runs. Nothing has come since this monitor started.</p>
  <p>Outside a cluster this stays empty. To have the operator run a monitor, set <code>spec.monitor.enabled: true</code>. If the operator runs this one, check that it reaches port 8555 of the pod.</p>
<//>`;

function Resource({ resource }) {
  const name = `${resource.namespace}/${resource.name}`;
  return html`<${PageTitle}><${Text} value=${name} limit=${200} /> <${Copy} text=${resource.name} what="the name of the resource" /> <${HealthBadge} health=${resource.health} /><//>
    ${resource.stale && html`<${Silence} at=${resource.received_at} />`}
    ${resource.suspended && html`<p class="panel remark-line">All workers are stopped: <code>spec.suspend</code> is true.</p>`}
    <${Panel} title="Worker groups" note=${html`as of <${Ago} at=${resource.received_at} />`}><${Groups} resource=${resource} /><//>
    <${GroupRequests} requests=${resource.requests} />
    <div class="two">
      <${Panel} title="Conditions"><${Conditions} conditions=${resource.conditions} /><//>
      <${Panel} title="Events" note="of the operator, the newest first"><${Events} events=${resource.events} /><//>
    </div>
    <${Panel} title="Pods" note=${podNote(resource)}><${Pods} pods=${resource.pods} /><//>`;
}

/** A line while the operator is silent. */
const Silence = ({ at }) =>
  html`<div class="panel stale" role="status"><${Icon} name="triangle" size=${12} /><span>Data as of <${Clock} at=${at} />: the operator has sent nothing for ${duration(now.value - at)}. Check that it runs: <code>kubectl get pods -A -l app.kubernetes.io/name=celery-operator</code></span></div>`;

function groupState(group) {
  if (group.desired === 0 && group.replicas === 0) return ["none", "pause", "at zero"];
  if (group.consuming >= group.desired) return ["good", "dot", "consuming"];
  return group.consuming === 0 ? ["bad", "cross", "not consuming"] : ["warn", "triangle", "partly"];
}

const Groups = ({ resource }) => html`${!may("operator") && html`<p class="note-line soft">To pause, restart and scale groups you need the role operator.</p>`}<table class="cards groups">
  <thead><tr><th scope="col">Group</th><th scope="col">State</th><th scope="col">Queues</th><th scope="col" class="n">Desired</th><th scope="col" class="n">Ready</th><th scope="col" class="n">Consuming</th><th scope="col" class="n">Draining</th></tr></thead>
  <tbody>${resource.groups.map((group) => html`<${Group} key=${group.name} group=${group} silent=${resource.stale} suspended=${resource.suspended} />`)}</tbody>
</table>`;

function Group({ group, silent, suspended }) {
  const [tone, icon, word] = groupState(group);
  return html`<tr>
    <th scope="row"><b><${Text} value=${group.name} limit=${60} /></b><span class="second">${counted(group.slots, "slot")} a pod${group.autoscaled ? ", autoscaling" : ""}</span>${group.scaling && html`<span class="scaling"><${Text} value=${group.scaling} limit=${400} /> <${Ago} at=${group.scaled_at} /></span>`}<${GroupActions} group=${group} silent=${silent} suspended=${suspended} /></th>
    <td data-label="State"><span class="inline-list"><${Badge} tone=${tone} icon=${icon}>${word}<//>${group.healing_paused && html`<${Badge} tone="warn" icon="pause">healing paused<//>`}</span></td>
    <td data-label="Queues"><span class="inline-list">${group.queues.map((queue) => html`<a key=${queue} href=${queuePath(queue)}><${Text} value=${queue} limit=${80} /></a>`)}</span></td>
    <td class="n" data-label="Desired">${number(group.desired)}</td>
    <td class="n" data-label="Ready">${number(group.ready)}</td>
    <td class="n" data-label="Consuming">${number(group.consuming)}</td>
    <td class="n" data-label="Draining">${number(group.draining)}</td>
  </tr>`;
}

/** What is wrong is red or yellow: `Stalled` and `Reconciling` are good when they are False. */
const GOOD_WHEN_FALSE = new Set(["Stalled", "Reconciling"]);

function conditionTone({ type, status }) {
  if (status === "Unknown") return ["none", "question"];
  if ((status === "True") !== GOOD_WHEN_FALSE.has(type)) return ["good", "dot"];
  return type === "Reconciling" ? ["run", "play"] : ["bad", "cross"];
}

function Conditions({ conditions }) {
  return html`<table class="cards"><thead><tr><th scope="col">Condition</th><th scope="col">Status</th><th scope="col" class="n">Since</th></tr></thead>
    <tbody>${conditions.map((condition) => {
      const [tone, icon] = conditionTone(condition);
      return html`<tr key=${condition.type}>
        <th scope="row" class="wide-name"><b>${condition.type}</b><span class="message-text"><${Text} value=${condition.message} limit=${600} /></span></th>
        <td data-label="Status"><${Badge} tone=${tone} icon=${icon} title=${condition.reason}>${condition.status}<//></td>
        <td class="n soft" data-label="Since"><${Ago} at=${condition.since_at} /></td>
      </tr>`;
    })}</tbody></table>`;
}

function Events({ events }) {
  if (!events.length) return html`<${Empty} icon="dot" title="No Event since the operator started.">Kubernetes may have older ones: <code>kubectl describe celerydeployment</code><//>`;
  return html`<ul class="feed long" tabindex="0" aria-label="Events">${events.map((event) => html`<li key=${`${event.posted_at} ${event.message}`}>
    <span class="soft"><${Clock} at=${event.posted_at} /></span>
    <span><${Badge} tone=${event.type === "Warning" ? "warn" : "none"} icon=${event.type === "Warning" ? "triangle" : "dot"}>${event.reason}<//> <${Text} value=${event.message} limit=${600} /></span>
  </li>`)}</ul>`;
}

const podNote = ({ pods, pod_count: count }) =>
  pods.length < count ? `${number(pods.length)} of ${counted(count, "pod")}, those with a problem first` : counted(count, "pod");

function podState(pod) {
  if (pod.deleting) return ["none", "leave"];
  if (pod.state === "consuming") return ["good", "dot"];
  if (pod.state === "draining" || pod.state === "starting" || pod.state === "connecting") return ["run", "play"];
  return ["bad", "cross"];
}

function Pods({ pods }) {
  if (!pods.length) return html`<${Empty} icon="workers" title="There are no worker pods." />`;
  return html`<table class="cards">
    <thead><tr><th scope="col">Pod</th><th scope="col">State</th><th scope="col">Group</th><th scope="col" class="n">Restarts</th><th scope="col" class="n">Created</th></tr></thead>
    <tbody>${pods.map((pod) => {
      const [tone, icon] = podState(pod);
      return html`<tr key=${pod.name}>
        <th scope="row"><span class="mono">${pod.worker === null ? html`<${Text} value=${pod.name} limit=${120} />` : html`<a href=${workerPath(pod.worker)}><${Text} value=${pod.name} limit=${120} /></a>`}</span>${(pod.failure || (pod.state !== "consuming" && pod.message)) && html`<span class="message-text"><${Text} value=${pod.failure || pod.message} limit=${600} /></span>`}</th>
        <td data-label="State"><${Badge} tone=${tone} icon=${icon} title=${pod.phase}>${pod.deleting ? "being deleted" : pod.state}<//></td>
        <td data-label="Group"><${Text} value=${pod.group} limit=${60} /></td>
        <td class="n" data-label="Restarts">${number(pod.restarts)}</td>
        <td class="n soft" data-label="Created"><${Ago} at=${pod.created_at} /></td>
      </tr>`;
    })}</tbody>
  </table>`;
}
