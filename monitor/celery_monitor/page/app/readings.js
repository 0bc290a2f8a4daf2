/** Documents of the API that components show. Components that read the same document share it. */
import { effect, signal, useEffect, useMemo } from "../vendor/libraries.js";
import { get, search } from "./api.js";
import { exactNow } from "./clock.js";
import { requestAnswered, requestFailed } from "./connection.js";
import { identity } from "./session.js";
import { visible } from "./visibility.js";

const KEPT_SECONDS = 60;
const HEALTH_SECONDS = 10;
const RETRY_SECONDS = 2;
const LONGEST_RETRY_SECONDS = 30;

/**
 * @typedef {object} Reading
 * @property {any} data the document; null before the first answer
 * @property {number|null} at when it came, Unix time in seconds
 * @property {import("./api.js").Problem|null} problem why the last request failed; `data` is stale then
 */

const NOTHING = Object.freeze({ data: null, at: null, problem: null });
const shared = new Map();

// The next one who logs in may have a lower role.
effect(() => {
  if (identity.value === null) shared.clear();
});

/**
 * The reading of a document, as long as the component is shown.
 * @param {string|null} path below the API; null reads nothing
 * @param {number} every seconds between two requests; 0 asks once
 * @returns {Reading & {reload: () => void}}
 */
export function useReading(path, query = {}, every = 0) {
  const key = path === null ? null : path + search(query);
  const entry = useMemo(() => (key === null ? null : entryOf(key, every)), [key, every]);
  useEffect(() => entry?.use(), [entry]);
  return entry === null ? { ...NOTHING, reload() {} } : { ...entry.reading.value, reload: entry.reload };
}

/** The health of the fleet, which every screen begins with. */
export const useHealth = () => useReading("/health", {}, HEALTH_SECONDS);

function entryOf(key, every) {
  const name = `${key} ${every}`;
  if (!shared.has(name)) {
    const entry = new Entry(key, every, () => shared.get(name) === entry && shared.delete(name));
    shared.set(name, entry);
  }
  return shared.get(name);
}

class Entry {
  constructor(key, every, forget) {
    this.key = key;
    this.every = every;
    this.forget = forget;
    this.reading = signal(NOTHING);
    this.users = 0;
    this.failures = 0;
    this.reload = () => this.load();
  }

  use() {
    this.users += 1;
    clearTimeout(this.forgetting);
    if (this.users === 1) {
      this.stop = effect(() => {
        if (visible.value) this.load();
        return () => this.pause();
      });
    }
    return () => {
      this.users -= 1;
      if (this.users > 0) return;
      this.stop();
      this.forgetting = setTimeout(this.forget, KEPT_SECONDS * 1000);
    };
  }

  pause() {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  async load() {
    // What an action changed is not shown any more.
    if (this.users === 0) return;
    this.pause();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const data = await get(this.key, {}, abort.signal);
      this.failures = 0;
      requestAnswered();
      this.reading.value = { data, at: exactNow(), problem: null };
    } catch (problem) {
      if (abort.signal.aborted) return;
      this.failures += 1;
      if (problem.offline) requestFailed();
      this.reading.value = { ...this.reading.peek(), problem };
      if (problem.status === 401 || problem.status === 403) return;
    }
    const seconds = this.failures ? Math.min(LONGEST_RETRY_SECONDS, RETRY_SECONDS * 2 ** (this.failures - 1)) : this.every;
    if (seconds) this.timer = setTimeout(this.reload, seconds * 1000);
  }
}
