/** Whether the tab is visible. Nothing is updated while it is hidden. */
import { signal } from "../vendor/libraries.js";

export const visible = signal(document.visibilityState === "visible");

document.addEventListener("visibilitychange", () => {
  visible.value = document.visibilityState === "visible";
});
