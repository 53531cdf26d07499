/** Instants in the operator's own time, with UTC on hover; spans in words. */
import { make } from "./dom.js";

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** An instant (RFC 3339) as an element; a dash where there is none. */
export function instant(text) {
  if (!text) return "–";
  const at = new Date(text);
  const now = new Date();
  const day =
    at.toDateString() === now.toDateString()
      ? null
      : (at.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(at);
  const shown = day ? `${day}, ${CLOCK.format(at)}` : CLOCK.format(at);
  return make("time", { datetime: at.toISOString(), title: utc(text) }, shown);
}

export const utc = (text) => `${new Date(text).toISOString().replace("T", " ").replace("Z", "")} UTC`;

/** "3 min ago", or "in 20 s", with both clocks on hover. */
export function since(text) {
  if (!text) return "never";
  const seconds = (Date.now() - Date.parse(text)) / 1000;
  const words = seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
  return make("time", { datetime: text, title: `${CLOCK.format(new Date(text))} here, ${utc(text)}` }, words);
}

/** Seconds in words of the unit that fits. */
export function span(seconds) {
  const size = Math.abs(seconds);
  if (size < 10) return `${trimmed(seconds.toFixed(2))} s`;
  if (size < 120) return `${Math.round(seconds)} s`;
  if (size < 7_200) return `${Math.round(seconds / 60)} min`;
  if (size < 172_800) return `${trimmed((seconds / 3_600).toFixed(1))} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const trimmed = (number) => number.replace(/\.?0+$/, "");

export const between = (from, to) => span((Date.parse(to) - Date.parse(from)) / 1000);

/** A wall time as people agreed on it, which is no instant. */
export const wall = (text) =>
  text
    ? String(text)
        .replace("T", " ")
        .replace(/:00(\.0+)?$/, "")
    : "–";
