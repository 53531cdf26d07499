/** The planner: which reminders a schedule has, each with its moment, and which occurrences are ahead. Pure; reads no clock. */
import { dueAt, type Lead, leadDays, parseLead } from "./lead.ts";
import { isOccurrence, lastOccurrence, occurrencesFrom } from "./recurrence.ts";
import { floatingMs, floatingWall, placeWallTime } from "./time.ts";

/** `occurrence` is the wall time that the rule gives; `moved_to` null skips it. One that the rule does not give changes nothing. */
export type Exception = { occurrence: string; moved_to: string | null };
/** `planned_at`, ms: the moment of creation or change; nothing before it is reminded. */
export type Schedule = {
  event_timestamp: string;
  time_zone: string;
  recurrence: string | null;
  exceptions: Exception[];
  leads: string[];
  planned_at: number;
};
/** `event_timestamp` names it: the rule's wall time, also when it is moved. `starts_at`, ms, is when it takes place. */
export type Occurrence = { event_timestamp: string; starts_at: number };
export type PlannedReminder = Occurrence & { lead: string; due_at: number };
/** A reminder by its place in the order of one lead's reminders: by moment, then by name. */
export type Place = { due_at: number; event_timestamp: string };
/** `fallback`: the reminder at the occurrence itself, for occurrences whose every lead was past when the schedule was planned. */
export type PlannedLead = { lead: string; fallback: boolean; next: PlannedReminder | null };

const DAY_MS = 86_400_000;
/** More than any clock is apart from UTC's, with any clock change or change of a zone's offset: bounds by it need no look at the zone. */
const SLACK_MS = 3 * DAY_MS;
const SHORTEST_MONTH_DAYS = 28;
const LAST_MS = Date.UTC(9998, 11, 31);
/** Of the reminder at the occurrence for want of a lead. */
export const FALLBACK_LEAD = "0";
const MAX_UPCOMING = 70;

/** What an event stores when it is created or changed. */
export function plan(schedule: Schedule): { reminders: PlannedLead[]; upcoming: Occurrence[] } {
  const reminders: PlannedLead[] = distinctLeads(schedule.leads).map((lead) => ({
    lead,
    fallback: false,
    next: nextReminder(schedule, lead, false, null),
  }));
  const next = nextReminder(schedule, FALLBACK_LEAD, true, null);
  if (next !== null) reminders.push({ lead: FALLBACK_LEAD, fallback: true, next });
  const nexts = reminders.map((reminder) => reminder.next);
  return { reminders, upcoming: remembered(schedule, schedule.planned_at, nexts) };
}

/** Where each lead goes on after the reminder that was claimed last, and the occurrences ahead of `now`. */
export function advance(
  schedule: Schedule,
  claimed: ({ lead: string; fallback: boolean } & Place)[],
  now: number,
): { reminders: PlannedLead[]; upcoming: Occurrence[] } {
  const reminders = claimed.map(({ lead, fallback, ...place }) => ({
    lead,
    fallback,
    next: nextReminder(schedule, lead, fallback, place),
  }));
  const waiting = schedule.leads.filter((lead) => !claimed.some((one) => one.lead === lead && !one.fallback));
  const others = waiting.map((lead) => first(remindersFrom(schedule, lead, Math.max(now, schedule.planned_at) + 1)));
  return { reminders, upcoming: remembered(schedule, now, [...reminders.map(({ next }) => next), ...others]) };
}

/** The first reminder of a lead strictly after a place; after the moment of planning where `after` is null. Null: none is left. */
export function nextReminder(
  schedule: Schedule,
  lead: string,
  fallback: boolean,
  after: Place | null,
): PlannedReminder | null {
  return first(remindersAfter(schedule, lead, fallback, after));
}

/**
 * The reminders of a lead that are due by `until`, from the one that it stands at (`place`, included) on, at most `limit`. The one that it stands at is
 * due because it was planned so, even if the zone's rules have been changed since.
 */
