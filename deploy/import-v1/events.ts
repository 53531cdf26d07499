/** Events of a first Torium, planned anew from now on, with who takes part and what was said. */
import { scheduleIssues } from "../../src/domain/event-plan.ts";
import { plan, type Schedule } from "../../src/domain/plan.ts";
import { legacyRecurrence, onceLead } from "../../src/domain/recurrence.ts";
import { parseWallTime, placeWallTime, rfc3339 } from "../../src/domain/time.ts";
import type { Row } from "./dump.ts";
import type { Made } from "./groups.ts";
import type { Import } from "./import.ts";
import { amountOf, idOf, instantOf, isTrue, periodOf } from "./values.ts";

const NAMELESS = "…";

type Planned = { event: { id: number; group_id: number }; leads: object[] };

export async function importEvents(run: Import, people: Map<number, number>, groups: Made): Promise<void> {
  const fresh = await run.fresh("events");
  const planned: Planned[] = [];
  for (const [id, row] of fresh) {
    const one = planEvent(run, id, row, groups);
    if (one) planned.push(one);
  }
  const events = planned.map(({ event }) => event);
  await run.insert(
    "events",
    `id bigint, group_id bigint, name text, description text, event_timestamp timestamp, time_zone text, starts_at timestamptz, recurrence text,
     schedule_period schedule_period, is_budget boolean, budget numeric, currency text, planned_at timestamptz, upcoming jsonb, created_at timestamptz, revision integer`,
    events,
  );
  await run.insert(
    "event_leads",
    "event_id bigint, lead text, fallback boolean, next_due_at timestamptz, next_event_timestamp timestamp, next_starts_at timestamptz",
    planned.flatMap(({ leads }) => leads),
  );
  const groupOf = new Map(events.map(({ id, group_id }) => [id, group_id]));
  await importParticipants(run, people, groups, groupOf);
  await importComments(run, people, groupOf);
}

function planEvent(run: Import, id: number, row: Row, groups: Made): Planned | null {
  const { values } = row;
  const group_id = idOf(values.group_id);
  const event_timestamp = parseWallTime(values.event_timestamp ?? "");
  const period = periodOf(values.schedule_period);
  if (group_id === null || !groups.has(group_id)) {
    const known = group_id !== null && run.wasHere("groups", group_id);
    return run.skip(
      "events",
      row,
      known ? `group ${group_id} was here before` : `group ${values.group_id} is not there`,
    );
  }
  if (event_timestamp === null) return run.skip("events", row, "has no time");
  if (period === null) return run.skip("events", row, "has no schedule_period");
  const recurrence = values.reminder === "periodical" ? legacyRecurrence(period, event_timestamp) : null;
  const leads = [recurrence === null ? onceLead(period) : "0"];
  const schedule: Schedule = {
    event_timestamp,
    time_zone: run.timeZone,
    recurrence,
    exceptions: [],
    leads,
    planned_at: run.now,
  };
  const [issue] = scheduleIssues(schedule, { time: "event_timestamp", rule: "schedule_period" });
  if (issue) return run.skip("events", row, `${issue.path} ${issue.message}`);

  const budget = isTrue(values.is_budget) ? amountOf(values.budget) : null;
  if (isTrue(values.is_budget) && budget === null) run.note("events", row, "its budget is no amount: it has none");
  if (!values.name?.trim()) run.note("events", row, `has no name: is called ${NAMELESS}`);
  const { reminders, upcoming } = plan(schedule);
  const ahead = upcoming.map((one) => ({ event_timestamp: one.event_timestamp, starts_at: rfc3339(one.starts_at) }));
  return {
    event: {
      id,
      group_id,
      name: values.name?.trim() || NAMELESS,
      description: values.description ?? "",
      event_timestamp,
      time_zone: run.timeZone,
      starts_at: rfc3339(placeWallTime(event_timestamp, run.timeZone)),
      recurrence,
      schedule_period: period,
      is_budget: budget !== null,
      budget,
      currency: "PLN",
      planned_at: rfc3339(run.now),
      upcoming: ahead,
      created_at: rfc3339(instantOf(values.timestamp, run.timeZone) ?? run.now),
      revision: 1,
    } as Planned["event"],
    leads: reminders.map(({ lead, fallback, next }) => ({
      event_id: id,
      lead,
      fallback,
      next_due_at: next && rfc3339(next.due_at),
      next_event_timestamp: next?.event_timestamp ?? null,
      next_starts_at: next && rfc3339(next.starts_at),
    })),
  };
}

async function importParticipants(
  run: Import,
  people: Map<number, number>,
  groups: Made,
  groupOf: Map<number, number>,
): Promise<void> {
  const seen = new Set<string>();
  const participants: object[] = [];
  for (const row of run.dump.rows.events_users) {
    const event_id = idOf(row.values.event_id);
    const group_id = groupOf.get(event_id ?? 0);
    const user_id = people.get(idOf(row.values.user_id) ?? 0);
    const key = `${event_id} ${user_id}`;
    if (event_id !== null && run.wasHere("events", event_id)) run.same("events_users");
    else if (group_id === undefined) run.skip("events_users", row, `event ${row.values.event_id} is not there`);
    else if (user_id === undefined) run.skip("events_users", row, `user ${row.values.user_id} is not there`);
    else if (!groups.get(group_id)!.has(user_id))
      run.skip("events_users", row, `${user_id} is not in group ${group_id}`);
    else if (seen.has(key)) run.skip("events_users", row, `${user_id} takes part in event ${event_id} twice`);
    else {
      seen.add(key);
      participants.push({
        event_id,
        user_id,
        group_id,
        added_at: rfc3339(instantOf(row.values.timestamp, run.timeZone) ?? run.now),
      });
    }
  }
  await run.insert(
    "events_users",
    "event_id bigint, user_id bigint, group_id bigint, added_at timestamptz",
    participants,
  );
}

/** `handed_on_at` is set, so that nobody is told of it again. */
async function importComments(run: Import, people: Map<number, number>, groupOf: Map<number, number>): Promise<void> {
  const fresh = await run.fresh("events_comments");
  const comments: object[] = [];
  for (const [id, row] of fresh) {
    const event_id = idOf(row.values.event_id);
    const user_id = people.get(idOf(row.values.user_id) ?? 0);
    if (event_id !== null && run.wasHere("events", event_id)) run.same("events_comments");
    else if (event_id === null || !groupOf.has(event_id))
      run.skip("events_comments", row, `event ${row.values.event_id} is not there`);
    else if (user_id === undefined) run.skip("events_comments", row, `user ${row.values.user_id} is not there`);
    else if (!row.values.comment?.trim()) run.skip("events_comments", row, "says nothing");
    else {
      const created_at = rfc3339(instantOf(row.values.timestamp, run.timeZone) ?? run.now);
      comments.push({ id, event_id, user_id, comment: row.values.comment, created_at, handed_on_at: created_at });
    }
  }
  await run.insert(
    "events_comments",
    "id bigint, event_id bigint, user_id bigint, comment text, created_at timestamptz, handed_on_at timestamptz",
    comments,
  );
}
