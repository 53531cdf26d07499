/** Events: planned by moderators, seen by those who take part and by those who look after the group. */
import { sql } from "drizzle-orm";
import { type Db, sqlState } from "../clients/neon.ts";
import { AppError, conflict, forbidden, type Issue, notFound } from "../errors.ts";
import { type Caller, me, type Role, rowAs, wallOf } from "./access.ts";
import { planned, refuse } from "./event-plan.ts";
import type { Schedule } from "./plan.ts";
import type { Period } from "./recurrence.ts";
import { SWEEP_AFTER_SECONDS } from "./rules.ts";
import { rfc3339 } from "./time.ts";

export type NewEvent = {
  group_id: number;
  name: string;
  description: string;
  schedule: Schedule;
  schedule_period: Period;
  /** Exact, in `currency`; null where there is none. */
  budget: string | null;
  currency: string;
  /** Null: every member at this moment. */
  users: number[] | null;
};

/** The moment of the first reminder, ms; null where nothing is ahead. */
export type Created = { id: number; first_due_at: number | null };

/**
 * Creates an event, its reminders and its participants. `zone` is what the schedule was planned in where the input named none: the
 * caller's own zone, else `otherwise`. Where the caller's is another, nothing is written and `eventIn` gets the right zone. One round trip, two
 * then. Throws `not_found` (a stranger to the group), `forbidden`, `invalid_input` at `users.N`.
 */
export async function createEvent(
  db: Db,
  caller: Caller,
  eventIn: (zone: string) => NewEvent,
  zone: { explicit: boolean; assumed: string; otherwise: string },
): Promise<Created> {
  let event: NewEvent;
  try {
    event = eventIn(zone.assumed);
  } catch (refusal) {
    // What is wrong in the assumed zone may be right in the caller's: an instant there can be another day.
    const own = zone.explicit ? zone.assumed : await zoneOf(db, caller, zone.otherwise);
    if (own === zone.assumed) throw refusal;
    return created(await insertEvent(db, caller, eventIn(own), { ...zone, assumed: own }));
  }
  const first = await insertEvent(db, caller, event, zone);
  if (first.time_zone === zone.assumed || zone.explicit) return created(first);
  return created(await insertEvent(db, caller, eventIn(first.time_zone), { ...zone, assumed: first.time_zone }));
}

const zoneOf = async (db: Db, caller: Caller, otherwise: string): Promise<string> => {
  const zone = sql`with ${me(caller)} select (select id from me) as caller, (select time_zone from me) as time_zone`;
  return (await rowAs<{ time_zone: string | null }>(db, zone)).time_zone ?? otherwise;
};

type Inserted = {
  id: number | null;
  role: Role | null;
  time_zone: string;
  strangers: number[];
  first_due_at: number | null;
};

function created({ id, role, strangers, first_due_at }: Inserted): Created {
  if (role === null) throw notFound("group");
  refuse(strangers.map(noMember));
  if (role === "standard") throw forbidden("Only moderators and admins plan events");
  if (id === null) throw conflict("Your time zone changed meanwhile");
  return { id, first_due_at };
}

/** About the participant at a place of the input's list. */
export const noMember = (place: number): Issue => ({ path: `users.${place}`, message: "is not a member of the group" });

/** A member, or the whole group, left between the look and the write: the foreign key saw it, and another look sees it too. */
export const leftMeanwhile = (error: unknown): boolean => sqlState(error) === "23503";

/** As many as members may leave one after another while an event is made for all of them. */
const LOOKS = 10;

async function insertEvent(...given: Parameters<typeof insertOnce>): Promise<Inserted> {
  for (let look = 1; look <= LOOKS; look++) {
    try {
      return await insertOnce(...given);
    } catch (error) {
      if (!leftMeanwhile(error)) throw error;
    }
  }
  throw conflict("The group's members are changing");
}

