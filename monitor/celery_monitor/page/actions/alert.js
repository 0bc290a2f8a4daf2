/** Silences an alert, ends a silence, and tests a channel. */
import { html, useState } from "../vendor/libraries.js";
import { post, remove } from "../app/api.js";
import { path } from "../app/places.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Text } from "../parts/text.js";
import { ActionDialog } from "./form.js";

const MOST_HOURS = 2160;
const HOURS = 4;

/** The rule of the alert always has to match; of its labels, those that are chosen. */
export function SilenceAlert({ subject: alert, onClose, onDone }) {
  const labels = Object.entries(alert.labels);
  const act = async (data) => {
    const chosen = labels.filter(([label]) => data.has(label));
    const matchers = [["alertname", alert.rule], ...chosen].map(([label, value]) => ({ label, value }));
    await post("/alerts/silences", { matchers, hours: Number(data.get("hours")), comment: data.get("comment").trim() });
  };
  return html`<${ActionDialog} title="Silence this alert" verb="Silence" onClose=${onClose} onDone=${onDone} act=${act}>
    <p>No message is sent about alerts of the rule <code>${alert.rule}</code>${labels.length > 0 && " that have the chosen labels"}. The page shows them as before.</p>
    ${labels.map(([label, value]) => html`<label class="check" key=${label}><input type="checkbox" name=${label} value="yes" checked /><span class="mono break"><${Text} value=${`${label}=${value}`} limit=${200} /></span></label>`)}
    <label>For how many hours<input type="number" name="hours" required min="0.1" max=${MOST_HOURS} step="any" value=${HOURS} /></label>
    <label>Why<input type="text" name="comment" required maxlength="500" autocomplete="off" data-focus /></label>
  <//>`;
}

export function EndSilence({ subject: silence, onClose, onDone }) {
  const act = () => remove(path("/alerts/silences", silence.id));
  return html`<${ActionDialog} title="End this silence" verb="End silence" onClose=${onClose} onDone=${onDone} act=${act}>
    <p>Messages are sent again about alerts with <span class="mono break"><${Text} value=${silence.matchers.map(({ label, value }) => `${label}=${value}`).join(", ")} limit=${400} /></span>.</p>
  <//>`;
}

export function TestChannel({ subject: channel, onDone }) {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState(null);
  const test = async () => {
    setBusy(true);
    setOutcome(null);
    try {
      setOutcome(await post(`${path("/alerts/channels", channel.name)}/test`));
    } catch (problem) {
      setOutcome({ ok: false, message: problem.message });
    }
    setBusy(false);
  };
  return html`<${Dialog} title=${`Test ${channel.name}`} onClose=${onDone}>
    <p>The channel sends a message that says that it is a test.</p>
    <p role="status">${outcome && html`${outcome.ok ? html`<${Badge} tone="good" icon="dot">arrived<//>` : html`<${Badge} tone="bad" icon="cross">failed<//>`} <${Text} value=${outcome.message} limit=${500} />`}</p>
    <div class="dialog-end"><button type="button" class="button primary" disabled=${busy} data-focus onClick=${test}>${busy ? "Working ..." : "Send test"}</button></div>
  <//>`;
}
