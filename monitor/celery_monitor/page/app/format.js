/** Numbers, durations and times as people read them. Unknown is a dash, never zero. */
export const UNKNOWN = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fraction = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const small = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

export const missing = (value) => value === null || value === undefined || Number.isNaN(value);

export function number(value) {
  if (missing(value)) return UNKNOWN;
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return whole.format(value);
  return Math.abs(value) >= 1 ? fraction.format(value) : small.format(value);
}

/** A rate per second, as a number a minute. */
export const perMinute = (rate) => (missing(rate) ? UNKNOWN : number(rate * 60));

/** A part of one, in percent without its sign. */
export const percent = (part) => (missing(part) ? UNKNOWN : number(part * 100));

const UNITS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** Value and unit of a duration in seconds: `["840", "ms"]`. */
export function durationParts(seconds) {
  if (missing(seconds)) return [UNKNOWN, ""];
  const size = Math.abs(seconds);
  if (size < 0.0095) return size === 0 ? ["0", "s"] : [small.format(seconds * 1000), "ms"];
  if (size < 0.9995) return [whole.format(seconds * 1000), "ms"];
  for (const [length, unit] of UNITS) {
    if (size >= length * (unit === "min" ? 1.5 : 1.995)) return [size / length >= 10 ? whole.format(seconds / length) : fraction.format(seconds / length), unit];
  }
  return [size < 10 ? fraction.format(seconds) : whole.format(seconds), "s"];
}

export const duration = (seconds) => durationParts(seconds).filter(Boolean).join(" ");

/** How long ago a time is: `12 s ago`, `in 3 min`. */
export function ago(at, now) {
  if (missing(at)) return UNKNOWN;
  const seconds = now - at;
  if (Math.abs(seconds) < 1) return "now";
  const size = Math.abs(seconds);
  const [length, unit] = UNITS.find(([one]) => size >= one) ?? [1, "s"];
  const text = `${whole.format(Math.floor(size / length))} ${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const fullFormat = new Intl.DateTimeFormat(undefined, {
  weekday: "short", year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23", timeZoneName: "short",
});

const date = (at) => new Date(at * 1000);

/** The time of day in the viewer's zone: `12:03:10`. */
export const clock = (at) => (missing(at) ? UNKNOWN : clockFormat.format(date(at)));

/** With the day, where it is not today. */
export function dayAndClock(at, now) {
  if (missing(at)) return UNKNOWN;
  const sameDay = date(at).toDateString() === date(now).toDateString();
  return sameDay ? clock(at) : `${dayFormat.format(date(at))} ${clock(at)}`;
}

export const fullTime = (at) => (missing(at) ? "unknown" : fullFormat.format(date(at)));

export const isoTime = (at) => date(at).toISOString();

const BYTES = ["B", "KB", "MB", "GB", "TB"];

export function bytes(size) {
  if (missing(size)) return UNKNOWN;
  let [value, unit] = [size, 0];
  while (value >= 1000 && unit < BYTES.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${number(value)} ${BYTES[unit]}`;
}

/** `1 worker`, `2 workers`. */
export const counted = (count, singular, plural = `${singular}s`) => `${number(count)} ${count === 1 ? singular : plural}`;
