/** Copies a text with one click, also on plain HTTP, where browsers have no clipboard for pages. */
import { html, useEffect, useState } from "../vendor/libraries.js";
import { Icon } from "./icons.js";

const SHOWN_MS = 1500;

async function copied(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // No permission: select and copy as below.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "off-screen";
  const before = document.activeElement;
  // Inside an open dialog nothing outside of it can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus({ preventScroll: true });
  return done;
}

/** `what` names the text for screen readers: "Copy the task id". */
export function Copy({ text, what, label = "" }) {
  const [state, setState] = useState("");
  useEffect(() => {
    if (!state) return undefined;
    const timer = setTimeout(() => setState(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (event) => {
    event.stopPropagation();
    setState((await copied(text)) ? "copied" : "failed");
  };
  const title = state === "copied" ? "Copied" : state === "failed" ? "The browser refused to copy" : `Copy ${what}`;
  return html`<button type="button" class=${label ? "button copy" : "copy icon-button"} onClick=${copy} aria-label=${title} title=${title}>
    <${Icon} name=${state === "copied" ? "check" : state === "failed" ? "cross" : "copy"} size=${14} />${label && html`<span>${state === "copied" ? "Copied" : label}</span>`}
  </button>`;
}

/** A command with its button. */
export const Command = ({ text }) => html`<span class="command"><code>${text}</code><${Copy} text=${text} what="the command" /></span>`;
