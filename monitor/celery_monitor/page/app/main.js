/** Starts the page. */
import { html, render, useEffect, useState } from "../vendor/libraries.js";
import { isMissing } from "../parts/badge.js";
import { Help } from "../parts/help.js";
import { Navigation } from "../parts/navigation.js";
import { Sentence } from "../parts/sentence.js";
import { Loading, ProblemState } from "../parts/states.js";
import { Alerts, useAlerts } from "../screens/alerts.js";
import { Audit } from "../screens/audit.js";
import { Deployments } from "../screens/deployments.js";
import { Failures } from "../screens/failures.js";
import { Login } from "../screens/login.js";
import { isTooLong, NameTooLong, NotFound } from "../screens/not_found.js";
import { Overview } from "../screens/overview.js";
import { Queue, Queues } from "../screens/queues.js";
import { Schedule } from "../screens/schedule.js";
import { Settings } from "../screens/settings.js";
import { Task } from "../screens/task.js";
import { Tasks } from "../screens/tasks.js";
import { Worker, Workers } from "../screens/workers.js";
import { counted } from "./format.js";
import { startKeyboard, useKeys } from "./keyboard.js";
import { useLive } from "./live.js";
import { inCluster, MENU } from "./menu.js";
import { screenPath } from "./places.js";
import { useHealth } from "./readings.js";
import { navigate, place, startRouter } from "./router.js";
import { findSession, identity, sessionProblem } from "./session.js";
import { startSocket } from "./socket.js";

/** The component of each screen. An address may have any name, also `constructor`. */
const SCREENS = {
  __proto__: null,
  overview: Overview,
  tasks: Tasks,
  failures: Failures,
  alerts: Alerts,
  queues: Queues,
  workers: Workers,
  deployments: Deployments,
  schedule: Schedule,
  audit: Audit,
  settings: Settings,
};

/** The component of each screen of one thing; `item` is its name. */
const ITEMS = {
  __proto__: null,
  tasks: Task,
  queues: Queue,
  workers: Worker,
};

function screenOf(screen, item) {
  const Screen = (item === null ? SCREENS : ITEMS)[screen] ?? NotFound;
  return Screen !== NotFound && item !== null && isTooLong(item) ? NameTooLong : Screen;
}

function Page() {
  const [help, setHelp] = useState(false);
  const health = useHealth();
  useKeys({ "?": () => setHelp(true), "/": focusSearch });
  const { screen, item } = place.value;
  const Screen = screenOf(screen, item);
  useTitle(screen, item);
  useCluster();
  return html`<div class="app">
    <a class="skip" href="#content">Skip to the content</a>
    <${Navigation} counts=${useCounts()} subtitle=${health.data?.broker ?? ""} onHelp=${() => setHelp(true)} />
    <main id="content" tabindex="-1">
      <${Sentence} reading=${health} />
      <${Screen} key=${`${screen} ${item}`} item=${item} />
    </main>
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  </div>`;
}

/** What needs a person, beside the names of the screens. */
function useCounts() {
  const failures = useLive("failures").data ?? [];
  const workers = useLive("workers").data ?? [];
  const firing = useAlerts().data?.firing.length ?? 0;
  const open = failures.filter((failure) => failure.open > 0).length;
  const offline = workers.filter(isMissing).length;
  return {
    failures: open > 0 && { number: open, title: counted(open, "open failure") },
    alerts: firing > 0 && { number: firing, title: `${counted(firing, "alert")} firing` },
    workers: offline > 0 && { number: offline, title: `${counted(offline, "worker")} offline` },
  };
}

/** `/` leads to the field of the tasks' filter from every screen. */
function focusSearch() {
  const focus = () => document.querySelector("[data-search]")?.select();
  if (document.querySelector("[data-search]")) {
    focus();
    return;
  }
  navigate(screenPath("tasks"));
  requestAnimationFrame(focus);
}

/** Show the screens of a cluster once the operator has described its resource. */
function useCluster() {
  const known = useLive("resource").data !== null;
  useEffect(() => {
    inCluster.value = known;
  }, [known]);
}

function useTitle(screen, item) {
  const name = MENU.find((entry) => entry.screen === screen)?.name ?? "Not found";
  useEffect(() => {
    document.title = `${item === null ? "" : `${item} · `}${name} · Celery monitor`;
  }, [name, item]);
}

function Root() {
  if (identity.value === null) return html`<${Login} />`;
  if (identity.value) return html`<${Page} />`;
  return html`<main class="login" tabindex="-1">${sessionProblem.value ? html`<${ProblemState} problem=${sessionProblem.value} reload=${findSession} />` : html`<${Loading} />`}</main>`;
}

startRouter();
startKeyboard();
startSocket();
findSession();
render(html`<${Root} />`, document.getElementById("page"));
