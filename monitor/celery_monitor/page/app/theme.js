/** Light or dark: as the system has it, or as the viewer chose. */
import { computed, signal } from "../vendor/libraries.js";

const KEY = "celery-monitor-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
const chosen = signal(document.documentElement.dataset.theme ?? null);

system.addEventListener("change", () => {
  systemDark.value = system.matches;
});

export const dark = computed(() => (chosen.value === null ? systemDark.value : chosen.value === "dark"));

export function switchTheme() {
  const next = dark.value ? "light" : "dark";
  // The system's own scheme needs no choice, and follows the system again.
  chosen.value = (next === "dark") === systemDark.value ? null : next;
  if (chosen.value === null) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen.value;
  try {
    if (chosen.value === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen.value);
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
}
