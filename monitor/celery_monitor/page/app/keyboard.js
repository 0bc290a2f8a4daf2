/** Keys of the page: of every screen, and of the one that is shown. */
import { useLayoutEffect } from "../vendor/libraries.js";
import { menu } from "./menu.js";
import { screenPath } from "./places.js";
import { navigate } from "./router.js";

const SEQUENCE_MS = 1500;

/** The handlers of components, the latest last. A handler returns true if it used the key. */
const handlers = [];

/** Have a component handle keys: `{j: () => ..., Enter: (event) => ...}`. */
export function useKeys(keys) {
  // With its first picture, so that a key counts as soon as the component is seen.
  useLayoutEffect(() => {
    handlers.push(keys);
    return () => handlers.splice(handlers.indexOf(keys), 1);
  });
}

const isTyping = (target) => target.closest?.("input:not([type='checkbox']), textarea, select, [contenteditable]");

let afterG = 0;

export function startKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (handle(event)) event.preventDefault();
  });
}

function handle(event) {
  if (event.key === "g") {
    afterG = Date.now();
    return true;
  }
  if (Date.now() - afterG < SEQUENCE_MS) {
    afterG = 0;
    const found = menu.value.find(({ key }) => key === event.key);
    if (found) navigate(screenPath(found.screen));
    return Boolean(found);
  }
  for (const keys of handlers.toReversed()) {
    if (keys[event.key] && keys[event.key](event) !== false) return true;
  }
  return event.key in STEPS && moveInTable(STEPS[event.key]);
}

const STEPS = { j: 1, k: -1 };

/** Move the focus to the link of the next row, of all small tables. Long ones handle the keys themselves. */
function moveInTable(step) {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a"));
  if (!rows.length) return false;
  const now = rows.findLastIndex((row) => row.contains(document.activeElement));
  rows[Math.min(rows.length - 1, Math.max(0, now + step))].querySelector("a").focus();
  return true;
}
