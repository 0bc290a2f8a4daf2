/** The monitor's own alerts: what fires, what is silenced, and by which channels messages are sent. */
import { html, useState } from "../vendor/libraries.js";
import { EndSilence, SilenceAlert, TestChannel } from "../actions/alert.js";
import { counted } from "../app/format.js";
import { useReading } from "../app/readings.js";
import { may } from "../app/session.js";
import { AlertTable, ChannelTable, SilenceTable } from "../lists/alert_rows.js";
import { PageTitle, Panel } from "../parts/panel.js";
import { Empty, Shown } from "../parts/states.js";

const SECONDS = 10;

/** The reading that the navigation, the overview and this screen share. */
export const useAlerts = () => useReading("/alerts", {}, SECONDS);

export function Alerts() {
  const reading = useAlerts();
  const [action, setAction] = useState(null);
  const operator = may("operator");
  const ask = (Dialog, subject) => setAction({ Dialog, subject });
  const silence = operator ? (alert) => ask(SilenceAlert, alert) : null;
  return html`<${PageTitle}>Alerts<//>
    <${Panel} title="Firing" note=${reading.data && counted(reading.data.firing.length, "alert")}>
      <${Shown} reading=${reading}>${({ firing }) => (firing.length ? html`<${AlertTable} alerts=${firing} onSilence=${silence} />` : html`<${Empty} title="No alert fires.">The monitor evaluates its rules every 10 seconds.<//>`)}<//>
    <//>
    ${reading.data && html`<${Others} data=${reading.data} onSilence=${silence} onEnd=${operator ? (one) => ask(EndSilence, one) : null} onTest=${may("admin") ? (one) => ask(TestChannel, one) : null} />`}
    ${action && html`<${action.Dialog} subject=${action.subject} onClose=${() => setAction(null)} onDone=${() => {
      setAction(null);
      reading.reload();
    }} />`}`;
}

const Others = ({ data, onSilence, onEnd, onTest }) => html`
  ${data.pending.length > 0 && html`<${Panel} title="Pending" note="the condition holds, but not for long enough yet"><${AlertTable} alerts=${data.pending} onSilence=${onSilence} /><//>`}
  <div class="two even">
    <${Panel} title="Silences" note="alerts of which no message is sent">${data.silences.length ? html`<${SilenceTable} silences=${data.silences} onEnd=${onEnd} />` : html`<${Empty} icon="pause" title="Nothing is silenced." />`}<//>
    <${Panel} title="Channels" note="ways to send messages">${data.channels.length ? html`<${ChannelTable} channels=${data.channels} onTest=${onTest} />` : html`<${Empty} icon="alerts" title="No channel is configured."><p>Alerts are shown here, and no message is sent.</p><//>`}<//>
  </div>
  <${Panel} title="Resolved, last 7 days">${data.recent.length ? html`<${AlertTable} alerts=${data.recent} />` : html`<${Empty} title="No alert was resolved." />`}<//>`;
