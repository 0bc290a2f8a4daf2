/** A dialog that asks once, sends a request, and shows why it was refused. */
import { html, useState } from "../vendor/libraries.js";
import { Problem } from "../app/api.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icons.js";

/**
 * @param {object} options
 * @param {string} options.verb the word of the button, such as `Cancel task`
 * @param {(data: FormData) => Promise<void>} options.act sends the request
 * @param {() => void} [options.onDone] called when it succeeded; the dialog closes by default
 */
export function ActionDialog({ title, verb, danger = false, disabled = false, act, onClose, onDone = onClose, wide = false, children }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await act(data);
      onDone();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose} wide=${wide}>
    <form class="fields" onSubmit=${submit}>
      ${children}
      ${problem && html`<div class="error-text" role="alert"><${Icon} name="cross" size=${11} /><span>${problem.message}${problem.errors?.map((one) => ` ${one.where}: ${one.message}.`)}</span></div>`}
      <div class="dialog-end"><button type="button" class="button" onClick=${onClose}>Close</button><button type="submit" class=${`button ${danger ? "danger-solid" : "primary"}`} disabled=${busy || disabled}>${busy ? "Working ..." : verb}</button></div>
    </form>
  <//>`;
}

const SIGNALS = document.documentElement.dataset.signals.split(" ");

/** How a cancel ends a task that runs. */
export const Termination = () => html`<label class="check"><input type="checkbox" name="terminate" value="yes" checked />Also end the process that runs the task</label>
  <label>Signal<select name="signal">${SIGNALS.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>`;

export const terminationOf = (data) => ({ terminate: data.get("terminate") === "yes", signal: data.get("signal") });

/** JSON values that a task can be sent with: their name, how they are checked, and an example. */
const KINDS = {
  list: [Array.isArray, '["a", 7]'],
  object: [(value) => typeof value === "object" && value !== null && !Array.isArray(value), '{"order": 7}'],
};

/**
 * The JSON of a field; null for an empty one. Throws a Problem that says what to write.
 * @param {string} what the plural that the message begins with
 * @param {"list"|"object"} kind
 */
export function json(data, name, what, kind) {
  const text = data.get(name).trim();
  if (!text) return null;
  const [isRight, example] = KINDS[kind];
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(422, `The ${what} are not JSON: write a JSON ${kind}, such as ${example}.`);
  }
  if (!isRight(value)) throw new Problem(422, `The ${what} are not a JSON ${kind}: write one such as ${example}.`);
  return value;
}
