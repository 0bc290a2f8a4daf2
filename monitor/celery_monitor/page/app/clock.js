/** The time of the monitor, which the viewer's clock may differ from. */
import { effect, signal } from "../vendor/libraries.js";
import { visible } from "./visibility.js";

let ahead = 0;

/** Unix time in seconds, as the monitor has it; changes once a second while the tab is visible. */
export const now = signal(Date.now() / 1000);

export const exactNow = () => Date.now() / 1000 + ahead;

/** The monitor's time, from a document that has it. Small differences are the way of the answer. */
export function monitorTimeIs(at) {
  const difference = at - Date.now() / 1000;
  if (Math.abs(difference - ahead) > 1.5) ahead = difference;
}

effect(() => {
  if (!visible.value) return undefined;
  now.value = exactNow();
  const timer = setInterval(() => {
    now.value = exactNow();
  }, 1000);
  return () => clearInterval(timer);
});
