/** Where the monitor is: the path below which the page and the API are served. */
export const PREFIX = document.documentElement.dataset.prefix ?? "";

export const API = `${PREFIX}/api/automation/monitoring`;
export const PAGE = `${PREFIX}/monitoring`;
export const SETTINGS = `${PREFIX}/settings`;

/** The route that sends a task. */
export const SUBMIT = `${PREFIX}/tasks/submit`;

/** A path with a name in it, such as a task id, which may have any characters. */
export const path = (base, name) => `${base}/${encodeURIComponent(name)}`;

export const screenPath = (screen) => (screen === "settings" ? SETTINGS : screen === "overview" ? PAGE : `${PAGE}/${screen}`);
export const taskPath = (id) => path(`${PAGE}/tasks`, id);
export const queuePath = (name) => path(`${PAGE}/queues`, name);
export const workerPath = (name) => path(`${PAGE}/workers`, name);

/** The list of tasks that a filter finds. */
export const tasksPath = (filter) => `${PAGE}/tasks?q=${encodeURIComponent(filter)}`;

/** A group of failures, with since when and where its tasks failed. */
// Without all=yes the screen lists open failures only.
export const failurePath = ({ error, place, open }) => `${PAGE}/failures?${new URLSearchParams({ error, place: place ?? "", ...(open ? {} : { all: "yes" }) })}`;

/** One term of the filter language; a value with special characters is quoted. */
export function term(field, value) {
  const plain = /^(?!-)[^\s":\\]+$/.test(value);
  return `${field}:${plain ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`}`;
}
