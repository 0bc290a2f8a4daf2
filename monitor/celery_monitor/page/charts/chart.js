/** A chart with axes over time, and its numbers as a table for screen readers. */
import { html, UPlot, useEffect, useRef } from "../vendor/libraries.js";
import { clock, number, UNKNOWN } from "../app/format.js";
import { dark } from "../app/theme.js";
import { ChartTable } from "./sparkline.js";

const HEIGHT = 170;
const TICK_SPACE = 80;

/** What a colour of the style sheets is now: a canvas knows no variables. */
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const shownValue = (unit) => (_, value) => (value === null || value === undefined ? UNKNOWN : `${number(value)}${unit && ` ${unit}`}`);

/** Without seconds, unless ticks are less than a minute apart. */
const tick = (at, next) => clock(at).slice(0, Math.abs((next ?? at + 60) - at) < 60 ? 8 : 5);

function options(series, width) {
  const soft = colour("--soft");
  const axis = { stroke: soft, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11.5px system-ui, sans-serif" };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 }, drag: { x: false } },
    legend: { live: true, markers: { width: 0 } },
    scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, space: TICK_SPACE, values: (_, ticks) => ticks.map((at, index) => tick(at, ticks[index + 1] ?? ticks[index - 1])) }, { ...axis, size: 52, values: (_, ticks) => ticks.map(number) }],
    series: [
      { label: "time", value: (_, at) => (at === null || at === undefined ? UNKNOWN : clock(at)) },
      ...series.map(({ label, unit, colour: name = "--accent" }) => ({ label, stroke: colour(name), width: 1.6, points: { show: false }, spanGaps: false, value: shownValue(unit) })),
    ],
  };
}

/**
 * @param {{at: number[], series: {label: string, unit: string, colour?: string, values: (number|null)[]}[]}} data
 */
export function Chart({ at, series }) {
  const box = useRef(null);
  const chart = useRef(null);
  const shape = `${dark.value} ${series.map(({ label }) => label).join()}`;
  useEffect(() => {
    const make = () => new UPlot(options(series, box.current.clientWidth), [[], ...series.map(() => [])], box.current);
    chart.current = make();
    // It may be called once more when the box is gone.
    const resized = new ResizeObserver(() => box.current && chart.current.setSize({ width: box.current.clientWidth, height: HEIGHT }));
    resized.observe(box.current);
    return () => {
      resized.disconnect();
      chart.current.destroy();
    };
  }, [shape]);
  useEffect(() => chart.current.setData([at, ...series.map(({ values }) => values)]), [shape, at, series]);
  return html`<div class="chart"><div aria-hidden="true" ref=${box}></div><${ChartTable} at=${at} columns=${series} /></div>`;
}
