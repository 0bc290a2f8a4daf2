/** The rows of a list that are selected, by their ids. */
import { useEffect, useRef, useState } from "../vendor/libraries.js";

/** As many as one request of the API takes. */
export const MOST_SELECTED = 500;

const NONE = new Set();

/**
 * @param {import("../app/task_list.js").TaskList} list a new one begins without a selection
 * @returns {{ids: Set<string>, toggle: (id: string, range: boolean) => boolean, clear: () => void}} `toggle` returns
 * whether the row is selected then; `range`: together with all rows since the last one that was selected
 */
export function useSelection(list) {
  const [ids, setIds] = useState(NONE);
  const last = useRef(null);
  const clear = () => {
    last.current = null;
    setIds(NONE);
  };
  useEffect(clear, [list]);
  const toggle = (id, range) => {
    const next = new Set(ids);
    const from = range ? list.places.get(last.current) : undefined;
    if (from !== undefined) {
      for (const one of between(list, from, list.places.get(id))) if (next.size < MOST_SELECTED) next.add(one);
    } else if (!next.delete(id) && next.size < MOST_SELECTED) {
      next.add(id);
    }
    last.current = id;
    setIds(next);
    return next.has(id);
  };
  return { ids, toggle, clear };
}

function between(list, one, other) {
  const rows = list.rows.peek().slice(Math.min(one, other), Math.max(one, other) + 1);
  return rows.map(({ id }) => id);
}
