/** Whether the window is as narrow as a phone: where the style sheets have their narrow layout. */
import { signal } from "../vendor/libraries.js";

const query = window.matchMedia("(max-width: 760px)");

export const narrow = signal(query.matches);

query.addEventListener("change", () => {
  narrow.value = query.matches;
});
