/** Alerts, silences and channels as rows of tables. */
import { html } from "../vendor/libraries.js";
import { duration, number } from "../app/format.js";
import { PREFIX } from "../app/places.js";
import { Badge } from "../parts/badge.js";
import { Command } from "../parts/copy.js";
import { Text } from "../parts/text.js";
import { Ago, DayClock } from "../parts/time.js";

const SEVERITIES = { critical: ["bad", "cross"], warning: ["warn", "triangle"] };

const Severity = ({ severity }) => html`<${Badge} tone=${SEVERITIES[severity][0]} icon=${SEVERITIES[severity][1]}>${severity}<//>`;

const lasted = (alert) => (alert.ended === null ? html`<${Ago} at=${alert.fired ?? alert.began} />` : html`<${DayClock} at=${alert.fired} />`);

/** `onSilence` is called with an alert; without it there are no buttons. */
export function AlertTable({ alerts, onSilence = null }) {
  const areOver = alerts.some(({ ended }) => ended !== null);
  return html`<table class="cards alerts">
  <thead><tr><th scope="col">Alert</th><th scope="col">Severity</th><th scope="col" class="n">Since</th>${areOver && html`<th scope="col" class="n">Lasted</th>`}${onSilence && html`<th scope="col"><span class="visually-hidden">Silence</span></th>`}</tr></thead>
  <tbody>${alerts.map((alert) => html`<tr key=${`${alert.rule} ${JSON.stringify(alert.labels)} ${alert.began}`}>
    <th scope="row"><a href=${PREFIX + alert.place}><b><${Text} value=${alert.summary} limit=${200} /></b></a><span class="message-text"><${Text} value=${alert.description} limit=${600} /></span>${alert.ended === null && alert.command && html`<span class="message-text"><${Command} text=${alert.command} /></span>`}</th>
    <td data-label="Severity"><${Severity} severity=${alert.severity} />${alert.silenced_until !== null && html`<span class="message-text"><${Badge} tone="none" icon="pause">silenced<//> until <${DayClock} at=${alert.silenced_until} /></span>`}</td>
    <td class="n soft" data-label="Since">${lasted(alert)}</td>
    ${areOver && html`<td class="n soft" data-label="Lasted">${duration(alert.ended - alert.fired)}</td>`}
    ${onSilence && html`<td class="n"><button type="button" class="button small" onClick=${() => onSilence(alert)}>Silence<span class="visually-hidden"> ${alert.summary}</span> ...</button></td>`}
  </tr>`)}</tbody>
</table>`;
}

export const SilenceTable = ({ silences, onEnd }) => html`<table class="cards">
  <thead><tr><th scope="col">Alerts with</th><th scope="col" class="n">Until</th><th scope="col">Why</th>${onEnd && html`<th scope="col"><span class="visually-hidden">End</span></th>`}</tr></thead>
  <tbody>${silences.map((silence) => html`<tr key=${silence.id}>
    <th scope="row" class="mono break">${silence.matchers.map(({ label, value }) => html`<span class="second"><${Text} value=${`${label}=${value}`} limit=${200} /></span>`)}</th>
    <td class="n soft" data-label="Until"><${DayClock} at=${silence.until} /></td>
    <td data-label="Why"><span><${Text} value=${silence.comment} limit=${300} /><span class="message-text"><${Text} value=${silence.created_by} limit=${100} /></span></span></td>
    ${onEnd && html`<td class="n"><button type="button" class="button small" onClick=${() => onEnd(silence)}>End<span class="visually-hidden"> the silence: ${silence.comment}</span> ...</button></td>`}
  </tr>`)}</tbody>
</table>`;

const ChannelState = ({ channel }) => {
  if (channel.problem !== null) return html`<span class="refused"><${Badge} tone="bad" icon="cross">fails<//> <span class="soft"><${Text} value=${channel.problem} limit=${300} /> It is tried again at <${DayClock} at=${channel.retry_at} />.</span></span>`;
  return channel.sent ? html`<${Badge} tone="good" icon="dot">works<//>` : html`<${Badge} tone="none" icon="dots">not used yet<//>`;
};

export const ChannelTable = ({ channels, onTest }) => html`<table class="cards">
  <thead><tr><th scope="col">Channel</th><th scope="col">State</th><th scope="col" class="n">Sent</th><th scope="col" class="n">Last</th>${onTest && html`<th scope="col"><span class="visually-hidden">Test</span></th>`}</tr></thead>
  <tbody>${channels.map((channel) => html`<tr key=${channel.name}>
    <th scope="row"><b><${Text} value=${channel.name} limit=${100} /></b></th>
    <td data-label="State"><${ChannelState} channel=${channel} /></td>
    <td class="n" data-label="Sent">${number(channel.sent)}</td>
    <td class="n soft" data-label="Last"><${Ago} at=${channel.last_sent} /></td>
    ${onTest && html`<td class="n"><button type="button" class="button small" onClick=${() => onTest(channel)}>Test<span class="visually-hidden"> ${channel.name}</span> ...</button></td>`}
  </tr>`)}</tbody>
</table>`;
