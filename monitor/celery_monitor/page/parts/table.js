/** A table of any length: only the rows that can be seen are in the page. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/libraries.js";
import { useKeys } from "../app/keyboard.js";
import { narrow } from "../app/layout.js";
import { Icon } from "./icons.js";

const AROUND = 12;
const LOAD_BEFORE = 40;

/**
 * @typedef {object} Column
 * @property {string} name the heading
 * @property {(row: any) => any} cell
 * @property {string} [sort] the word of the API for this order
 * @property {string} [class] `n` for numbers, `hide` for columns that a phone has no room for
 */

/**
 * @param {object} options
 * @param {string} options.label what the table has, for screen readers
 * @param {string} options.name the class of its layout
 * @param {Column[]} options.columns
 * @param {any[]} options.rows
 * @param {(row: any) => string} options.rowKey
 * @param {[number, number]} options.heights of a row: on a desktop and on a phone, in pixels
 * @param {() => void} [options.onEnd] called when the last rows come into view
 * @param {(first: number, last: number) => void} [options.onSeen] called with the rows that can be seen: `last` is the one after them
 * @param {string} [options.sort] the current order, with `-` for descending
 * @param {(sort: string) => void} [options.onSort]
 * @param {(row: any, range: boolean) => void} [options.onSelect] for the key x, and for X, which selects a range
 */
export function VirtualTable({ label, name, columns, rows, rowKey, heights, onEnd, onSeen, sort, onSort, onSelect, busy = false }) {
  const height = heights[narrow.value ? 1 : 0];
  const body = useRef(null);
  const [first, last] = useVisible(body, rows.length, height);
  const focusRow = useRowKeys(body, rows, height, onSelect);
  useEffect(() => {
    if (last > rows.length - LOAD_BEFORE) onEnd?.();
  }, [last, rows.length, onEnd]);
  useEffect(() => onSeen?.(first, last), [first, last, onSeen]);
  return html`<div class=${`grid ${name}`} role="table" aria-label=${label} aria-rowcount=${rows.length + 1} aria-busy=${busy}>
    <div class="grid-head" role="rowgroup"><div class="grid-row" role="row" aria-rowindex="1">
      ${columns.map((column) => html`<${Heading} key=${column.name} column=${column} sort=${sort} onSort=${onSort} />`)}
    </div></div>
    <div class="grid-body" role="rowgroup" ref=${body} style=${{ height: `${rows.length * height}px` }}>
      ${rows.slice(first, last).map((row, offset) => html`<div class="grid-row" role="row" key=${rowKey(row)} aria-rowindex=${first + offset + 2} data-index=${first + offset}
        style=${{ height: `${height}px`, transform: `translateY(${(first + offset) * height}px)` }} onClick=${open} onFocusCapture=${() => focusRow(first + offset)}>
        ${columns.map((column) => html`<div key=${column.name} role="cell" class=${column.class ?? ""}>${column.cell(row)}</div>`)}
      </div>`)}
    </div>
  </div>`;
}

/** A click anywhere in a row follows its link. */
function open(event) {
  if (event.target.closest("a, button, input, label") || !window.getSelection().isCollapsed) return;
  const link = event.currentTarget.querySelector("[data-row-link]");
  if (event.metaKey || event.ctrlKey) window.open(link.href, "_blank", "noopener");
  else link?.click();
}

function Heading({ column, sort, onSort }) {
  if (!column.sort) return html`<div role="columnheader" class=${column.class ?? ""}>${column.name || html`<span class="visually-hidden">${column.label}</span>`}</div>`;
  const descending = sort === `-${column.sort}`;
  const active = descending || sort === column.sort;
  const order = active ? (descending ? "descending" : "ascending") : "none";
  return html`<div role="columnheader" class=${`${column.class ?? ""} sortable`} aria-sort=${order}>
    <button type="button" onClick=${() => onSort(descending ? column.sort : `-${column.sort}`)}>${column.name}<span class=${`arrow ${order}`}><${Icon} name="up" size=${10} /></span></button>
  </div>`;
}

/** The range of rows that can be seen, with some around them. */
function useVisible(body, count, height) {
  const [range, setRange] = useState([0, AROUND * 3]);
  useLayoutEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / height) - AROUND);
      const last = Math.ceil((window.innerHeight - top) / height) + AROUND;
      setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    const later = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    window.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", later);
      window.removeEventListener("resize", later);
    };
  }, [height, count > 0]);
  return [Math.min(range[0], count), Math.min(Math.max(range[1], 0), count)];
}

/** j and k move the focus from row to row, also to rows that are not in the page yet. x and X select. */
function useRowKeys(body, rows, height, onSelect) {
  const current = useRef(-1);
  const focus = (index) => {
    current.current = index;
    const top = body.current.getBoundingClientRect().top + index * height;
    const room = height * 2;
    if (top < room) window.scrollBy(0, top - room);
    else if (top + height > window.innerHeight - room) window.scrollBy(0, top + height - window.innerHeight + room);
    requestAnimationFrame(() => requestAnimationFrame(() => body.current?.querySelector(`[data-index="${index}"] [data-row-link]`)?.focus({ preventScroll: true })));
  };
  const move = (step) => {
    if (rows.length) focus(Math.min(rows.length - 1, Math.max(0, current.current + step)));
  };
  const select = (range) => {
    const row = onSelect && rows[current.current];
    return row ? onSelect(row, range) : false;
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => select(false),
    X: () => select(true),
  });
  return (index) => {
    current.current = index;
  };
}
