/** One number with its last hour. It leads to what it is made of. */
import { html } from "../vendor/libraries.js";
import { durationParts, number, percent, perMinute } from "../app/format.js";
import { PAGE, tasksPath } from "../app/places.js";
import { Sparkline } from "./sparkline.js";

const Linked = ({ label, value, unit, href, title, children }) => html`<a class="panel number" href=${href} title=${title}>
  <span class="label">${label}</span><span class="value">${value}<small> ${unit}</small></span>${children}
</a>`;

const column = (series, pick) => ({
  at: series?.points.map((point) => point.at) ?? [],
  values: series?.points.map(pick) ?? [],
});

const rateOf = (point) => (point.seconds ? point.outcomes.finished / (point.seconds / 60) : null);

/** @param {{recent: any, series: any}} options `recent`: the numbers of the last five minutes */
export function Numbers({ recent, series }) {
  const [wait, waitUnit] = durationParts(recent?.wait.p95 ?? null);
  const [runtime, runtimeUnit] = durationParts(recent?.runtime.p95 ?? null);
  const failures = recent ? recent.outcomes.failed + recent.outcomes.lost : null;
  return html`<section class="numbers" aria-label="Numbers of the last 5 minutes, with their last hour">
    <${Linked} label="Throughput" value=${perMinute(recent?.rate)} unit="/min" href=${`${PAGE}/tasks`} title="Runs that finished in the last 5 minutes">
      <${Sparkline} ...${column(series, rateOf)} label="Throughput" unit="runs a minute" /><//>
    <${Linked} label="Failure rate" value=${percent(recent?.outcomes.failure_rate)} unit=${failures === null ? "%" : `% · ${number(failures)} failed`} href=${`${PAGE}/failures`} title="Failed and lost runs of the last 5 minutes">
      <${Sparkline} ...${column(series, (point) => percentOf(point.outcomes.failure_rate))} label="Failure rate" unit="percent" tone="bad" /><//>
    <${Linked} label="Wait, p95" value=${wait} unit=${waitUnit} href=${`${tasksPath("after:1h")}&sort=-wait`} title="95 of 100 tasks of the last 5 minutes started sooner">
      <${Sparkline} ...${column(series, (point) => point.wait.p95)} label="Wait, p95" unit="seconds" /><//>
    <${Linked} label="Runtime, p95" value=${runtime} unit=${runtimeUnit} href=${`${tasksPath("after:1h")}&sort=-runtime`} title="95 of 100 runs of the last 5 minutes were faster">
      <${Sparkline} ...${column(series, (point) => point.runtime.p95)} label="Runtime, p95" unit="seconds" /><//>
  </section>`;
}

const percentOf = (part) => (part === null ? null : part * 100);