async function insertOnce(
  db: Db,
  caller: Caller,
  event: NewEvent,
  zone: { explicit: boolean; assumed: string; otherwise: string },
): Promise<Inserted> {
  const { schedule } = event;
  const { columns, children, first_due_at } = planned(schedule);
  const users = sql`${event.users && sql.param(event.users)}::bigint[]`;
  const answer = await rowAs<Omit<Inserted, "first_due_at">>(
    db,
    sql`with ${me(caller)}, zone as (
            select coalesce((select time_zone from me), ${zone.otherwise}) as time_zone
          ), member as (
            select gm.status from group_members gm join me on gm.user_id = me.id where gm.group_id = ${event.group_id}
          ), stranger as (
            select (l.place - 1)::int as n from unnest(${users}) with ordinality l (user_id, place)
            where not exists (select from group_members gm where gm.group_id = ${event.group_id} and gm.user_id = l.user_id)
          ), made as (
            insert into events (group_id, created_by, name, description, event_timestamp, time_zone, starts_at, recurrence, schedule_period,
                                is_budget, budget, currency, planned_at, upcoming)
            select ${event.group_id}::bigint, me.id, ${event.name}, ${event.description}, ${columns.event_timestamp}, ${columns.time_zone},
                   ${columns.starts_at}, ${columns.recurrence}, ${event.schedule_period}::schedule_period,
                   ${event.budget !== null}::boolean, ${event.budget}::numeric, ${event.currency}, ${columns.planned_at}, ${columns.upcoming}
            from me, member, zone
            where member.status <> 'standard' and not exists (select from stranger) and (${zone.explicit}::boolean or zone.time_zone = ${zone.assumed})
            returning id, group_id
          ), people as (
            insert into events_users (event_id, user_id, group_id)
            select made.id, gm.user_id, made.group_id from made join group_members gm on gm.group_id = made.group_id
            where ${users} is null or gm.user_id = any(${users})
          ), ${children(sql`made`)}
          select (select id from me) as caller, (select status from member) as role, (select time_zone from zone) as time_zone,
                 (select id from made) as id, (select coalesce(json_agg(n order by n), '[]') from stranger) as strangers`,
  );
  return { ...answer, first_due_at };
}

export const NOTIFY_AGAIN_AFTER_HOURS = 24;

export type Notified = { event_reminders_id: number; event_id: number; event_timestamp: string };

/**
 * Asks for a reminder now, of the next occurrence or else of the last one; once in 24 hours an event. One round trip. Throws `not_found`,
 * `forbidden`, `rate_limited` with the seconds until it is allowed again.
 */
export async function notifyEvent(db: Db, caller: Caller, event_id: number, now: number): Promise<Notified> {
  // Nothing written and nothing in the way: somebody changed the event while this waited for it, and another look tells what is.
  for (let look = 1; look <= LOOKS; look++) {
    const { role, occurs, wait_seconds, id, event_timestamp } = await askOnce(db, caller, event_id, now);
    if (role === null) throw notFound("event");
    if (role !== "admin") throw forbidden("Only admins send reminders");
    if (!occurs) throw conflict("This event never takes place: every occurrence is skipped");
    if (id !== null && event_timestamp !== null) return { event_reminders_id: id, event_id, event_timestamp };
    if (wait_seconds !== null && wait_seconds > 0) {
      const retryAfter = Math.max(1, Math.ceil(wait_seconds));
      const allowed = rfc3339(now + retryAfter * 1000);
      throw new AppError("rate_limited", `This event was notified less than 24 hours ago; again from ${allowed}`, {
        retryAfter,
      });
    }
  }
  throw conflict("The event was changed by others at the same time");
}

type Asked = {
  role: Role | null;
  occurs: boolean;
  /** Until it is allowed again; null where it never was notified. */
  wait_seconds: number | null;
  id: number | null;
  event_timestamp: string | null;
};

function askOnce(db: Db, caller: Caller, event_id: number, now: number): Promise<Asked> {
  const at = sql`${rfc3339(now)}::timestamptz`;
  return rowAs<Asked>(
    db,
    sql`with ${me(caller)}, event as (
          select e.id, e.group_id, e.revision, e.upcoming, e.notified_at, gm.status as role
          from events e join me on true join group_members gm on gm.group_id = e.group_id and gm.user_id = me.id
          where e.id = ${event_id}
        ), occurrence as (
          select (o ->> 'event_timestamp')::timestamp as event_timestamp, (o ->> 'starts_at')::timestamptz as starts_at
          from event, jsonb_array_elements(event.upcoming) o
          order by (o ->> 'starts_at')::timestamptz > ${at} desc,
                   case when (o ->> 'starts_at')::timestamptz > ${at} then (o ->> 'starts_at')::timestamptz end,
                   (o ->> 'starts_at')::timestamptz desc
          limit 1
        ), asked as (
          update events e set notified_at = ${at} from event
          where e.id = event.id and event.role = 'admin' and exists (select from occurrence)
            and (e.notified_at is null or e.notified_at <= ${at} - make_interval(hours => ${NOTIFY_AGAIN_AFTER_HOURS}))
          returning e.id, e.group_id, e.revision
        ), made as (
          insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, next_attempt_at)
          select a.id, a.group_id, o.event_timestamp, ${rfc3339(now)}, 'manual', ${at}, o.starts_at, a.revision, ${at}, ${at},
                 ${at} + make_interval(secs => ${SWEEP_AFTER_SECONDS})
          from asked a, occurrence o
          returning id, event_timestamp
        )
        select (select id from me) as caller, (select role from event) as role, (select id from made) as id, exists (select from occurrence) as occurs,
               (select ${wallOf(sql`event_timestamp`)} from made) as event_timestamp,
               (select extract(epoch from notified_at + make_interval(hours => ${NOTIFY_AGAIN_AFTER_HOURS}) - ${at})::float8 from event) as wait_seconds`,
  );
}
