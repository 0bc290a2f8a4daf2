/** Text of an application: shown as it is, inert, in its own direction, and with its invisible characters named. */
import { html } from "../vendor/libraries.js";

const LONGEST = 20_000;

// Control characters, and those that change the direction of writing.
const INVISIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const named = (sign) => `[U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;

export const readable = (text) => text.replace(INVISIBLE, named);

/** @param {{value: string, limit?: number}} options `limit`: the rest is left out, and counted */
export function Text({ value, limit = LONGEST }) {
  const text = String(value);
  const cut = text.length > limit;
  return html`<bdi class="isolated">${readable(cut ? text.slice(0, limit) : text)}</bdi>${cut && html`<span class="soft"> … ${(text.length - limit).toLocaleString("en")} more characters</span>`}`;
}

/** A name that breaks after one of its words, as `CELERY_RESULT_` and `BACKEND`, where a line has no room for all of it. */
export const Name = ({ value }) => html`<bdi class="isolated">${readable(value).match(/[^_.]*[_.]*/g).map((part) => html`${part}<wbr />`)}</bdi>`;

/** Arguments as a worker shows them, without empty parts. */
export function argumentsText({ args, kwargs }) {
  const parts = [args, kwargs].filter((part) => part && part !== "()" && part !== "[]" && part !== "{}");
  return parts.join(" ");
}
