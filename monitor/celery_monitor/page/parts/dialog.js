/** A dialog of the browser: it keeps the focus inside and closes with Escape. `data-focus` names its first field. */
import { html, useId, useLayoutEffect, useRef } from "../vendor/libraries.js";

/** What had the focus before the dialog, or before the one that it follows. */
let opener = null;

/** The browser gives the focus back only if the dialog was closed before it is taken out of the page. */
function giveBackFocus() {
  if (document.querySelector("dialog[open]") || document.activeElement !== document.body) return;
  (opener?.isConnected ? opener : document.getElementById("content"))?.focus({ preventScroll: true });
}

export function Dialog({ title, onClose, children, wide = false }) {
  const id = useId();
  const dialog = useRef(null);
  // Before anything else can take a key or the focus.
  useLayoutEffect(() => {
    if (document.activeElement !== document.body) opener = document.activeElement;
    dialog.current.showModal();
    dialog.current.querySelector("[data-focus]")?.focus();
    return () => setTimeout(giveBackFocus);
  }, []);
  const click = (event) => {
    // Only the backdrop is the dialog itself: its content fills it.
    if (event.target === dialog.current) onClose();
  };
  return html`<dialog ref=${dialog} class=${wide ? "wide" : ""} aria-labelledby=${id} onClose=${onClose} onClick=${click}>
    <div class="dialog-body">
      <header><h2 id=${id}>${title}</h2><button type="button" class="button quiet" onClick=${onClose}>Close</button></header>
      ${children}
    </div>
  </dialog>`;
}
