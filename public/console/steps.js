/** One delivery as a step of a timeline: which channel and why, how often it was tried, how it ended and how late. */
import { make } from "./dom.js";
import { instant, span } from "./time.js";
import { channelName, chosenBecause, counted, endedBecause, statusChip } from "./words.js";

const LOOKS = { sent: "good", failed: "bad", expired: "late", suppressed: "soft", pending: "wait" };
const ON_TIME_SECONDS = 60;

export function steps({
  channel,
  step,
  status,
  reason,
  last_error,
  attempts,
  next_attempt_at,
  settled_at,
  late_seconds,
  provider_message_id,
}) {
  const pending = status === "pending";
  return make(
    "li",
    { class: LOOKS[status] ?? "" },
    make(
      "div",
      { class: "line" },
      make("b", {}, channelName(channel)),
      step > 0 && make("span", { class: "small" }, `after ${counted(step, "other")}`),
      statusChip(status),
      late(late_seconds),
    ),
    make(
      "p",
      { class: "small" },
      `Chosen because: ${chosenBecause(reason)}. `,
      `${counted(attempts, "attempt")}. `,
      settled_at && ["Settled ", instant(settled_at), ". "],
      pending && next_attempt_at && ["Next attempt ", instant(next_attempt_at), ". "],
    ),
    last_error && make("p", { class: "message error" }, endedBecause(last_error)),
    provider_message_id &&
      make("p", { class: "small" }, "The provider calls it ", make("code", {}, provider_message_id)),
  );
}

function late(seconds) {
  if (seconds === null || seconds === undefined) return null;
  const words = seconds < 0 ? `${span(-seconds)} early` : `${span(seconds)} late`;
  return make("span", { class: seconds > ON_TIME_SECONDS ? "delay off" : "delay" }, words);
}
