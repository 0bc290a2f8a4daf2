/** All tasks, by filter, with live changes. */
import { html, useState } from "../vendor/libraries.js";
import { BulkDialog } from "../actions/bulk.js";
import { SelectedTasks } from "../actions/selected.js";
import { SendTask } from "../actions/send.js";
import { get } from "../app/api.js";
import { now } from "../app/clock.js";
import { counted, duration, number } from "../app/format.js";
import { useKeys } from "../app/keyboard.js";
import { PAGE, tasksPath, taskPath, term } from "../app/places.js";
import { navigate, place, setQuery } from "../app/router.js";
import { may } from "../app/session.js";
import { BY_TIME, useTaskList } from "../app/task_list.js";
import { COMMON, removeView, saveView, views } from "../app/views.js";
import { useSelection } from "../lists/selection.js";
import { isFinished, TaskState } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Filter } from "../parts/filter.js";
import { Icon } from "../parts/icons.js";
import { PageTitle } from "../parts/panel.js";
import { Empty, Loading, ProblemState } from "../parts/states.js";
import { VirtualTable } from "../parts/table.js";
import { argumentsText, readable, Text } from "../parts/text.js";
import { Ago } from "../parts/time.js";

const HEIGHTS = [52, 78];
const SHOWN_ARGUMENTS = 300;

/** Seconds that a task has waited for its start, and whether it waits still. */
export function waitOf(task) {
  const from = task.eta !== null && task.sent !== null ? Math.max(task.eta, task.sent) : task.sent ?? task.received;
  if (from === null) return null;
  if (task.started !== null) return Math.max(0, task.started - from);
  return isFinished(task.state) ? null : Math.max(0, now.value - from);
}

/** Whether its time has not come: it waits for nothing else. */
const isHeld = ({ eta, started, state }) => eta !== null && eta > now.value && started === null && !isFinished(state);

export function runtimeOf(task) {
  if (task.runtime !== null) return task.runtime;
  return task.state === "STARTED" && task.started !== null ? Math.max(0, now.value - task.started) : null;
}

const COLUMNS = [
  { name: "State", sort: "state", class: "state-cell", cell: (task) => html`<${TaskState} state=${task.state} />` },
  { name: "Task", sort: "name", class: "name-cell", cell: (task) => html`<${Name} task=${task} />` },
  { name: "Queue", sort: "queue", class: "hide", cell: (task) => task.queue && html`<${Text} value=${task.queue} limit=${100} />` },
  { name: "Worker", sort: "worker", class: "hide", cell: (task) => task.worker && html`<span class="mono" title=${readable(task.worker)}><${Text} value=${task.worker} limit=${100} /></span>` },
  { name: "Wait", sort: "wait", class: "n hide", cell: (task) => (isHeld(task) ? html`<${Ago} at=${task.eta} />` : duration(waitOf(task))) },
  { name: "Runtime", sort: "runtime", class: "n hide", cell: (task) => duration(runtimeOf(task)) },
  { name: "Sent", sort: "time", class: "n soft sent-cell", cell: (task) => html`<${Ago} at=${task.sent ?? task.received ?? task.updated} />` },
];

function Name({ task }) {
  const shown = argumentsText(task);
  return html`<span class="link-line"><a class="mono" data-row-link href=${taskPath(task.id)}>${task.name === null ? "unknown name" : html`<${Text} value=${task.name} limit=${200} />`}</a>${task.run_twice && html`<span class="badge warn small">ran twice</span>`}</span>
    <span class="second mono">${shown ? html`<${Text} value=${shown.slice(0, SHOWN_ARGUMENTS)} />` : task.id}</span>`;
}

/** The checkbox of each row. A click with Shift selects all rows since the last one. */
const selectColumn = ({ ids, toggle }) => ({
  name: "",
  label: "Select",
  class: "select-cell",
  cell: (task) => html`<label onMouseDown=${keepText}><input type="checkbox" aria-label=${`Select ${task.name ?? "task"} ${task.id}`} checked=${ids.has(task.id)}
    onClick=${(event) => {
      event.currentTarget.checked = toggle(task.id, event.shiftKey);
    }} /></label>`,
});

/** A click with Shift would also select the text of the rows. */
const keepText = (event) => {
  if (event.shiftKey) event.preventDefault();
};

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Show what the filter finds. The whole id of a task opens the task, which a search in its texts would not find. */
async function applyFilter(next) {
  if (UUID.test(next)) {
    const found = await get("/tasks", { q: term("id", next), limit: 1 }).catch(() => null);
    if (found?.tasks.length) {
      navigate(taskPath(next));
      return;
    }
  }
  setQuery({ q: next }, { replace: false });
}

export function Tasks() {
  const filter = place.value.query.get("q") ?? "";
  const sort = place.value.query.get("sort") ?? BY_TIME;
  const list = useTaskList(filter, sort);
  const selection = useSelection(list);
  const problem = list.problem.value;
  const invalid = problem?.status === 422;
  useKeys({ n: list.showNewer });
  return html`<${PageTitle} actions=${html`${filter && !invalid && may("operator") && html`<${BulkButtons} filter=${filter} />`}<${SendTask} />`}>Tasks<//>
    <section class="panel" aria-label="Filter">
      <${Filter} value=${filter} problem=${invalid ? filterProblem(problem) : ""} onApply=${applyFilter} />
      <${Views} filter=${filter} />
    </section>
    <section class="panel list" aria-label="Tasks">
      <${ListHead} list=${list} filter=${filter} />
      <${List} list=${list} sort=${sort} filter=${filter} invalid=${invalid} selection=${may("operator") ? selection : null} />
      <${SelectedTasks} selection=${selection} />
    </section>`;
}

