/** Whether the monitor answers, and as of when its data is. */
import { computed, signal } from "../vendor/libraries.js";
import { exactNow } from "./clock.js";
import { visible } from "./visibility.js";

const failing = signal(false);

/** When the last data came; Unix time in seconds, null before the first. */
export const dataAsOf = signal(null);

/** `live`, `reconnecting`, `paused` while the tab is hidden, `connecting` before the first data. */
export const connection = computed(() => {
  if (failing.value) return "reconnecting";
  if (!visible.value) return "paused";
  return dataAsOf.value === null ? "connecting" : "live";
});

export function answered() {
  failing.value = false;
  dataAsOf.value = exactNow();
}

export function didNotAnswer() {
  failing.value = true;
}
