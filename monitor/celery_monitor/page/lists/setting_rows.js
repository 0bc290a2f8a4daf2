/** Settings in a table: each value, where it comes from, and how it is changed. */
import { html } from "../vendor/libraries.js";
import { counted } from "../app/format.js";
import { may } from "../app/session.js";
import { Badge } from "../parts/badge.js";
import { Command } from "../parts/copy.js";
import { Name, Text } from "../parts/text.js";

const SOURCES = {
  option: "option",
  environment: "variable",
  resource: "CeleryDeployment",
  application: "application",
  file: "saved",
  default: "default",
};

/** What holds for all of them: where they are changed, and that a restart is needed. */
export function SettingNotes({ data: { in_cluster: inCluster, file, problem, settings } }) {
  const waiting = settings.filter((one) => one.after_restart !== null).length;
  return html`${problem && html`<p class="note-line warn-text" role="alert">The next start of the monitor fails: <${Text} value=${problem} limit=${500} /></p>`}
    ${waiting > 0 && html`<p class="note-line warn-text" role="status">${counted(waiting, "setting")} ${waiting === 1 ? "takes" : "take"} effect when the monitor starts again.</p>`}
    <p class="note-line soft">${inCluster ? "The operator decides on these settings. Each has the command that changes it." : file ? html`Changes are saved in <code><${Text} value=${file} limit=${300} /></code>. Options and environment variables take precedence.` : html`Nothing can be saved: start the monitor with <code>--settings-file</code>.`}</p>`;
}

/** `onEdit` is called with the setting of a row. */
export const SettingRows = ({ settings, onEdit }) => html`<table class="cards fixed settings">
  <thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th><th scope="col">Change</th></tr></thead>
  <tbody>${settings.map((setting) => html`<${Row} key=${setting.name} setting=${setting} onEdit=${onEdit} />`)}</tbody>
</table>`;

function Row({ setting, onEdit }) {
  const { name, help, value, source, place, after_restart: next } = setting;
  return html`<tr>
    <th scope="row"><b>${words(name)}</b><span class="message-text">${help}</span></th>
    <td data-label="Value"><span><code class="break"><${Text} value=${value || "none"} limit=${300} /></code>${next !== null && html`<span class="message-text"><${Badge} tone="warn" icon="again">next start<//> <code class="break"><${Text} value=${next || "none"} limit=${300} /></code></span>`}</span></td>
    <td data-label="From"><span>${SOURCES[source]}${place && html`<span class="message-text mono"><${Name} value=${place} /></span>`}</span></td>
    <td data-label="Change"><${Change} setting=${setting} onEdit=${onEdit} /></td>
  </tr>`;
}

function Change({ setting, onEdit }) {
  if (setting.may_save && may("admin")) return html`<button type="button" class="button" onClick=${() => onEdit(setting)}>Change<span class="visually-hidden"> ${words(setting.name)}</span> ...</button>`;
  return html`<span class="soft">${setting.may_save ? "The role admin changes it here." : setting.change}${setting.command && html` <${Command} text=${setting.command} />`}</span>`;
}

export const words = (name) => name.replaceAll("_", " ");
