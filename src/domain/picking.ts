/**
 * Whom a reminder reaches, and on which channel. A reminder's people are fixed when it is first picked; each gets a row that says why,
 * and a row in event_reminders_logs for the channel, both written before any message is sent. Whatever is to be handed
 * to a channel again (a fallback, a crash's remains) comes through here too, since the words are made here.
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, transactAll } from "../clients/neon.ts";
import { wallOf } from "./access.ts";
import { byKey, isPending } from "./by-key.ts";
import { channelChoice } from "./channels.ts";
import { EXPIRED_AFTER_MINUTES, PEOPLE_A_MESSAGE, SWEEP_AFTER_SECONDS } from "./rules.ts";

/** `tokens`: the queue's ids of the messages, so that one delivered again finds what its first delivery wrote. */
export type Asked = { event_reminders_id: number; after_user_id: number; tokens: string[] };

export type Handed = {
  event_reminders_id: number;
  user_id: number;
  event_reminders_logs_id: number;
  channel: "sms" | "email" | "push";
  /** Where to: E.164, e-mail or endpoint; null where it is gone by now. */
  address: string | null;
  locale: string | null;
  time_zone: string | null;
  bank_url: string | null;
  position: number;
};

/** What a reminder says, and when. Instants in ms. */
export type Reminder = {
  event_reminders_id: number;
  event_id: number;
  event_timestamp: string;
  name: string;
  description: string;
  time_zone: string;
  /** The event's, whose time this is. */
  revision: number;
  starts_at: number;
  send_at: number;
  budget: string | null;
  currency: string | null;
  participants: number;
};

export type Picked = {
  people: Handed[];
  reminders: Reminder[];
  /** Where the limit cut: what is to be asked for again. */
  remaining: { event_reminders_id: number; event_id: number; event_timestamp: string; after_user_id: number }[];
};

const ms = (column: SQL) => sql`(extract(epoch from ${column}) * 1000)::bigint`;

/** Picks, for all the reminders asked for together, up to 2,000 people. One round trip. */
export async function pickPeople(db: Db, asked: Asked[], now: number, limit = PEOPLE_A_MESSAGE): Promise<Picked> {
  const input = sql`asked as (
    select * from jsonb_to_recordset(${JSON.stringify(asked.map((one, ord) => ({ ...one, ord })))}::jsonb)
      as a (ord int, event_reminders_id bigint, after_user_id bigint, tokens uuid[]))`;
  const at = sql`${new Date(now).toISOString()}::timestamptz`;
  const [, people, reminders] = await transactAll(db, fixPeople(input, at), hand(input, at, limit), finish(input, at));
  const seen = people as (Handed | Unhanded)[];
  const facts = reminders as (Reminder & { open: boolean })[];
  const handed = seen.filter((one): one is Handed => one.channel !== null);
  return { people: handed, reminders: facts, remaining: remaining(asked, seen, facts, limit) };
}

/** Looked at, and nothing to be sent: no channel is left, or another consumer was first. The limit counts them too. */
type Unhanded = { event_reminders_id: number; user_id: number; channel: null };

function remaining(
  asked: Asked[],
  people: (Handed | Unhanded)[],
  facts: (Reminder & { open: boolean })[],
  limit: number,
): Picked["remaining"] {
  if (people.length < limit) return [];
  const last = people.at(-1)!;
  const cut = asked.findIndex((one) => one.event_reminders_id === last.event_reminders_id);
  return asked.slice(cut).flatMap((one, index) => {
    const fact = facts.find((f) => f.event_reminders_id === one.event_reminders_id);
    if (!fact) return [];
    const { event_reminders_id, event_id, event_timestamp } = fact;
    return [
      { event_reminders_id, event_id, event_timestamp, after_user_id: index === 0 ? last.user_id : one.after_user_id },
    ];
  });
}

/**
 * The first time a reminder is picked, and again when its event was moved and it was claimed anew: its people, each with the reason, and the figures that shares are made of. A reminder whose event
 * is gone or was moved, or whose hour is past, is settled here, and nobody is picked. What waits in a queue with the words of the former time is put
 * down as moved, and so handed on with new ones; where it is too late for that, its people stay picked until its claim settles it.
 */