export function dueReminders(
  schedule: Schedule,
  lead: string,
  fallback: boolean,
  place: Place,
  until: number,
  limit: number,
): PlannedReminder[] {
  const due: PlannedReminder[] = [];
  if (place.due_at > until) return due;
  const exception = schedule.exceptions.find(({ occurrence }) => occurrence === place.event_timestamp);
  const wall = exception ? exception.moved_to : place.event_timestamp;
  if (wall !== null) due.push({ ...place, starts_at: placeWallTime(wall, schedule.time_zone), lead });
  for (const reminder of remindersAfter(schedule, lead, fallback, place)) {
    if (due.length >= limit || reminder.due_at > until) break;
    due.push(reminder);
  }
  return due;
}

/** The occurrences that take place after a moment, by time, moved ones where they are moved to; at most `limit`. */
export function upcomingOccurrences(schedule: Schedule, after: number, limit: number): Occurrence[] {
  const upcoming: Occurrence[] = [];
  if (limit < 1) return upcoming;
  for (const { event_timestamp, starts_at } of remindersFrom(schedule, FALLBACK_LEAD, after + 1)) {
    if (upcoming.push({ event_timestamp, starts_at }) === limit) break;
  }
  return upcoming;
}

/** `P7D` and `P1W` are one lead, in the spelling that comes first, in `known` before all. */
export function distinctLeads(leads: string[], known: string[] = []): string[] {
  const spelling = new Map<string, string>();
  for (const lead of [...known, ...leads]) {
    const meaning = meaningOf(lead);
    if (!spelling.has(meaning)) spelling.set(meaning, lead);
  }
  return [...new Set(leads.map((lead) => spelling.get(meaningOf(lead))!))];
}

const meaningOf = (lead: string): string => JSON.stringify(parseLead(lead));

/**
 * What a row must hold so that its next occurrence, or else its last one, is read without expanding the rule until a lead is claimed again: the
 * occurrences from `after` up to the one that follows the last planned reminder's; all of them where no reminder is left.
 */
function remembered(schedule: Schedule, after: number, nexts: (PlannedReminder | null)[]): Occurrence[] {
  const planned = nexts.filter((next) => next !== null);
  const latest = Math.max(...planned.map(({ starts_at }) => starts_at));
  const upcoming: Occurrence[] = [];
  for (const { event_timestamp, starts_at } of remindersFrom(schedule, FALLBACK_LEAD, after + 1)) {
    upcoming.push({ event_timestamp, starts_at });
    const enough = planned.length > 0 && upcoming.length >= 2 && starts_at > latest;
    if (enough || upcoming.length === MAX_UPCOMING) break;
  }
  if (upcoming.length > 0) return upcoming;
  const last = lastBefore(schedule, after);
  return last === null ? [] : [last];
}

/** The occurrence that took place last, not after `until`. */
function lastBefore(schedule: Schedule, until: number): Occurrence | null {
  const { exceptions, time_zone } = schedule;
  const excepted = new Set(exceptions.map(({ occurrence }) => occurrence));
  let wall = lastOccurrence(schedule, floatingWall(until + SLACK_MS));
  while (wall !== null && (excepted.has(wall) || placeWallTime(wall, time_zone) > until)) {
    wall = lastOccurrence(schedule, floatingWall(floatingMs(wall) - 1000));
  }
  const unmoved = wall === null ? [] : [{ event_timestamp: wall, starts_at: placeWallTime(wall, time_zone) }];
  const moved = movedReminders(schedule, FALLBACK_LEAD).filter(
    ({ starts_at, event_timestamp }) => starts_at <= until && isOccurrence(schedule, event_timestamp),
  );
  const last = [...unmoved, ...moved].sort((a, b) => a.starts_at - b.starts_at).at(-1);
  return last ? { event_timestamp: last.event_timestamp, starts_at: last.starts_at } : null;
}

function* remindersAfter(
  schedule: Schedule,
  lead: string,
  fallback: boolean,
  after: Place | null,
): Generator<PlannedReminder> {
  const from = Math.max(after?.due_at ?? 0, schedule.planned_at + 1);
  const source = fallback ? fallbackReminders(schedule, from) : remindersFrom(schedule, lead, from);
  for (const reminder of source) if (after === null || byPlace(reminder, after) > 0) yield reminder;
}

