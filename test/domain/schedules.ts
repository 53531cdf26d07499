/** Schedules for tests of the planner, and what they give in a few words. */
import { nextReminder, type PlannedReminder, type Schedule } from "../../src/domain/plan.ts";
import { rfc3339 } from "../../src/domain/time.ts";

export const at = (text: string) => Date.parse(text);
export const START = "2027-03-01 09:00:00";
export const EVE = at("2027-02-01T00:00:00Z");

export const schedule = (with_: Partial<Schedule>): Schedule => ({
  event_timestamp: START,
  time_zone: "Europe/Warsaw",
  recurrence: null,
  exceptions: [],
  leads: ["0"],
  planned_at: EVE,
  ...with_,
});
export const skipped = (occurrence: string) => ({ occurrence, moved_to: null });
export const moved = (occurrence: string, moved_to: string) => ({ occurrence, moved_to });

/** `<due> <name>`, in UTC and without what all share. */
export const told = (reminder: PlannedReminder | null) =>
  reminder && `${rfc3339(reminder.due_at).slice(0, 16)} ${reminder.event_timestamp.slice(0, 10)}`;
export const short = (occurrence: { event_timestamp: string; starts_at: number }) =>
  `${occurrence.event_timestamp.slice(5, 10)} at ${rfc3339(occurrence.starts_at).slice(5, 16)}`;

/** The first reminders of a lead. */
export function reminders(of: Schedule, lead: string, count: number, fallback = false): (string | null)[] {
  const list: (string | null)[] = [];
  let next = nextReminder(of, lead, fallback, null);
  for (; next !== null && list.length < count; next = nextReminder(of, lead, fallback, next)) list.push(told(next));
  return list;
}
