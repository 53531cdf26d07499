/**
 * What a tick finds: leads that are due, and what earlier ticks and consumers left behind. Both through partial indexes that hold only
 * what waits, so that a tick costs the same beside ten and a million sleeping events.
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row, rows } from "../clients/neon.ts";
import { rfc3339Of, wallOf } from "./access.ts";
import {
  advance,
  dueReminders,
  type Exception,
  FALLBACK_LEAD,
  type Occurrence,
  type PlannedReminder,
  type Schedule,
} from "./plan.ts";
import {
  CLAIM_AHEAD_MS,
  CLOCKS_APART_MS,
  DUE_A_TURN,
  EXCEPTIONS_A_TURN,
  EXPIRED_AFTER_MINUTES,
  SWEEP_AFTER_SECONDS,
} from "./rules.ts";
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

export type ClaimedLead = {
  id: number;
  event_id: number;
  group_id: number;
  revision: number;
  next_due_at: string;
  following: PlannedReminder | null;
  upcoming: Occurrence[];
  reminders: PlannedReminder[];
};

/** What each due lead of an event has to remind of by `until`, `limit` at the most, and where it goes on. No round trip. */
export function expandDue(event: DueEvent, until: number, now: number, limit: number): ClaimedLead[] {
  const schedule: Schedule = { ...event, planned_at: Date.parse(event.planned_at) };
  const perLead = event.due.map((lead) => {
    const first = { due_at: Date.parse(lead.next_due_at), event_timestamp: lead.next_event_timestamp };
    return { lead, reminders: dueReminders(schedule, lead.lead, lead.fallback, first, until, limit) };
  });
  const last = perLead.flatMap(({ lead, reminders }) => {
    const end = reminders.at(-1);
    return end
      ? [{ lead: lead.lead, fallback: lead.fallback, due_at: end.due_at, event_timestamp: end.event_timestamp }]
      : [];
  });
  const ahead = advance(schedule, last, now);
  return perLead.map(({ lead, reminders }) => ({
    id: lead.id,
    event_id: event.event_id,
    group_id: event.group_id,
    revision: event.revision,
    next_due_at: lead.next_due_at,
    following: ahead.reminders.find((one) => one.lead === lead.lead && one.fallback === lead.fallback)?.next ?? null,
    upcoming: ahead.upcoming,
    reminders,
  }));
}

/** Takes leads out of the schedule that cannot be worked on, so that they do not hold up everybody else's. One round trip. */
export async function parkLeads(db: Db, ids: number[]): Promise<void> {
  await rows(db, sql`update event_leads set next_due_at = null where id = any(${sql.param(ids)}::bigint[])`);
}

/** Of another automatic reminder of the same occurrence as `r`, by whatever name it went then: what was sent, `l`. */
const told = (r: SQL): SQL => sql`
  select from event_reminders o join event_reminders_logs l on l.event_reminders_id = o.id and l.status = 'sent'
  where o.event_id = ${r}.event_id and o.kind = 'automatic' and o.starts_at = ${r}.starts_at
    and (o.event_timestamp, o.reminder) <> (${r}.event_timestamp, ${r}.reminder)`;

/**
 * Writes the due reminders into the ledger and moves their leads on, each only if it still stands where it was found: of two ticks at once, one
 * claims. What is past its hour is settled as expired here, with its people, and wakes nobody; what is newest is handed on first. A reminder whose event
 * was moved and is right again, or that expired and is ahead again, becomes pending again; one that went out is never repeated, also not by one at the occurrence for want of a lead: whom
 * another lead reached is left out of that here, and where that is everybody, it is suppressed. Who was left out for a time at which it does not begin any more is not.
 * Rows that are there already are locked in the order of their ids, as where people are picked.
 * `now` and `clock` are the same moment on the job's and on the machine's clock: `send_at` is the due moment on the machine's. One round trip.
 */
