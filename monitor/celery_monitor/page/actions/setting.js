/** Changes one setting: the value is checked by the monitor, and the next start uses it. */
import { html, useId, useState } from "../vendor/libraries.js";
import { post, put } from "../app/api.js";
import { words } from "../lists/setting_rows.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icons.js";
import { Text } from "../parts/text.js";

const MASK = "***";

export function EditSetting({ setting, onClose, onDone }) {
  const { name, kind, help, source, after_restart: next } = setting;
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const [trial, setTrial] = useState(null);
  const shown = next ?? setting.value;
  const hidden = shown.includes(MASK);
  const [text, setText] = useState(hidden ? "" : shown);
  const id = useId();
  const run = async (work) => {
    setBusy(true);
    setWrong("");
    try {
      await work();
    } catch (problem) {
      setWrong(sentence(problem.errors?.[0]?.message ?? problem.message));
    }
    setBusy(false);
  };
  const save = (value) =>
    run(async () => {
      await put("/settings", { values: { [name]: value } });
      onDone();
      onClose();
    });
  const test = () => {
    setTrial(null);
    run(async () => setTrial(await post("/settings/test", { name, url: text.trim() })));
  };
  const submit = (event) => {
    event.preventDefault();
    save(text.trim());
  };
  const field = { id, "data-focus": true, onInput: (event) => setText(event.currentTarget.value), "aria-describedby": `${id}-help ${id}-wrong`, "aria-invalid": wrong ? "true" : undefined };
  return html`<${Dialog} title=${`Change ${words(name)}`} onClose=${onClose}>
    <form class="fields" onSubmit=${submit} novalidate>
      <label for=${id}>${words(name)}</label>
      ${kind === "choice" || kind === "flag" ? html`<select ...${field}>${(kind === "flag" ? ["true", "false"] : setting.choices).map((one) => html`<option key=${one} value=${one} selected=${one === text}>${one}</option>`)}</select>` : html`<input type="text" spellcheck=${false} autocomplete="off" maxlength="4096" ...${field} value=${text} placeholder=${hidden ? shown : setting.default} />`}
      <p id=${`${id}-help`} class="soft">${help} ${kind === "list" && "Write several values with commas in between. "}${hidden && "The password is not shown: write the whole URL. "}The monitor uses it when it starts again.</p>
      <div id=${`${id}-wrong`} role="alert">${wrong && html`<p class="error-text"><${Icon} name="cross" size=${11} /><span><${Text} value=${wrong} limit=${500} /></span></p>`}</div>
      ${trial && html`<p role="status">${trial.ok ? html`<${Badge} tone="good" icon="dot">works<//>` : html`<${Badge} tone="bad" icon="cross">failed<//>`} <${Text} value=${trial.message} limit=${500} /></p>`}
      <div class="dialog-end">
        ${kind === "url" && html`<button type="button" class="button" disabled=${busy} onClick=${test}>Test connection</button>`}
        ${(source === "file" || next !== null) && html`<button type="button" class="button" disabled=${busy} onClick=${() => save(null)}>Remove from the file</button>`}
        <button type="submit" class="button primary" disabled=${busy}>${busy ? "Working ..." : "Save"}</button>
      </div>
    </form>
  <//>`;
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
