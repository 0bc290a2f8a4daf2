/** The bar of the selected tasks: how many they are, and what can be done to them. */
import { html, useMemo, useState } from "../vendor/libraries.js";
import { counted } from "../app/format.js";
import { useKeys } from "../app/keyboard.js";
import { MOST_SELECTED } from "../lists/selection.js";
import { BulkDialog } from "./bulk.js";

/** @param {{selection: ReturnType<import("../lists/selection.js").useSelection>}} options */
export function SelectedTasks({ selection: { ids, clear } }) {
  const [action, setAction] = useState("");
  const chosen = useMemo(() => [...ids], [ids]);
  const some = ids.size > 0;
  useKeys({
    r: () => some && setAction("retry"),
    c: () => some && setAction("cancel"),
    Escape: () => some && clear(),
  });
  if (!some) return null;
  const close = (confirmed) => {
    setAction("");
    if (confirmed === true) clear();
  };
  return html`<div class="selected-bar" role="region" aria-label="Selected tasks">
    <span role="status"><b>${counted(ids.size, "task")} selected</b>${ids.size >= MOST_SELECTED && html`<span class="soft">, the most: use a filter for more</span>`}</span>
    <button type="button" class="button primary" onClick=${() => setAction("retry")}>Retry ...</button>
    <button type="button" class="button danger" onClick=${() => setAction("cancel")}>Cancel ...</button>
    <button type="button" class="button quiet" onClick=${clear}>Clear</button>
    ${action && html`<${BulkDialog} action=${action} ids=${chosen} onClose=${close} />`}
  </div>`;
}