export async function claimDue(db: Db, claims: ClaimedLead[], now: number, clock: number): Promise<WaitingReminder[]> {
  const ahead = now - clock > CLOCKS_APART_MS ? now - clock : 0;
  const sendAt = (due: number) => rfc3339(due - ahead);
  const leads = claims.map(({ reminders: _, following, ...claim }) => ({
    ...claim,
    then_due_at: following && rfc3339(following.due_at),
    then_event_timestamp: following?.event_timestamp ?? null,
    then_starts_at: following && rfc3339(following.starts_at),
    upcoming: claim.upcoming.map((one) => ({
      event_timestamp: one.event_timestamp,
      starts_at: rfc3339(one.starts_at),
    })),
  }));
  const reminders = claims.flatMap((claim) =>
    claim.reminders.map((one) => ({
      lead_id: claim.id,
      event_id: claim.event_id,
      group_id: claim.group_id,
      revision: claim.revision,
      event_timestamp: one.event_timestamp,
      reminder: one.lead,
      due_at: rfc3339(one.due_at),
      starts_at: rfc3339(one.starts_at),
      send_at: sendAt(one.due_at),
    })),
  );
  // The person `p` of a reminder `m` that stands at the occurrence for want of a lead, whom another one reached.
  const silenced = sql`exists (select from moved f join claim c on c.id = f.id where f.fallback and c.event_id = m.event_id and m.reminder = ${FALLBACK_LEAD})
    and exists (${told(sql`m`)} and l.user_id = p.user_id)`;
  return rows<WaitingReminder>(
    db,
    sql`with claim as (
          select * from jsonb_to_recordset(${JSON.stringify(leads)}::jsonb)
            as c (id bigint, event_id bigint, revision int, next_due_at timestamptz, then_due_at timestamptz, then_event_timestamp timestamp, then_starts_at timestamptz, upcoming jsonb)
        ), mine as (
          select l.id from event_leads l join claim c on c.id = l.id join events e on e.id = c.event_id and e.revision = c.revision
          where l.next_due_at = c.next_due_at order by l.id for update of l
        ), moved as (
          update event_leads l set next_due_at = c.then_due_at, next_event_timestamp = c.then_event_timestamp, next_starts_at = c.then_starts_at
          from claim c where l.id = c.id and l.id in (select id from mine)
          returning l.id, l.user_id, l.fallback
        ), ahead as (
          update events e set upcoming = c.upcoming
          from (select distinct on (event_id) event_id, upcoming from claim order by event_id) c
          where e.id = c.event_id and e.upcoming <> c.upcoming and exists (select from moved m join claim o on o.id = m.id where o.event_id = e.id)
        ), made as (
          insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, user_id, due_at, starts_at, revision, claimed_at, send_at, next_attempt_at,
                                       status, reason, settled_at)
          select r.event_id, r.group_id, r.event_timestamp, r.reminder, 'automatic', m.user_id, r.due_at, r.starts_at, r.revision,
                 ${rfc3339(now)}::timestamptz, r.send_at, ${rfc3339(clock)}::timestamptz + make_interval(secs => ${SWEEP_AFTER_SECONDS}),
                 case when r.stale then 'expired' when told.already then 'suppressed' else 'pending' end::reminder_status,
                 case when r.stale then 'expired' when told.already then 'already_reminded' end,
                 case when r.stale or told.already then ${rfc3339(clock)}::timestamptz end
          from (
            select r.*, greatest(r.starts_at, r.due_at) + make_interval(mins => ${EXPIRED_AFTER_MINUTES}) <= ${rfc3339(now)}::timestamptz as stale
            from jsonb_to_recordset(${JSON.stringify(reminders)}::jsonb)
              as r (lead_id bigint, event_id bigint, group_id bigint, revision int, event_timestamp timestamp, reminder text, due_at timestamptz, starts_at timestamptz, send_at timestamptz)
          ) r
          join moved m on m.id = r.lead_id
          cross join lateral (
            select m.fallback and exists (${told(sql`r`)}) and not exists (
              select from events_users p where p.event_id = r.event_id and (m.user_id is null or p.user_id = m.user_id)
                and not exists (${told(sql`r`)} and l.user_id = p.user_id)
            ) as already
          ) told
          left join event_reminders former on (former.event_id, former.event_timestamp, former.reminder, former.kind) = (r.event_id, r.event_timestamp, r.reminder, 'automatic')
            and former.user_id is not distinct from m.user_id
          order by former.id, r.due_at
          on conflict (event_id, event_timestamp, reminder, kind, user_id) do update
            set revision = excluded.revision, due_at = excluded.due_at, starts_at = excluded.starts_at, claimed_at = excluded.claimed_at,
                send_at = excluded.send_at, next_attempt_at = excluded.next_attempt_at,
                status = case when excluded.status = 'suppressed' then excluded.status else 'pending' end,
                reason = case when excluded.status = 'suppressed' then excluded.reason end,
                settled_at = case when excluded.status = 'suppressed' then excluded.settled_at end,
                participants = null, budget = null, currency = null
            where event_reminders.revision < excluded.revision
              and (event_reminders.status <> 'picked' or excluded.status <> 'suppressed')
          returning id, event_id, event_timestamp, reminder, starts_at, user_id, status, reason, send_at
        ), untold as (
          delete from event_reminders_users p using made m
          where p.event_reminders_id = m.id and m.status = 'pending' and p.reason = 'already_reminded' and not (${silenced})
        ), missed as (
          insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
          select m.id, p.user_id, false, coalesce(m.reason, 'already_reminded'), p.position
          from made m cross join lateral (
            select eu.user_id, row_number() over (order by eu.user_id) - 1 as position from events_users eu
            where eu.event_id = m.event_id and (m.user_id is null or eu.user_id = m.user_id)
          ) p
          where m.status <> 'pending' or ${silenced}
          on conflict do nothing
        )
        select id as event_reminders_id, event_id, ${wallOf(sql`event_timestamp`)} as event_timestamp, 0 as after_user_id
        from made where status = 'pending' order by send_at desc`,
  );
}
