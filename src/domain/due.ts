/**
 * What a tick finds: leads that are due, and what earlier ticks and consumers left behind. Both through partial indexes that hold only
 * what waits, so that a tick costs the same beside ten and a million sleeping events.
 */
import { sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
import { rfc3339Of, wallOf } from "./access.ts";
import type { Exception } from "./plan.ts";
import { CLAIM_AHEAD_MS, DUE_A_TURN, EXCEPTIONS_A_TURN, SWEEP_AFTER_SECONDS } from "./rules.ts";
import { rfc3339 } from "./time.ts";

export type DueLead = {
  id: number;
  lead: string;
  fallback: boolean;
  next_due_at: string;
  next_event_timestamp: string;
};

export type DueEvent = {
  event_id: number;
  group_id: number;
  revision: number;
  event_timestamp: string;
  time_zone: string;
  recurrence: string | null;
  exceptions: Exception[];
  leads: string[];
  planned_at: string;
  due: DueLead[];
};

export type WaitingReminder = {
  event_reminders_id: number;
  event_id: number;
  event_timestamp: string;
  after_user_id: number;
};
type WaitingComment = {
  events_comments_id: number;
  event_id: number;
  user_id: number;
  comment: string;
  created_at: string;
};
type WaitingInvitation = {
  group_invitation_logs_id: number;
  group_id: number;
  user_id: number | null;
  email: string | null;
  created_at: string;
};

export type Found = {
  events: DueEvent[];
  /** Reminders with people or deliveries that nobody is at. */
  reminders: WaitingReminder[];
  comments: WaitingComment[];
  invitations: WaitingInvitation[];
  /** Whether any of the lists was cut. */
  more: boolean;
};

/**
 * Everything that waits at `now`, the job's; `clock` is the machine's, by which leases run. A swept delivery is marked as due on the machine's clock, by
 * which its consumer judges; the others are put off while they are worked on. One round trip.
 */
export async function findDue(db: Db, job: string | null, now: number, clock: number): Promise<Found> {
  const at = sql`${rfc3339(now)}::timestamptz`;
  const later = sql`${rfc3339(clock)}::timestamptz + make_interval(secs => ${SWEEP_AFTER_SECONDS})`;
  return row<Found>(
    db,
    sql`with run as (
          insert into schedule_runs (job, ran_at, now_at) select ${job}, ${rfc3339(clock)}::timestamptz, ${at} where ${job}::text is not null
          on conflict (job) do update set ran_at = excluded.ran_at, now_at = excluded.now_at
        ), near as (
          select l.id, l.event_id, l.lead, l.fallback, l.next_due_at, l.next_event_timestamp
          from event_leads l
          where l.next_due_at <= ${at} + make_interval(secs => ${CLAIM_AHEAD_MS / 1000})
          order by l.next_due_at limit ${DUE_A_TURN + 1}
        ), lead as (
          select w.* from (
            select n.*, row_number() over (order by n.next_due_at, n.id) as place, sum((select count(*) from event_exceptions x where x.event_id = n.event_id))
                          over (order by n.next_due_at, n.id rows between unbounded preceding and 1 preceding) as exceptions_before
            from near n
          ) w
          where w.place <= ${DUE_A_TURN} and coalesce(w.exceptions_before, 0) < ${EXCEPTIONS_A_TURN}
        ), due as (
          select e.id as event_id, e.group_id, e.revision, ${wallOf(sql`e.event_timestamp`)} as event_timestamp, e.time_zone, e.recurrence,
                 ${rfc3339Of(sql`e.planned_at`)} as planned_at,
                 (select coalesce(json_agg(json_build_object('occurrence', ${wallOf(sql`x.event_timestamp`)}, 'moved_to', ${wallOf(sql`x.moved_to`)})), '[]')
                  from event_exceptions x where x.event_id = e.id) as exceptions,
                 (select json_agg(a.lead) from event_leads a where a.event_id = e.id and not a.fallback and a.user_id is null) as leads,
                 json_agg(json_build_object('id', l.id, 'lead', l.lead, 'fallback', l.fallback, 'next_due_at', ${rfc3339Of(sql`l.next_due_at`)},
                                            'next_event_timestamp', ${wallOf(sql`l.next_event_timestamp`)})) as due
          from lead l join events e on e.id = l.event_id
          group by e.id
        ), stale_reminder as (
          update event_reminders er set next_attempt_at = ${later}
          where er.id in (select id from event_reminders where status = 'pending' and next_attempt_at <= ${at} and next_attempt_at <> ${later}
                          order by next_attempt_at limit ${DUE_A_TURN} for update skip locked)
          returning er.id, 0::bigint as after_user_id
        ), stale_delivery as (
          update event_reminders_logs l set next_attempt_at = ${rfc3339(clock)}::timestamptz
          where l.id in (select id from event_reminders_logs
                         where status = 'pending' and next_attempt_at <= ${at} and next_attempt_at <> ${rfc3339(clock)}::timestamptz and (lease_until is null or lease_until <= ${rfc3339(clock)}::timestamptz)
                         order by next_attempt_at limit ${DUE_A_TURN} for update skip locked)
          returning l.event_reminders_id as id, l.user_id
        ), stale as (
          select s.id, min(s.after_user_id) as after_user_id
          from (select id, after_user_id from stale_reminder union all select id, user_id - 1 from stale_delivery) s group by 1
        ), comment as (
          update events_comments c set next_attempt_at = case when c.user_id is not null then ${later} end
          where c.id in (select id from events_comments where next_attempt_at <= ${at}
                         order by next_attempt_at limit ${DUE_A_TURN} for update skip locked)
          returning c.*
        ), invitation as (
          update group_invitation_logs i set next_attempt_at = ${later}
          where i.id in (select id from group_invitation_logs where delivery_status = 'pending' and status = 'open' and next_attempt_at <= ${at}
                         and (lease_until is null or lease_until <= ${rfc3339(clock)}::timestamptz)
                         order by next_attempt_at limit ${DUE_A_TURN} for update skip locked)
          returning i.*
        )
        select (select coalesce(json_agg(d), '[]') from due d) as events,
               (select coalesce(json_agg(json_build_object('event_reminders_id', er.id, 'event_id', er.event_id,
                                'event_timestamp', ${wallOf(sql`er.event_timestamp`)}, 'after_user_id', s.after_user_id)), '[]')
                from stale s join event_reminders er on er.id = s.id) as reminders,
               (select coalesce(json_agg(json_build_object('events_comments_id', c.id, 'event_id', c.event_id, 'user_id', c.user_id, 'comment', c.comment,
                                'created_at', ${rfc3339Of(sql`c.created_at`)})), '[]') from comment c where c.user_id is not null) as comments,
               (select coalesce(json_agg(json_build_object('group_invitation_logs_id', i.id, 'group_id', i.group_id, 'user_id', i.user_id, 'email', i.email,
                                'created_at', ${rfc3339Of(sql`i.created_at`)})), '[]') from invitation i) as invitations,
               greatest((select count(*) from stale_reminder), (select count(*) from stale_delivery)) >= ${DUE_A_TURN}
                 or (select count(*) from lead) < (select count(*) from near) as more`,
  );
}
