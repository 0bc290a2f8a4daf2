/** The tasks that a filter finds: pages of the history, with the newest changes put in where they are. */
import { signal, useEffect, useMemo } from "../vendor/libraries.js";
import { get } from "./api.js";
import { useLive } from "./live.js";

const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
const NEWEST = 200;
export const BY_TIME = "-time";

class TaskList {
  constructor(filter, sort) {
    this.filter = filter;
    this.sort = sort;
    /** Increases with each change of the rows. */
    this.version = signal(0);
    this.problem = signal(null);
    this.loading = signal(true);
    this.count = signal(null);
    this.rows = [];
    this.waiting = [];
    this.places = new Map();
    this.cursor = null;
    this.more = () => this.loadMore();
    this.reload = () => this.load();
    this.showNewer = () => this.insertWaiting();
  }

  async load() {
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    this.loading.value = true;
    try {
      const page = await this.page(FIRST_PAGE, null, true);
      if (abort.signal.aborted) return;
      this.rows = page.tasks;
      this.waiting = [];
      this.count.value = page.count;
      this.taken(page);
    } catch (problem) {
      if (!abort.signal.aborted) this.problem.value = problem;
    }
    if (!abort.signal.aborted) this.loading.value = false;
  }

  async loadMore() {
    if (this.loading.peek() || this.cursor === null) return;
    this.loading.value = true;
    const { signal: aborted } = this.abort;
    try {
      const page = await this.page(NEXT_PAGE, this.cursor, false);
      if (aborted.aborted) return;
      this.rows = this.rows.concat(page.tasks.filter(({ id }) => !this.places.has(id)));
      this.taken(page);
    } catch (problem) {
      if (!aborted.aborted) this.problem.value = problem;
    }
    if (!aborted.aborted) this.loading.value = false;
  }

  page(limit, cursor, count) {
    const query = { q: this.filter, sort: this.sort, limit, cursor, count: count || undefined };
    return get("/tasks", query, this.abort.signal);
  }

  taken(page) {
    this.cursor = page.next_cursor;
    this.problem.value = null;
    this.number();
  }

  number() {
    this.places = new Map(this.rows.map(({ id }, index) => [id, index]));
    this.version.value += 1;
  }

  /** Take the newest tasks: known ones change where they are, new ones wait. */
  merge(newest) {
    if (this.abort === undefined || (this.rows.length === 0 && this.loading.peek())) return;
    const waiting = [];
    let changed = false;
    for (const task of newest) {
      const index = this.places.get(task.id);
      if (index === undefined) {
        if (this.belongs(task)) waiting.push(task);
      } else if (this.rows[index].updated !== task.updated) {
        this.rows[index] = task;
        changed = true;
      }
    }
    if (waiting.length !== this.waiting.length || waiting[0]?.id !== this.waiting[0]?.id) changed = true;
    this.waiting = this.rows.length ? waiting : [];
    if (!this.rows.length && waiting.length) {
      // An empty list has no row that could move.
      this.rows = waiting;
      this.number();
    } else if (changed) this.version.value += 1;
  }

  /** Whether a task belongs between rows that are loaded. */
  belongs(task) {
    if (this.sort !== BY_TIME) return false;
    return this.cursor === null || !this.rows.length || task.at >= this.rows.at(-1).at;
  }

  insertWaiting() {
    if (this.waiting.length >= NEWEST) {
      // There may be more than the newest ones that are known.
      this.load();
      return;
    }
    this.rows = [...this.waiting, ...this.rows].sort((one, other) => other.at - one.at);
    this.waiting = [];
    this.number();
  }
}

/** @returns {TaskList} the list, as long as the component is shown */
export function useTaskList(filter, sort) {
  const list = useMemo(() => new TaskList(filter, sort), [filter, sort]);
  const newest = useLive("tasks", { filter, limit: NEWEST });
  useEffect(() => {
    list.load();
    return () => list.abort?.abort();
  }, [list]);
  useEffect(() => {
    if (newest.data) list.merge(newest.data);
  }, [list, newest.data, list.loading.value]);
  return list;
}
