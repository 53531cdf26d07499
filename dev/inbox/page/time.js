import { make } from "./dom.js";

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });

export const clockNow = () => SHORT.format(Date.now());
export const dayNow = () => DAY.format(Date.now());

/** To the second; with the day where it is not today. */
export function timeElement(ms) {
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  const text = today ? CLOCK.format(at) : `${SHORT_DAY.format(at)}, ${CLOCK.format(at)}`;
  return make("time", { datetime: at.toISOString(), title: FULL.format(at) }, text);
}

/** How long after it was due a message was accepted; null where its sender did not say. */
export function delayElement({ delay_ms }) {
  if (delay_ms === undefined) return null;
  const seconds = (Math.abs(delay_ms) / 1000).toFixed(Math.abs(delay_ms) < 10_000 ? 2 : 0);
  const early = delay_ms < 0;
  const kind = early || delay_ms > 1500 ? "off" : "on";
  const words = early ? `${seconds} s before it was due` : `${seconds} s after it was due`;
  return make(
    "span",
    { class: `delay delay-${kind}`, title: words },
    make("span", { "aria-hidden": "true" }, `${early ? "−" : "+"}${seconds} s`),
    make("span", { class: "unseen" }, words),
  );
}
