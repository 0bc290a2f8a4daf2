/** The neighbours of a task as a tree: which task sent which. */
import { html } from "../vendor/libraries.js";
import { counted } from "../app/format.js";
import { taskPath, tasksPath, term } from "../app/places.js";
import { TaskState } from "../parts/badge.js";
import { Panel } from "../parts/panel.js";
import { Text } from "../parts/text.js";

const MOST = 60;

/** Tasks with their depth, each below the task that sent it. Circles and unknown parents end at the top. */
export function tree(tasks) {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const children = new Map();
  const roots = [];
  for (const task of tasks) {
    const parent = task.parent_id !== task.id && known.has(task.parent_id) ? task.parent_id : null;
    if (parent === null) roots.push(task);
    else children.set(parent, [...(children.get(parent) ?? []), task]);
  }
  const lines = [];
  const seen = new Set();
  const add = (task, depth) => {
    if (seen.has(task.id)) return;
    seen.add(task.id);
    lines.push({ task, depth });
    for (const child of children.get(task.id) ?? []) add(child, depth + 1);
  };
  for (const task of [...roots, ...tasks]) add(task, 0);
  return lines;
}

/** Nothing for a task that stands alone. */
export function Workflow({ task }) {
  const { related } = task;
  if (related === null) return null;
  const members = new Map(related.workflow.map((one) => [one.id, one]));
  for (const one of [related.root, related.parent, ...related.children]) if (one) members.set(one.id, one);
  members.set(task.id, members.get(task.id) ?? task);
  if (members.size === 1) return null;
  const lines = tree([...members.values()]);
  const here = lines.findIndex((line) => line.task.id === task.id);
  const first = Math.max(0, Math.min(here - MOST / 2, lines.length - MOST));
  const root = task.root_id ?? task.id;
  return html`<${Panel} title="Workflow" note=${`${counted(members.size, "task")}${related.complete ? "" : " and more"}`} more=${html`<a href=${tasksPath(term("root", root))}>As a list</a>`}><ul class="tree">${lines.slice(first, first + MOST).map(({ task: one, depth }) => html`<li key=${one.id} style=${{ paddingLeft: `${14 + Math.min(depth, 8) * 18}px` }} aria-current=${one.id === task.id ? "true" : undefined}>
      <${TaskState} state=${one.state} />
      ${one.id === task.id ? html`<b class="mono"><${Text} value=${one.name ?? one.id} limit=${100} /></b>` : html`<a class="mono" href=${taskPath(one.id)}><${Text} value=${one.name ?? one.id} limit=${100} /></a>`}
      ${one.group_id && html`<span class="soft small-text">group</span>`}
    </li>`)}</ul><//>`;
}
