/** The ledger's words as people say them. What is not known here is shown as it is written. */
import { chip } from "./dom.js";

const CHANNELS = { sms: "SMS", email: "E-mail", push: "Push", none: "No channel left" };
const PICKED = {
  participant: "takes part",
  muted: "muted the event",
  declined: "declined",
  already_reminded: "was reminded of this occurrence already",
  expired: "it was too late: the event began an hour ago",
  event_deleted: "the event was deleted",
  event_moved: "the event was moved",
};
const CHOSEN = { chosen: "their own choice", default: "no choice made: e-mail comes first" };
const ENDS = {
  event_moved: "the event was moved",
  event_deleted: "the event was deleted",
  expired: "the event began an hour ago",
  person_gone: "the person was erased",
  no_participant: "takes part no longer",
  address_changed: "the address is no longer theirs",
  no_verified_number: "no verified number",
  no_live_device: "no live device",
  switched_off: "switched off",
};
const KINDS = { automatic: "planned", manual: "asked for by hand", snooze: "snoozed", escalation: "escalated" };
const LOOKS = { sent: "good", picked: "good", failed: "bad", expired: "late", suppressed: "soft", pending: "wait" };

const known = (list, word) => (Object.hasOwn(list, word ?? "") ? list[word] : spoken(word));
const spoken = (word) => (word === null || word === undefined || word === "" ? "–" : String(word).replaceAll("_", " "));

export const channelName = (word) => known(CHANNELS, word);
export const pickedBecause = (word) => known(PICKED, word);
export const chosenBecause = (word) => known(CHOSEN, word);
export const endedBecause = (word) => known(ENDS, word);
export const kindName = (word) => known(KINDS, word);
export const statusChip = (status) => chip(spoken(status), LOOKS[status] ?? "");

export const count = (number) => Number(number ?? 0).toLocaleString("en-GB");
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** "30" is minutes before, "P1D" days of the calendar, an instant the moment at which it was asked for. */
export function leadWords(reminder) {
  const minutes = /^\d+$/.test(reminder) ? Number(reminder) : null;
  if (minutes === 0) return "at its beginning";
  if (minutes !== null) {
    const [size, unit] =
      minutes % 1440 === 0
        ? [minutes / 1440, "day"]
        : minutes % 60 === 0
          ? [minutes / 60, "hour"]
          : [minutes, "minute"];
    return `${counted(size, unit)} before`;
  }
  const calendar = /^P(\d+)([DWM])$/.exec(reminder);
  if (calendar) return `${counted(Number(calendar[1]), { D: "day", W: "week", M: "month" }[calendar[2]])} before`;
  return String(reminder);
}
