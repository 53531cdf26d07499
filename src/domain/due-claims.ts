/** What a tick makes of what it found: the due reminders of each lead, written into the ledger by whoever claims the lead first. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, rows } from "../clients/neon.ts";
import { wallOf } from "./access.ts";
import type { DueEvent, WaitingReminder } from "./due.ts";
import { advance, dueReminders, FALLBACK_LEAD, type Occurrence, type PlannedReminder, type Schedule } from "./plan.ts";
import { CLOCKS_APART_MS, EXPIRED_AFTER_MINUTES, SWEEP_AFTER_SECONDS } from "./rules.ts";
import { rfc3339 } from "./time.ts";

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
