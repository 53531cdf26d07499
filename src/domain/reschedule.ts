/** What a change of an event makes of its schedule. An absent field keeps its value. Pure; reads no clock. */
import type { Issue } from "../errors.ts";
import { OTHER_THAN_STARTS_AT, scheduleIssues } from "./event-plan.ts";
import { distinctLeads, type Exception, type Schedule } from "./plan.ts";
import { legacyRecurrence, nearestPeriod, occurrencesAmong, onceLead, type Period, type Series } from "./recurrence.ts";
import { placeWallTime, wallTimeAt } from "./time.ts";

export type ScheduleChange = {
  event_timestamp?: string | undefined;
  /** ms; beside `event_timestamp` it means the same time, or one of the two repeats what is stored. */
  starts_at?: number | undefined;
  time_zone?: string | undefined;
  reminder?: "once" | "periodical" | undefined;
  schedule_period?: Period | undefined;
  recurrence?: string | null | undefined;
  exceptions?: Exception[] | undefined;
  leads?: string[] | undefined;
};

export type StoredSchedule = Omit<Schedule, "planned_at"> & { schedule_period: Period };

/** `schedule` null: the change says what is already so. */
type Rescheduled = { schedule: (Schedule & { schedule_period: Period }) | null; issues: Issue[] };

export function reschedule(stored: StoredSchedule, change: ScheduleChange, now: number): Rescheduled {
  const time_zone = change.time_zone ?? stored.time_zone;
  const start = startOf(stored, change, time_zone);
  if (start === null) return { schedule: null, issues: [OTHER_THAN_STARTS_AT] };
  const { event_timestamp, time } = start;
  const recurrence = recurrenceOf(stored, change, event_timestamp);
  const asked =
    change.leads ?? (saysOtherPeriod(stored, change) ? legacyLeads(stored, change, recurrence) : stored.leads);
  // The ledger knows a reminder by its lead's spelling: one that is only spelled anew would go out again.
  const leads = distinctLeads(asked, stored.leads);
  const series = { event_timestamp, time_zone, recurrence };
  const said = change.exceptions ?? (recurrence === null ? [] : stored.exceptions);
  if (isSame(stored, { ...series, exceptions: said, leads })) return { schedule: null, issues: [] };

  const schedule = { ...series, exceptions: said, leads, planned_at: now };
  const fields = { time, rule: change.recurrence === undefined ? time : "recurrence" };
  const issues = scheduleIssues(schedule, fields, stored.exceptions);
  if (issues.length > 0) return { schedule: null, issues };
  const exceptions = followed(said, series);
  return { schedule: { ...schedule, exceptions, schedule_period: nearestPeriod(schedule) }, issues };
}

/** The start and the field that it comes from. Where both fields are there, the one that does not repeat what is stored; null where they contradict. */
function startOf(
  stored: StoredSchedule,
  { event_timestamp, starts_at, time_zone }: ScheduleChange,
  zone: string,
): { event_timestamp: string; time: keyof ScheduleChange } | null {
  const byWall = { event_timestamp: event_timestamp ?? stored.event_timestamp, time: "event_timestamp" } as const;
  if (starts_at === undefined) {
    return event_timestamp === undefined && time_zone !== undefined ? { ...byWall, time: "time_zone" } : byWall;
  }
  const byInstant = { event_timestamp: wallTimeAt(starts_at, zone), time: "starts_at" } as const;
  if (event_timestamp === undefined) return byInstant;
  const stands = placeWallTime(stored.event_timestamp, stored.time_zone);
  if (Math.floor(starts_at / 1000) * 1000 === stands) return byWall;
  return event_timestamp === stored.event_timestamp || event_timestamp === byInstant.event_timestamp ? byInstant : null;
}

/**
 * The exceptions of a series that has changed. A day that was skipped or moved stays so at the new time of day: whoever puts a weekly dinner
 * half an hour later, in an app that knows no exceptions, does not call back the one that was cancelled. What names no day of the series any more goes
 * silently: it was said about another series, and nobody could be asked.
 */
function followed(exceptions: Exception[], series: Series): Exception[] {
  const time = series.event_timestamp.slice(11);
  const sameDay = exceptions.map((one) => ({ ...one, occurrence: `${one.occurrence.slice(0, 10)} ${time}` }));
  const given = occurrencesAmong(series, [...exceptions, ...sameDay]);
  // What is named as it stands goes before what only falls on its day.
  const byName = new Map<string, Exception>();
  for (const one of [...exceptions, ...sameDay])
    if (given.has(one.occurrence) && !byName.has(one.occurrence)) byName.set(one.occurrence, one);
  return [...byName.values()];
}

const reminderOf = ({ recurrence }: StoredSchedule) => (recurrence === null ? "once" : "periodical");

/**
 * Whether the first app's two fields ask for something else than they were answered with. Where they only repeat it, what newer clients
 * set stays; where a newer client names the recurrence itself, they say nothing.
 */
function saysOtherPeriod(stored: StoredSchedule, change: ScheduleChange): boolean {
  if (change.recurrence !== undefined) return false;
  const otherReminder = change.reminder !== undefined && change.reminder !== reminderOf(stored);
  return otherReminder || (change.schedule_period !== undefined && change.schedule_period !== stored.schedule_period);
}

function recurrenceOf(stored: StoredSchedule, change: ScheduleChange, start: string): string | null {
  if (change.recurrence !== undefined) return change.recurrence;
  if (saysOtherPeriod(stored, change)) {
    const recurs = (change.reminder ?? reminderOf(stored)) === "periodical";
    return recurs ? legacyRecurrence(change.schedule_period ?? stored.schedule_period, start) : null;
  }
  // A period of the first app follows the start: monthly from the 31st on is another rule than from the 15th on.
  const legacy = legacyRecurrence(stored.schedule_period, stored.event_timestamp);
  return stored.recurrence === legacy ? legacyRecurrence(stored.schedule_period, start) : stored.recurrence;
}

const legacyLeads = (stored: StoredSchedule, change: ScheduleChange, recurrence: string | null): string[] =>
  recurrence === null ? [onceLead(change.schedule_period ?? stored.schedule_period)] : ["0"];

function isSame(stored: StoredSchedule, schedule: Omit<Schedule, "planned_at">): boolean {
  const shown = ({ event_timestamp, time_zone, recurrence, exceptions, leads }: Omit<Schedule, "planned_at">) =>
    JSON.stringify([
      event_timestamp,
      time_zone,
      recurrence,
      exceptions.map(({ occurrence, moved_to }) => `${occurrence} ${moved_to}`).sort(),
      [...leads].sort(),
    ]);
  return shown(stored) === shown(schedule);
}