/** Actions on all that the filter finds, so that there has to be one. */
function BulkButtons({ filter }) {
  const [action, setAction] = useState("");
  return html`<button type="button" class="button" onClick=${() => setAction("retry")}>Retry all ...</button>
    <button type="button" class="button danger" onClick=${() => setAction("cancel")}>Cancel all ...</button>
    ${action && html`<${BulkDialog} action=${action} filter=${filter} onClose=${() => setAction("")} />`}`;
}

const filterProblem = (problem) => problem.errors?.[0]?.message ?? problem.message;

function ListHead({ list, filter }) {
  const count = list.count.value;
  const newer = list.waiting.value.length;
  const title = count === null ? "Tasks" : `${counted(count.number, "task")}${count.exact ? "" : " or more"}`;
  return html`<header><h2>${title}</h2><span class="soft note">${filter ? "found" : "in the history"}</span>
    <span class="more" role="status">${newer > 0 && html`<button type="button" class="button newer" onClick=${list.showNewer}><${Icon} name="up" size=${12} />${number(newer)}${newer >= 200 ? "+" : ""} newer, show</button>`}</span>
  </header>`;
}

function List({ list, sort, filter, invalid, selection }) {
  const problem = list.problem.value;
  if (invalid) return html`<${Empty} icon="question" title="This filter cannot be read.">Correct it above: the message says what to write instead.<//>`;
  const rows = list.rows.value;
  if (!rows.length) {
    if (problem) return html`<${ProblemState} problem=${problem} reload=${list.reload} />`;
    return list.loading.value ? html`<${Loading} lines=${8} />` : html`<${Nothing} filter=${filter} />`;
  }
  return html`<${VirtualTable} label="Tasks" name=${`tasks-table ${selection ? "selectable" : ""}`} columns=${selection ? [selectColumn(selection), ...COLUMNS] : COLUMNS} rows=${rows} rowKey=${(task) => task.id} heights=${HEIGHTS}
      sort=${sort} onSort=${(next) => setQuery({ sort: next === BY_TIME ? null : next })} onEnd=${list.loadMore} onSeen=${list.see} onSelect=${selection && ((task, range) => selection.toggle(task.id, range))} busy=${list.loading.value} />
    <p class="list-end">${problem ? html`${problem.message} <button type="button" class="link" onClick=${list.loadMore}>Try again</button>` : list.more.value ? "Loading more ..." : "The end of the list"}</p>`;
}

function Nothing({ filter }) {
  const id = /^(?:id:)?([^\s:*"]+)$/.exec(filter)?.[1];
  if (filter) {
    return html`<${Empty} icon="search" title="No task matches.">
      ${id && html`<p><a href=${taskPath(id)}>Ask broker and workers for a task with this id</a></p>`}
      <p><a href=${`${PAGE}/tasks`}>Show all tasks</a></p>
    <//>`;
  }
  return html`<${Empty} icon="inbox" title="No tasks yet.">
    <p>The monitor knows tasks from the events of workers. New tasks appear here within two seconds.</p>
    <p>If tasks run and none appears, start the workers with <code>celery worker -E</code>.</p>
  <//>`;
}

function Views({ filter }) {
  const [saving, setSaving] = useState(false);
  const known = [...COMMON, ...views.value].some((view) => view.filter === filter);
  return html`<div class="views">
    ${COMMON.map((view) => html`<a key=${view.name} class="chip" href=${view.filter ? tasksPath(view.filter) : `${PAGE}/tasks`} aria-current=${view.filter === filter ? "true" : undefined}>${view.name}</a>`)}
    ${views.value.map((view) => html`<span key=${view.name} class="chip own" aria-current=${view.filter === filter ? "true" : undefined}><a href=${tasksPath(view.filter)} title=${view.filter}>${view.name}</a><button type="button" aria-label=${`Remove the view ${view.name}`} onClick=${() => removeView(view.name)}><${Icon} name="cross" size=${9} /></button></span>`)}
    ${!known && html`<button type="button" class="chip save" onClick=${() => setSaving(true)}><${Icon} name="bookmark" size=${12} />Save view</button>`}
    ${saving && html`<${SaveView} filter=${filter} onClose=${() => setSaving(false)} />`}
  </div>`;
}

function SaveView({ filter, onClose }) {
  const save = (event) => {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get("name").trim();
    if (!name) return;
    saveView(name, filter);
    onClose();
  };
  return html`<${Dialog} title="Save view" onClose=${onClose}>
    <form class="fields" onSubmit=${save}>
      <p class="soft">The view is kept in this browser. To share it, share the address of the page.</p>
      <label>Name<input name="name" maxlength="40" required data-focus /></label>
      <p class="mono break">${filter}</p>
      <div class="dialog-end"><button class="button primary" type="submit">Save</button></div>
    </form>
  <//>`;
}