/** The reminders of a lead that are due at `from` or later, in order. Of unmoved occurrences the moments follow the order of the rule. */
function* remindersFrom(schedule: Schedule, lead: string, from: number): Generator<PlannedReminder> {
  const excepted = new Set(schedule.exceptions.map(({ occurrence }) => occurrence));
  const moved = movedReminders(schedule, lead).filter(({ due_at }) => due_at >= from);
  let place = 0;
  for (const wall of occurrencesFrom(schedule, earliestWall(parseLead(lead), from))) {
    if (excepted.has(wall)) continue;
    const reminder = reminderOf(schedule, lead, wall, wall);
    if (reminder.due_at < from) continue;
    for (let one = moved[place]; one && byPlace(one, reminder) < 0; one = moved[place]) {
      place += 1;
      if (isOccurrence(schedule, one.event_timestamp)) yield one;
    }
    yield reminder;
  }
  for (const one of moved.slice(place)) if (isOccurrence(schedule, one.event_timestamp)) yield one;
}

/** At the occurrences ahead of the moment of planning whose every lead was past then: the first few unmoved ones, and moved ones. */
function fallbackReminders(schedule: Schedule, from: number): PlannedReminder[] {
  const { planned_at } = schedule;
  const leads = schedule.leads.map(parseLead);
  if (leads.length === 0) return [];
  const hasLeadAhead = (wall: string, starts_at: number) =>
    leads.some((lead) => dueAt(lead, wall, starts_at, schedule.time_zone) > planned_at);
  const moved = new Map(schedule.exceptions.map(({ occurrence, moved_to }) => [occurrence, moved_to]));
  const found: PlannedReminder[] = [];
  for (const reminder of remindersFrom({ ...schedule, exceptions: [] }, FALLBACK_LEAD, planned_at + 1)) {
    if (hasLeadAhead(reminder.event_timestamp, reminder.starts_at)) break;
    if (!moved.has(reminder.event_timestamp)) found.push(reminder);
  }
  for (const reminder of movedReminders(schedule, FALLBACK_LEAD)) {
    if (reminder.starts_at <= planned_at || hasLeadAhead(moved.get(reminder.event_timestamp)!, reminder.starts_at))
      continue;
    if (isOccurrence(schedule, reminder.event_timestamp)) found.push(reminder);
  }
  return found.filter(({ due_at }) => due_at >= from).sort(byPlace);
}

/** The reminders of all moved occurrences, in order, also of such as the rule does not give. */
const movedReminders = (schedule: Schedule, lead: string): PlannedReminder[] =>
  schedule.exceptions
    .flatMap(({ occurrence, moved_to }) =>
      moved_to === null ? [] : [reminderOf(schedule, lead, occurrence, moved_to)],
    )
    .sort(byPlace);

/** `wall` is when the occurrence takes place. */
function reminderOf(schedule: Schedule, lead: string, event_timestamp: string, wall: string): PlannedReminder {
  const starts_at = placeWallTime(wall, schedule.time_zone);
  return { event_timestamp, starts_at, lead, due_at: dueAt(parseLead(lead), wall, starts_at, schedule.time_zone) };
}

/** No occurrence before it has a reminder due at `from` or later. */
function earliestWall(lead: Lead, from: number): string {
  const days = "months" in lead ? SHORTEST_MONTH_DAYS : leadDays(lead);
  return floatingWall(Math.min(from + days * DAY_MS - SLACK_MS, LAST_MS));
}

const byPlace = (a: Place, b: Place): number =>
  a.due_at - b.due_at || (a.event_timestamp < b.event_timestamp ? -1 : Number(a.event_timestamp > b.event_timestamp));

const first = (reminders: Iterable<PlannedReminder>): PlannedReminder | null => {
  for (const reminder of reminders) return reminder;
  return null;
};
