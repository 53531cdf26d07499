/**
 * A person erases themself. Groups, events and comments stay without their name, and so does the ledger, which knows them by a number; what others share
 * never stops an erasure. All of it is one transaction, and with it is written down what is left to do outside the database (`erasure-remains.ts`).
 */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { type Caller, me, transactAs } from "./access.ts";
import { forgetInLetters, mentions, mentionsOfPerson } from "./dead-letters.ts";
import { OUTSIDE_AGAIN_AFTER_MINUTES, type Outside, settleOfGone } from "./erasure-remains.ts";

/** The limit of phone codes for one number counts them for as long, whoever asked. */
const NUMBER_COUNTED_HOURS = 24;

/** The pool's user and then so many devices; who has more of them waits for the night with the others. */
const OUTSIDE_A_REQUEST = 20;

/**
 * Erases the caller, and answers what SNS and the pool are to be told. An address that bounced, complained or opted out stays suppressed, by itself: it
 * is the record that nobody there wants to be written to, or can be. One that they only unsubscribed goes with them, as their other wishes do. One round trip.
 */
export async function eraseCaller(db: Db, caller: Caller, now: number): Promise<Outside[]> {
  const sub = caller.cognito_user_id;
  const at = sql`${new Date(now).toISOString()}::timestamptz`;
  const self = sql`(select id from users where cognito_user_id = ${sub} and confirmed_at is not null)`;
  const email = sql`(select email from users where id = ${self})`;
  const mine = sql`(select group_id from group_members where user_id = ${self} union select id from groups where admin_id = ${self})`;
  const { outside } = await transactAs<{ outside: Outside[] }>(
    db,
    ...lockAll(sub, self, email, mine),
    settleOfGone(sql`array[${self}]`, at),
    forgetInLetters(
      mentions(sql`
        select email from users where id = ${self} union all select mobile_number from users where id = ${self}
        union all select ${sub}::text union all select device_arn from devices where user_id = ${self}`),
      mentionsOfPerson(sql`select ${self}`),
    ),
    handOnGroups(self, mine, at),
    sql`delete from groups g where g.id in ${mine} and not exists (select from group_members o where o.group_id = g.id and o.user_id <> ${self})`,
    sql`delete from group_invitation_logs where user_id = ${self} or email = ${email} or (invited_by = ${self} and status = 'open')`,
    sql`delete from suppressed_addresses where channel = 'email' and address = ${email} and reason = 'unsubscribed'`,
    // Without a name: or erasing oneself would give a number's codes of the day back.
    sql`update phone_verifications set user_id = null, code_hmac = ''
        where user_id = ${self} and created_at > ${at} - make_interval(hours => ${NUMBER_COUNTED_HOURS})`,
    sql`with ${me(caller)}, refused as (
          insert into erased_people (cognito_user_id_sha256, erased_at)
          select encode(sha256(convert_to(${sub}, 'UTF8')), 'hex'), ${at} from me on conflict do nothing
        ), noted as (
          insert into pending_erasures (kind, target, next_attempt_at, created_at)
          select o.kind::erasure_kind, o.target, case when o.kind = 'traces' then ${at} else ${at} + make_interval(mins => ${OUTSIDE_AGAIN_AFTER_MINUTES}) end, ${at}
          from me cross join lateral (
            select 'pool_user' as kind, ${caller.pool_username ?? sub}::text as target
            union all select distinct 'endpoint', d.device_arn from devices d where d.user_id = me.id
            union all select 'traces', me.id::text
          ) o
          on conflict (kind, target) do update set next_attempt_at = excluded.next_attempt_at
          returning id, kind, target
        ), gone as (
          delete from users u using me where u.id = me.id
        )
        select (select id from me) as caller,
               (select coalesce(json_agg(n order by n.id), '[]')
                from (select * from noted where kind <> 'traces' order by id limit ${OUTSIDE_A_REQUEST}) n) as outside`,
  );
  return outside;
}

/**
 * In the order in which others lock: the person for what they do themself, groups, then what hangs on them. The person's row wholly only at the end,
 * since whoever holds one of the groups may be about to name them as its owner.
 */
function lockAll(sub: string, self: SQL, email: SQL, mine: SQL): [SQL, ...SQL[]] {
  const emptied = sql`(select g.id from groups g where g.id in ${mine} and not exists (
    select from group_members o where o.group_id = g.id and o.user_id <> ${self}))`;
  // One query each, since no index serves both sides of an OR.
  const events = sql`(select id from events where created_by = ${self} union select id from events where group_id in ${emptied})`;
  const comments = sql`(select id from events_comments where user_id = ${self}
    union select c.id from events_comments c join events e on e.id = c.event_id where e.group_id in ${emptied})`;
  const invitations = sql`(select id from group_invitation_logs where user_id = ${self} or email = ${email} or invited_by = ${self}
    union select id from group_invitation_logs where group_id in ${emptied})`;
  return [
    sql`select pg_advisory_xact_lock(hashtextextended('sign-up ' || key, 0))
        from users u cross join lateral (values (u.email), (u.cognito_user_id)) k (key) where u.cognito_user_id = ${sub}`,
    sql`select id from users where cognito_user_id = ${sub} for no key update`,
    sql`select g.id from groups g where g.id in ${mine} order by g.id for update`,
    sql`select id from event_leads where event_id in ${events} order by id for update`,
    sql`select id from events where id in ${events} order by id for update`,
    sql`select id from events_comments where id in ${comments} order by id for update`,
    sql`select id from group_invitation_logs where id in ${invitations} order by id for update`,
    sql`select id from users where cognito_user_id = ${sub} for update`,
  ];
}

/** To the longest-serving admin beside the person; where there is none, to the longest-serving member, who becomes admin. */
const handOnGroups = (self: SQL, mine: SQL, at: SQL): SQL => sql`
  with heir as (
    select g.id as group_id, h.user_id, h.status from groups g cross join lateral (
      select o.user_id, o.status from group_members o where o.group_id = g.id and o.user_id <> ${self}
      order by o.status = 'admin' desc, case when o.status = 'admin' then o.status_since else o.joined_at end, o.user_id limit 1
    ) h where g.id in ${mine}
  ), promoted as (
    update group_members m set status = 'admin', status_since = ${at} from heir h
    where m.group_id = h.group_id and m.user_id = h.user_id and h.status <> 'admin'
  )
  update groups g set admin_id = h.user_id from heir h where g.id = h.group_id and g.admin_id = ${self}`;
