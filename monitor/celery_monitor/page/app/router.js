/** The address: which screen is shown, of what, and with which filter. */
import { computed, signal } from "../vendor/libraries.js";
import { PAGE, SETTINGS } from "./places.js";

const address = signal(read());

/** `{screen, item, query}`: `item` is the decoded name in the path, null without one. */
export const place = computed(() => address.value);

function read() {
  const { pathname, search } = window.location;
  return { ...parse(pathname), query: new URLSearchParams(search), path: pathname };
}

export function parse(pathname) {
  const path = pathname.replace(/\/+$/, "");
  if (path === SETTINGS) return { screen: "settings", item: null };
  if (path === PAGE) return { screen: "overview", item: null };
  if (!path.startsWith(`${PAGE}/`)) return { screen: "", item: null };
  const [screen, item = null, ...rest] = path.slice(PAGE.length + 1).split("/");
  if (rest.length) return { screen: "", item: null };
  try {
    return { screen, item: item === null ? null : decodeURIComponent(item) };
  } catch {
    return { screen: "", item: null };
  }
}

/** Show another address. `replace`: it is no step for the button Back. */
export function navigate(target, { replace = false } = {}) {
  const before = window.location.pathname;
  window.history[replace ? "replaceState" : "pushState"](null, "", target);
  address.value = read();
  if (!replace && window.location.pathname !== before) {
    window.scrollTo(0, 0);
    document.querySelector("main")?.focus({ preventScroll: true });
  }
}

/** Change parameters of the current address; null removes one. */
export function setQuery(changes, options = { replace: true }) {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(window.location.pathname + (text && `?${text}`), options);
}

const isOurs = (url) =>
  url.origin === window.location.origin &&
  (url.pathname === SETTINGS || url.pathname === PAGE || url.pathname.startsWith(`${PAGE}/`));

/** Follow links of the page without loading it anew. */
export function startRouter() {
  window.addEventListener("popstate", () => {
    address.value = read();
  });
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = plain && !event.defaultPrevented && event.target.closest?.("a[href]");
    if (!link || link.target || link.hasAttribute("download") || link.getAttribute("href").startsWith("#")) return;
    const url = new URL(link.href);
    if (!isOurs(url)) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}
