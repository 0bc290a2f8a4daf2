/** The tasks that a filter finds: pages of the history, with the newest changes put in where they are. */
import { batch, signal, useEffect, useMemo, useRef } from "../vendor/libraries.js";
import { isFinished } from "../parts/badge.js";
import { get } from "./api.js";
import { useLive } from "./live.js";
import { term } from "./places.js";
import { visible } from "./visibility.js";

const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
const NEWEST = 200;
const REFRESH_MS = 5000;
const LONGEST_FILTER = 1000;
export const BY_TIME = "-time";

class TaskList {
  constructor(filter, sort) {
    this.filter = filter;
    this.sort = sort;
    this.rows = signal([]);
    /** Tasks that belong between the rows, and are not shown yet. */
    this.waiting = signal([]);
    this.problem = signal(null);
    this.loading = signal(true);
    this.count = signal(null);
    /** Whether the history has more rows. */
    this.more = signal(false);
    this.places = new Map();
    /** The rows that can be seen: from the first to before the last. */
    this.seen = [0, 0];
    this.cursor = null;
    this.loadMore = () => this.loadNextPage();
    this.reload = () => this.load();
    this.showNewer = () => this.insertWaiting();
    this.see = (first, last) => {
      this.seen = [first, last];
    };
  }

  async load() {
    this.abort?.abort();
    this.abort = new AbortController();
    await this.loadPage({ limit: FIRST_PAGE, count: true }, (page) => {
      this.waiting.value = [];
      this.count.value = page.count;
      return page.tasks;
    });
  }

  async loadNextPage() {
    if (this.loading.peek() || this.cursor === null) return;
    const known = this.rows.peek();
    await this.loadPage({ limit: NEXT_PAGE, cursor: this.cursor }, (page) => known.concat(page.tasks.filter(({ id }) => !this.places.has(id))));
  }

  async loadPage(query, rowsOf) {
    const { signal: aborted } = this.abort;
    this.loading.value = true;
    try {
      const page = await get("/tasks", { q: this.filter, sort: this.sort, ...query }, aborted);
      if (aborted.aborted) return;
      this.cursor = page.next_cursor;
      batch(() => {
        this.show(rowsOf(page));
        this.more.value = this.cursor !== null;
        this.problem.value = null;
        this.loading.value = false;
      });
    } catch (problem) {
      if (aborted.aborted) return;
      this.problem.value = problem;
      this.loading.value = false;
    }
  }

  show(rows) {
    this.places = new Map(rows.map(({ id }, index) => [id, index]));
    this.rows.value = rows;
  }

  /** Take the newest tasks: known ones change where they are, new ones wait. */
  merge(newest) {
    const rows = this.rows.peek();
    if (!rows.length) {
      // An empty list has no row that could move.
      if (!this.loading.peek() && this.problem.peek() === null && newest.length) this.show(newest);
      return;
    }
    const waiting = newest.filter((task) => !this.places.has(task.id) && this.belongs(task, rows));
    batch(() => {
      this.replace(newest);
      this.waiting.value = waiting;
    });
  }

  /** Known tasks change where they are. */
  replace(tasks) {
    const rows = this.rows.peek();
    const changed = tasks.filter((task) => this.places.has(task.id) && rows[this.places.get(task.id)].updated !== task.updated);
    if (!changed.length) return;
    const next = rows.slice();
    for (const task of changed) next[this.places.get(task.id)] = task;
    this.rows.value = next;
  }

  /** Read the rows that can be seen and go on without being among the newest: they no longer meet the filter, or are older. */
  async refresh(newest) {
    if (this.refreshing) return;
    this.refreshing = true;
    const known = new Set(newest.map(({ id }) => id));
    const open = this.rows.peek().slice(...this.seen).filter(({ id, state }) => !isFinished(state) && !known.has(id));
    const { signal: aborted } = this.abort;
    try {
      for (const q of filtersOf(open)) {
        const { tasks } = await get("/tasks", { q }, aborted);
        if (!aborted.aborted) this.replace(tasks);
      }
    } finally {
      this.refreshing = false;
    }
  }

  /** Whether a task belongs between rows that are loaded. */
  belongs(task, rows) {
    return this.sort === BY_TIME && (this.cursor === null || task.at >= rows.at(-1).at);
  }

  insertWaiting() {
    const waiting = this.waiting.peek();
    if (waiting.length >= NEWEST) {
      // There may be more than the newest ones that are known.
      this.load();
      return;
    }
    batch(() => {
      this.show([...waiting, ...this.rows.peek()].sort((one, other) => other.at - one.at));
      this.waiting.value = [];
    });
  }
}

/** Filters that find these tasks, each as long as the API takes. An id with a star cannot be looked for. */
function filtersOf(tasks) {
  const filters = [""];
  for (const { id } of tasks.filter((task) => !task.id.includes("*"))) {
    const longer = `${filters.at(-1)} ${term("id", id)}`.trim();
    if (longer.length <= LONGEST_FILTER) filters[filters.length - 1] = longer;
    else filters.push(term("id", id));
  }
  return filters.filter(Boolean);
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
  const latest = useRef(null);
  latest.current = newest.data;
  useEffect(() => {
    const timer = setInterval(() => {
      // Without an answer the rows stay until the next one; the top of the page says since when nothing came.
      if (visible.peek()) list.refresh(latest.current ?? []).catch(() => {});
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [list]);
  return list;
}
