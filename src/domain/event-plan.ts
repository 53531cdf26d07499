/** A schedule as an event's tables hold it: written alike by what creates an event and by what changes one. */
import { type SQL, sql } from "drizzle-orm";
import { AppError, type Issue } from "../errors.ts";
import { type Exception, plan, type Schedule } from "./plan.ts";
import { checkRecurrence, occurrencesAmong } from "./recurrence.ts";
import { parseWallTime, placeWallTime, rfc3339 } from "./time.ts";

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * What is wrong with a schedule; `time` and `rule` are the fields that a client reads as the cause. `kept`: exceptions that a client only
 * repeats, and that need not fit.
 */
export function scheduleIssues(
  { event_timestamp, time_zone, recurrence, exceptions }: Schedule,
  { time, rule }: { time: string; rule: string },
  kept: Exception[] = [],
): Issue[] {
  // An instant of the last or the first year can be another year's wall time, and the other way round.
  const inYears = parseWallTime(event_timestamp) !== null && placeWallTime(event_timestamp, time_zone) <= LAST_MS;
  if (!inYears) return [{ path: time, message: "must be in the years 1970 to 9999" }];
  const reason = recurrence === null ? null : checkRecurrence(recurrence, event_timestamp, time_zone);
  if (reason !== null) return [{ path: rule, message: reason }];
  if (recurrence === null) return exceptions.length === 0 ? [] : [{ path: "exceptions", message: "need a recurrence" }];
  const given = occurrencesAmong({ event_timestamp, time_zone, recurrence }, exceptions);
  const said = new Set(kept.map(({ occurrence, moved_to }) => `${occurrence} ${moved_to}`));
  return exceptions.flatMap(({ occurrence, moved_to }, place) =>
    given.has(occurrence) || said.has(`${occurrence} ${moved_to}`)
      ? []
      : [{ path: `exceptions.${place}.occurrence`, message: "is not a time that the recurrence gives" }],
  );
}

/** Where both name the start, and neither says which is meant. */
export const OTHER_THAN_STARTS_AT: Issue = {
  path: "event_timestamp",
  message: "is another time than starts_at in the event's zone",
};

/** Throws `invalid_input` that names them all, if there are any. */
export function refuse(issues: Issue[]): void {
  if (issues.length > 0) throw new AppError("invalid_input", "The request is not valid", { issues });
}

type PlannedColumns = {
  event_timestamp: SQL;
  time_zone: SQL;
  starts_at: SQL;
  recurrence: SQL;
  planned_at: SQL;
  upcoming: SQL;
};

/** `children`: two parts of a WITH, behind a comma, that write leads and exceptions of the event whose `id` the part named `owner` holds. */
export function planned(schedule: Schedule): {
  columns: PlannedColumns;
  children: (owner: SQL) => SQL;
  /** The moment of the first reminder, ms; null where nothing is ahead. */
  first_due_at: number | null;
} {
  const { reminders, upcoming } = plan(schedule);
  const leads = reminders.map(({ lead, fallback, next }) => ({
    lead,
    fallback,
    next_due_at: next && rfc3339(next.due_at),
    next_event_timestamp: next?.event_timestamp ?? null,
    next_starts_at: next && rfc3339(next.starts_at),
  }));
  const ahead = upcoming.map((one) => ({ event_timestamp: one.event_timestamp, starts_at: rfc3339(one.starts_at) }));
  const dues = reminders.flatMap(({ next }) => (next ? [next.due_at] : []));
  const starts_at = placeWallTime(schedule.event_timestamp, schedule.time_zone);
  return {
    columns: {
      event_timestamp: sql`${schedule.event_timestamp}::timestamp`,
      time_zone: sql`${schedule.time_zone}::text`,
      starts_at: sql`${rfc3339(starts_at)}::timestamptz`,
      recurrence: sql`${schedule.recurrence}::text`,
      planned_at: sql`${rfc3339(schedule.planned_at)}::timestamptz`,
      upcoming: sql`${JSON.stringify(ahead)}::jsonb`,
    },
    children: (owner) => sql`
      lead as (
        insert into event_leads (event_id, lead, fallback, next_due_at, next_event_timestamp, next_starts_at)
        select o.id, l.* from ${owner} o, jsonb_to_recordset(${JSON.stringify(leads)}::jsonb)
          as l (lead text, fallback boolean, next_due_at timestamptz, next_event_timestamp timestamp, next_starts_at timestamptz)
      ), exception as (
        insert into event_exceptions (event_id, event_timestamp, moved_to)
        select o.id, x.occurrence, x.moved_to from ${owner} o, jsonb_to_recordset(${JSON.stringify(schedule.exceptions)}::jsonb)
          as x (occurrence timestamp, moved_to timestamp)
      )`,
    first_due_at: dues.length > 0 ? Math.min(...dues) : null,
  };
}
