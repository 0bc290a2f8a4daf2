/** The state of everything on one screen. */
import { html } from "../vendor/libraries.js";
import { now } from "../app/clock.js";
import { counted, number } from "../app/format.js";
import { useLive } from "../app/live.js";
import { PAGE, screenPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { may } from "../app/session.js";
import { Changes } from "../lists/changes.js";
import { OpenFailures } from "../lists/failure_rows.js";
import { Fleet, runningByWorker } from "../charts/fleet.js";
import { Numbers } from "../charts/numbers.js";
import { BrokerAge } from "../parts/broker_age.js";
import { PageTitle, Panel } from "../parts/panel.js";
import { QueueTable } from "../lists/queue_rows.js";
import { Empty, Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { useAlerts } from "./alerts.js";

const MOST_QUEUES = 7;
const MOST_FAILURES = 5;
const MOST_RUNNING = 500;

export function Overview() {
  const stats = useLive("overview");
  const recent = useReading("/stats", { since: "5m" }, 5);
  const series = useReading("/series", { since: "1h", points: 60 }, 15);
  const workers = useLive("workers");
  const queues = useLive("queues");
  const failures = useLive("failures");
  const resource = useLive("resource");
  const running = useLive("tasks", { filter: "state:started", limit: MOST_RUNNING });
  const names = useReading("/tasks/names", { since: "1h" }, 60);
  const audit = useReading(may("admin") ? "/audit" : null, { limit: 20 }, 30);
  return html`<h1 class="visually-hidden">Overview</h1>
    <${BrokerAge} />
    <${NoEvents} stats=${stats.data} />
    <${FiringAlerts} alerts=${useAlerts().data?.firing ?? []} />
    <${Numbers} recent=${recent.data?.tasks ?? null} series=${series.data} />
    <div class="two">
      <div class="stack">
        <${Panel} title="Queues" note=${queues.data && backlogNote(stats.data?.now)} more=${html`<a href=${screenPath("queues")}>All queues</a>`}>
          <${Shown} reading=${queues}>${(data) => html`<${Queues} queues=${data} />`}<//>
        <//>
        <${Panel} title="Open failures" note="failed, and not succeeded since" more=${html`<a href=${screenPath("failures")}>All failures</a>`}>
          <${Shown} reading=${failures}>${(data) => html`<${Failures} failures=${data} />`}<//>
        <//>
      </div>
      <div class="stack">
        <${Panel} title="Workers" note=${stats.data && fleetNote(stats.data.now)} more=${html`<a href=${screenPath("workers")}>All workers</a>`}>
          <${Shown} reading=${workers}>${(data) => html`<${Workers} workers=${data} running=${runningByWorker(running.data, names.data?.names, now.value)} />`}<//>
        <//>
        <${Panel} title="Changes, last hour" more=${may("admin") && html`<a href=${screenPath("audit")}>Audit</a>`}>
          <${Changes} workers=${workers.data} failures=${failures.data} audit=${audit.data?.entries ?? null} resource=${resource.data} />
        <//>
      </div>
    </div>`;
}

const backlogNote = (current) => (current && current.ready !== null ? `${counted(current.ready, "message")} ready` : "");

function fleetNote(current) {
  const slots = current.slots ? `, ${number(current.active)} of ${counted(current.slots, "slot")} busy` : "";
  return `${number(current.workers_online)} online${slots}`;
}

function Queues({ queues }) {
  if (!queues.length) return html`<${Empty} icon="inbox" title="No queues yet.">Queues appear when a worker consumes them.<//>`;
  const longest = [...queues].sort((one, other) => (other.ready ?? -1) - (one.ready ?? -1) || one.name.localeCompare(other.name));
  const shown = longest.slice(0, MOST_QUEUES).sort((one, other) => one.name.localeCompare(other.name));
  return html`<${QueueTable} queues=${shown} />`;
}

function Failures({ failures }) {
  const open = failures.filter((failure) => failure.open > 0);
  if (!open.length) return html`<${Empty} title="No open failures in the last hour." />`;
  return html`<${OpenFailures} failures=${open.slice(0, MOST_FAILURES)} />`;
}

function Workers({ workers, running }) {
  if (!workers.length) return html`<${Empty} icon="workers" title="No worker has been seen."><p>Start one: <code>celery -A APP worker</code></p><//>`;
  return html`<${Fleet} workers=${workers} running=${running} />`;
}

/** Which alerts fire, in one sentence. */
function FiringAlerts({ alerts }) {
  if (!alerts.length) return null;
  const worst = alerts.find((alert) => alert.severity === "critical") ?? alerts[0];
  const more = alerts.length - 1;
  return html`<p class="panel remark-line">${counted(alerts.length, "alert")} ${alerts.length === 1 ? "fires" : "fire"}: <a href=${screenPath("alerts")}><${Text} value=${worst.summary} limit=${200} /></a>${more > 0 && ` and ${number(more)} more`}.</p>`;
}

/** Why the screen is empty although workers run. */
function NoEvents({ stats }) {
  const silent = stats?.now.without_task_events ?? [];
  if (!silent.length) return null;
  return html`<p class="panel remark-line">${silent.length === 1 ? html`The worker <code>${silent[0]}</code> sends no task events` : `${counted(silent.length, "worker")} send no task events`}: their tasks are missing here. Start workers with <code>celery worker -E</code>, or set <code>worker_send_task_events</code>.</p>`;
}
