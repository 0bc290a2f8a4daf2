/** Filters that the viewer keeps in this browser. The address alone is enough to share one. */
import { signal } from "../vendor/libraries.js";

const KEY = "celery-monitor-views";
const MOST = 20;

/** Views that every viewer has. */
export const COMMON = [
  { name: "All", filter: "" },
  { name: "Running", filter: "state:started" },
  { name: "Failed", filter: "state:failure" },
  { name: "Retrying", filter: "state:retry" },
  { name: "Waiting", filter: "state:pending state:received" },
  { name: "Lost", filter: "state:lost" },
];

export const views = signal(stored());

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return found.filter((one) => typeof one?.name === "string" && typeof one?.filter === "string");
  } catch {
    return [];
  }
}

function keep(next) {
  views.value = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Storage is blocked: the views last until the page is closed.
  }
}

export const saveView = (name, filter) => keep([...views.value.filter((one) => one.name !== name), { name, filter }].slice(-MOST));

export const removeView = (name) => keep(views.value.filter((one) => one.name !== name));
