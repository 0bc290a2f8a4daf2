/** The settings of the monitor, and its connections: Redis and Celery, each with a test and details. */
import { html, useState } from "../vendor/libraries.js";
import { getAt } from "../app/api.js";
import { bytes, counted, duration, number } from "../app/format.js";
import { API, PREFIX, screenPath } from "../app/places.js";
import { useReading } from "../app/readings.js";
import { place } from "../app/router.js";
import { identity } from "../app/session.js";
import { EditSetting } from "../actions/setting.js";
import { SettingNotes, SettingRows } from "../lists/setting_rows.js";
import { Badge, HealthBadge } from "../parts/badge.js";
import { Command } from "../parts/copy.js";
import { Facts, PageTitle, Panel } from "../parts/panel.js";
import { HEALTHY } from "../parts/sentence.js";
import { Loading, Shown } from "../parts/states.js";
import { Text } from "../parts/text.js";
import { DayClock } from "../parts/time.js";

const ALL = "all";
const SECONDS = 30;
const GROUPS = { broker: "Broker and tasks", history: "History", server: "Server", access: "Access", alerts: "Alerts", log: "Log", file: "Settings file" };

export function Settings() {
  const all = place.value.query.get("tab") === ALL;
  return html`<${PageTitle}>Settings<//>
    <div class="views plain" role="navigation" aria-label="Parts of the settings">
      <a class="chip" href=${screenPath("settings")} aria-current=${all ? undefined : "page"}>Redis & Celery</a>
      <a class="chip" href=${`${screenPath("settings")}?tab=${ALL}`} aria-current=${all ? "page" : undefined}>All settings</a>
    </div>
    ${all ? html`<${Values} groups=${Object.keys(GROUPS)} />` : html`<${Connections} />`}`;
}

/** The settings of some groups, and the dialog that changes one. */
function Values({ groups }) {
  const reading = useReading("/settings", {}, SECONDS);
  const [edited, setEdited] = useState(null);
  return html`<section class="panel" aria-label="Notes on the settings"><${Shown} reading=${reading}>${(data) => html`<${SettingNotes} data=${data} />`}<//></section>
    ${reading.data !== null && groups.map((group) => html`<${Panel} key=${group} title=${GROUPS[group]}><${SettingRows} settings=${reading.data.settings.filter((one) => one.group === group)} onEdit=${setEdited} /><//>`)}
    ${edited && html`<${EditSetting} setting=${edited} onClose=${() => setEdited(null)} onDone=${reading.reload} />`}`;
}

function Connections() {
  return html`<div class="two even">
      <${Connection} title="Redis" test=${`${PREFIX}/api/test/redis`} status=${`${PREFIX}/api/redis/status`} facts=${(data) => redisFacts(data.redis_status)} />
      <${Connection} title="Celery" test=${`${PREFIX}/api/test/celery`} status=${`${PREFIX}/api/celery/status`} facts=${(data) => celeryFacts(data.celery_status)} />
    </div>
    <${Health} />
    <${Values} groups=${["broker"]} />
    <${Panel} title="Your login"><div class="body"><${Facts} rows=${[
      ["name", identity.value.name],
      ["role", identity.value.role],
      ["by", identity.value.source.replaceAll("_", " ")],
      ["ends", identity.value.expires !== null && html`<${DayClock} at=${identity.value.expires} />`],
    ]} /></div><//>`;
}

/** Runs a request at a click, and keeps its last outcome. */
function useAsked(address) {
  const [state, setState] = useState({ busy: false, data: null, problem: null });
  const ask = async () => {
    setState({ busy: true, data: null, problem: null });
    try {
      setState({ busy: false, data: await getAt(address), problem: null });
    } catch (problem) {
      setState({ busy: false, data: null, problem });
    }
  };
  return [state, ask];
}

function Connection({ title, test, status, facts }) {
  const [tested, runTest] = useAsked(test);
  const [found, readStatus] = useAsked(status);
  return html`<${Panel} title=${title} more=${html`<button type="button" class="button" disabled=${tested.busy} onClick=${runTest}>Test connection</button><button type="button" class="button" disabled=${found.busy} onClick=${readStatus}>Get status</button>`}>
    <div class="body stack" aria-live="polite">
      <${Outcome} state=${tested} />
      ${found.problem && html`<${Outcome} state=${found} />`}
      ${found.busy && html`<${Loading} lines=${3} />`}
      ${found.data && html`<${Facts} rows=${facts(found.data)} />`}
      ${!tested.data && !tested.busy && !tested.problem && !found.data && !found.busy && !found.problem && html`<p class="soft">Not tested yet.</p>`}
    </div>
  <//>`;
}

function Outcome({ state: { busy, data, problem } }) {
  if (busy) return html`<p class="soft">Connecting ...</p>`;
  if (problem) return html`<p><${Badge} tone="bad" icon="cross">failed<//> ${problem.message}</p>`;
  if (!data) return null;
  return html`<div><p>${data.success ? html`<${Badge} tone="good" icon="dot">works<//>` : html`<${Badge} tone="bad" icon="cross">failed<//>`} <${Text} value=${data.message} /></p>${data.hint && html`<p class="soft">${data.hint}</p>`}</div>`;
}

const redisFacts = (redis) => [
  ["running", redis.running ? "yes" : "no"],
  ["address", redis.url],
  ["version", redis.version],
  ["memory", redis.used_memory !== null && `${bytes(redis.used_memory)}${redis.maxmemory ? ` of ${bytes(redis.maxmemory)}` : ""}`],
  ["running for", redis.uptime !== null && duration(redis.uptime)],
  ["clients", redis.connected_clients !== null && number(redis.connected_clients)],
  ["keys", redis.keys_count !== null && number(redis.keys_count)],
  ["error", redis.error],
  ["what to do", redis.hint],
];

const celeryFacts = (celery) => [
  ["broker", celery.broker.url],
  ["workers", celery.workers.length ? celery.workers.map((worker) => worker.name).join(", ") : "none answered"],
  ["active tasks", number(celery.active_tasks)],
  ["waiting messages", celery.queued_tasks >= 0 && number(celery.queued_tasks)],
  ["succeeded", celery.completed_tasks !== null && number(celery.completed_tasks)],
  ["failed", celery.failed_tasks !== null && number(celery.failed_tasks)],
  ["error", celery.error],
  ["what to do", celery.hint],
];

function Health() {
  const [{ busy, data, problem }, ask] = useAsked(`${API}/health`);
  return html`<${Panel} title="Health check" more=${html`<button type="button" class="button primary" disabled=${busy} onClick=${ask}>Run health check</button>`}>
    <div class="body stack" aria-live="polite">
      ${busy && html`<${Loading} lines=${3} />`}
      ${problem && html`<p><${Badge} tone="bad" icon="cross">failed<//> ${problem.message}</p>`}
      ${data && html`<p><${HealthBadge} health=${data.health} /> ${data.verdicts.length ? counted(data.verdicts.length, "problem") : HEALTHY}</p>`}
      ${data?.verdicts.map((verdict) => html`<div key=${verdict.reason + verdict.message}><p><b>${verdict.message}</b></p><p class="soft">${verdict.remedy} ${verdict.command && html`<${Command} text=${verdict.command} />`}</p></div>`)}
      ${!busy && !problem && !data && html`<p class="soft">Checks the broker, the workers and the queues as <code>celery-health</code> does.</p>`}
    </div>
  <//>`;
}