const fixPeople = (input: SQL, at: SQL): SQL => sql`
  with ${input}, judged as (
    select er.id, er.event_id, er.user_id, er.participants, e.budget, e.currency,
           case when e.id is null then 'event_deleted'
                when e.revision <> er.revision then 'event_moved'
                when greatest(er.starts_at, er.due_at) + make_interval(mins => ${EXPIRED_AFTER_MINUTES}) <= greatest(er.claimed_at, ${at}) then 'expired' end as verdict
    from event_reminders er left join events e on e.id = er.event_id
    where ${IS_ASKED} and ${isPending("er")}
    order by er.id
    for update of er
  ), person as (
    select j.id, eu.user_id, j.verdict is null and coalesce(eu.muted_until <= ${at}, true) and eu.rsvp is distinct from 'no' as picked,
           coalesce(j.verdict, case when eu.muted_until > ${at} then 'muted' when eu.rsvp = 'no' then 'declined' else 'participant' end) as reason,
           row_number() over (partition by j.id order by eu.user_id) - 1 as position
    from judged j
    join events_users eu on eu.event_id = j.event_id and (j.user_id is null or eu.user_id = j.user_id)
    where j.participants is null and j.verdict is distinct from 'event_moved'
  ), fixed as (
    insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
    select * from person
    on conflict (event_reminders_id, user_id) do update set picked = excluded.picked, reason = excluded.reason, position = excluded.position
    where event_reminders_users.reason <> 'already_reminded' and not exists (
      select from event_reminders_logs l
      where l.event_reminders_id = event_reminders_users.event_reminders_id and l.user_id = event_reminders_users.user_id
        and (l.status = 'sent' or (l.status = 'pending' and excluded.reason in ('expired', 'event_deleted'))))
  ), outdated as (
    update event_reminders_logs l set status = 'suppressed', last_error = 'event_moved', settled_at = ${at}
    from judged j
    where j.participants is null and j.verdict is null and l.event_reminders_id = j.id and ${isPending("l")} and l.lease_until is null
  ), unreached as (
    update event_reminders_users p set picked = false, reason = j.verdict
    from judged j
    where j.participants is not null and j.verdict in ('expired', 'event_deleted') and p.event_reminders_id = j.id and p.picked
      and not exists (select from event_reminders_logs l where l.event_reminders_id = p.event_reminders_id and l.user_id = p.user_id)
  )
  update event_reminders er
  set participants = case when j.verdict = 'event_moved' then er.participants else coalesce(er.participants,
        (select nullif(count(*), 0)::int from events_users eu where eu.event_id = j.event_id and (j.user_id is null or eu.user_id = j.user_id)),
        (select count(*)::int from event_reminders_users p where p.event_reminders_id = er.id)) end,
      budget = coalesce(er.budget, j.budget), currency = coalesce(er.currency, j.currency),
      status = case when j.verdict is null then 'pending' when j.verdict = 'expired' then 'expired' else 'suppressed' end::reminder_status,
      reason = j.verdict, settled_at = case when j.verdict is not null then ${at} end
  from judged j
  where er.id = j.id`;

/**
 * Gives each picked person without a delivery one, and takes up again each delivery that nobody is at. Who is looked at and what is written for them are put
 * together by a group and no join, for which the planner, expecting one row of each, would go through the one for each of the other.
 */
const hand = (input: SQL, at: SQL, limit: number): SQL => sql`
  with ${input}, open as (
    select a.ord, a.tokens, er.id as event_reminders_id, er.due_at, er.send_at, p.user_id, p.position, l.id as log_id,
           greatest(er.send_at, ${at}) + make_interval(secs => ${SWEEP_AFTER_SECONDS}) as sweep_at
    from asked a
    join event_reminders er on er.id = a.event_reminders_id and ${IS_ASKED}
    cross join lateral (
      select p.* from event_reminders_users p where p.event_reminders_id = er.id and p.user_id > a.after_user_id and p.picked offset 0
    ) p
    ${byKey("users", "u", sql`u.id = p.user_id`)}
    ${LATEST}
    where u.id is not null and ${IS_FIXED} and ((l.id is null and er.status = 'pending') or ${isOpen(at)})
    order by a.ord, p.user_id
    limit ${limit}
  ), made as (
    insert into event_reminders_logs (event_reminders_id, user_id, channel, step, device_id, reason, due_at, next_attempt_at, lease_token,
                                      status, last_error, settled_at)
    select o.event_reminders_id, o.user_id, choice.channel::channel, 0, choice.device_id, choice.reason, o.due_at, o.sweep_at, o.tokens[1],
           case when choice.channel = 'none' then 'failed' else 'pending' end::delivery_status,
           case when choice.channel = 'none' then choice.reason end, case when choice.channel = 'none' then ${at} end
    from open o ${byKey("users", "u", sql`u.id = o.user_id`)} cross join lateral ${channelChoice(sql`o.event_reminders_id`)}
    where o.log_id is null
    on conflict (event_reminders_id, user_id, channel, step) do nothing
    returning *
  ), again as (
    update event_reminders_logs l
    set status = 'pending', settled_at = null, last_error = nullif(nullif(l.last_error, 'event_moved'), 'expired'), next_attempt_at = o.sweep_at,
        unknown_outcomes = l.unknown_outcomes + (l.lease_until is not null and l.last_error is null)::int, lease_token = o.tokens[1], lease_until = null
    from open o join event_reminders er on er.id = o.event_reminders_id
    where l.id = o.log_id and ${isOpen(at, sql`o`)}
    returning l.*
  ), handed as (
    select event_reminders_id, user_id, max(ord) as ord, max(position) as position, max(id) as id, max(channel) as channel, max(device_id) as device_id
    from (
      select event_reminders_id, user_id, ord, position, null::bigint as id, null::text as channel, null::bigint as device_id from open
      union all
      select event_reminders_id, user_id, null, null, id, channel::text, device_id
      from (select * from made union all select * from again) h where h.status = 'pending'
    ) one
    group by 1, 2
  )
  select o.event_reminders_id, o.user_id, o.id as event_reminders_logs_id, o.channel,
         case o.channel when 'sms' then u.mobile_number when 'email' then u.email when 'push' then d.device_arn end as address,
         u.locale, u.time_zone, b.url as bank_url, o.position
  from handed o
  ${byKey("users", "u", sql`u.id = o.user_id`)}
  ${byKey("devices", "d", sql`d.id = o.device_id`)}
  ${byKey("organizations", "b", sql`b.id = u.organization_id`)}
  order by o.ord, o.user_id`;

