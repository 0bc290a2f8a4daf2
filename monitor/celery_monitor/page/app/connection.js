/** Whether the monitor answers, and as of when its data is. */
import { computed, signal } from "../vendor/libraries.js";
import { exactNow } from "./clock.js";
import { visible } from "./visibility.js";

/** Of the WebSocket: `connecting` before the first message, then `open` or `lost`. */
export const socketState = signal("connecting");

const requestsFail = signal(false);

/** When the last data came; Unix time in seconds, null before the first. */
export const dataAsOf = signal(null);

/** `live`, `reconnecting`, `paused` while the tab is hidden, `connecting` before the first data. */
export const connection = computed(() => {
  if (!visible.value) return "paused";
  if (socketState.value === "lost" || requestsFail.value) return "reconnecting";
  return socketState.value === "open" ? "live" : "connecting";
});

export function dataCame() {
  dataAsOf.value = exactNow();
}

export function requestAnswered() {
  requestsFail.value = false;
}

export function requestFailed() {
  requestsFail.value = true;
}
