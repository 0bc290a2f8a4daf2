/** Times: relative, with the absolute one in the viewer's zone on hover. */
import { html } from "../vendor/libraries.js";
import { now } from "../app/clock.js";
import { ago, clock, dayAndClock, fullTime, isoTime, missing, UNKNOWN } from "../app/format.js";

const Time = ({ at, text }) =>
  missing(at) ? html`<span class="soft">${UNKNOWN}</span>` : html`<time datetime=${isoTime(at)} title=${fullTime(at)}>${text}</time>`;

/** `12 s ago` */
export const Ago = ({ at }) => html`<${Time} at=${at} text=${ago(at, now.value)} />`;

/** `12:03:10` */
export const Clock = ({ at }) => html`<${Time} at=${at} text=${clock(at)} />`;

/** `12:03:10`, with the day where it is not today */
export const DayClock = ({ at }) => html`<${Time} at=${at} text=${dayAndClock(at, now.value)} />`;