/** As an array, for which the planner looks up each; of a list it may read the table beside it. */
const IS_ASKED = sql.raw("er.id = any(array(select event_reminders_id from asked))");

/** Not so of a reminder that a tick claimed anew between these statements: its people are those of its former time, and its own message picks them. */
const IS_FIXED = sql.raw("(er.status <> 'pending' or er.participants is not null)");

/** The last delivery `l` of a person `p` by a reminder `er`, if there is one. */
const LATEST = sql.raw(`left join lateral (
  select * from event_reminders_logs l
  where l.event_reminders_id = er.id and l.user_id = p.user_id
  order by l.step desc, l.id desc limit 1
) l on true`);

/** A delivery `l` that ended for the time that its reminder had before. */
const IS_AHEAD_AGAIN = sql.raw("(l.status = 'expired' or (l.status = 'suppressed' and l.last_error = 'event_moved'))");

/** A delivery `l` to be handed to its channel: written by this very message, overdue, left by a crash, or ahead again since the event moved. */
const isOpen = (at: SQL, asked: SQL = sql`a`): SQL => sql`(
  (l.status = 'pending' and l.lease_until is null and (l.next_attempt_at <= ${at} or l.lease_token = any(${asked}.tokens)))
  or (l.status = 'pending' and l.lease_until <= ${at})
  or (er.status = 'pending' and ${IS_AHEAD_AGAIN})
)`;

/**
 * A reminder all of whose people have a delivery of its time is picked; the others are looked at again: a message that begins after some of the people
 * hands on none of those before. Answers what the reminders say.
 */
const finish = (input: SQL, at: SQL): SQL => sql`
  with ${input}, state as materialized (
    select er.id, exists (
             select from event_reminders_users p
             ${LATEST}
             ${byKey("users", "u", sql`u.id = p.user_id`)}
             where p.event_reminders_id = er.id and p.picked and (l.id is null or ${IS_AHEAD_AGAIN}) and u.id is not null) as open
    from event_reminders er where ${IS_ASKED} and ${isPending("er")} and ${IS_FIXED}
  ), done as (
    update event_reminders er
    set status = case when o.open then 'pending' else 'picked' end::reminder_status,
        next_attempt_at = ${at} + make_interval(secs => ${SWEEP_AFTER_SECONDS}), settled_at = case when not o.open then ${at} end
    from state o
    where er.id = o.id
    returning er.id
  )
  select er.id as event_reminders_id, er.event_id, ${wallOf(sql`er.event_timestamp`)} as event_timestamp,
         coalesce(e.name, '') as name, coalesce(e.description, '') as description, coalesce(e.time_zone, 'UTC') as time_zone, er.revision,
         ${ms(sql`er.starts_at`)} as starts_at, ${ms(sql`er.send_at`)} as send_at,
         er.budget, er.currency,
         coalesce(er.participants, (select count(*)::int from event_reminders_users p where p.event_reminders_id = er.id)) as participants
  from event_reminders er left join events e on e.id = er.event_id
  where ${IS_ASKED}`;
