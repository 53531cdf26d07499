/**
 * The pushes of a comment, rows of events_comments_logs: one for each other person who takes part, from claimed to settled.
 *
 *   (none) | pending -> pending, leased        claimCommentPushes    they take part, hear of comments, and have a live device
 *   (none) | pending -> suppressed | expired   claimCommentPushes    they do not, or the comment is an hour old
 *   leased -> sent | failed | pending          settleCommentPushes   by the holder of the lease alone
 *
 * A comment's `handed_on_at` is set once all its rows are there, its `next_attempt_at` cleared once none is pending.
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row, transact } from "../clients/neon.ts";
import { byKey } from "./by-key.ts";
import { bury, type DeadDevice } from "./dead-devices.ts";
import { LEASE_SECONDS } from "./rules.ts";

/** People that one message of schedule-push-comments claims. */
export const PEOPLE_A_COMMENT_MESSAGE = 500;
/** A comment older than this is pushed no more: whoever opens the event sees it. */
export const COMMENT_EXPIRES_AFTER_MINUTES = 60;
export const COMMENT_PUSH_ATTEMPTS = 5;

/** How many of a person's devices are tried, newest first. */
const DEVICES_A_PERSON = 5;

export type Device = { device_id: number; device_arn: string };

export type CommentPush = {
  events_comments_id: number;
  user_id: number;
  attempts: number;
  locale: string | null;
  /** Live ones, registered last first; never empty. */
  devices: Device[];
};

export type PushedComment = {
  events_comments_id: number;
  event_id: number;
  event: string;
  /** Empty where the author is gone. */
  author: string;
  comment: string;
  /** After whom the next message goes on; null where everybody has a row now. */
  after_user_id: number | null;
  /** Settled before, to the last row. */
  done: boolean;
};

export type CommentClaim = { comments: PushedComment[]; pushes: CommentPush[] };

const instant = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;

/**
 * Writes and claims, under `token`, the pushes of all these comments together, 500 people a comment beyond `after_user_id`. What another
 * consumer holds or what is settled is not answered, and neither is a comment that is gone. Locked by id, as whoever deletes them does. One round
 * trip.
 */
export function claimCommentPushes(
  db: Db,
  asked: { events_comments_id: number; after_user_id: number }[],
  { token, now }: { token: string; now: number },
): Promise<CommentClaim> {
  const at = instant(now);
  const free = (l: SQL) =>
    sql`(${l}.status = 'pending' and (${l}.lease_until is null or ${l}.lease_until <= ${at} or ${l}.lease_token = ${token}::uuid))`;
  return row<CommentClaim>(
    db,
    sql`with asked as (
          select * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as a (events_comments_id bigint, after_user_id bigint)
        ), comment as (
          select c.id, c.event_id, c.user_id, c.comment, c.handed_on_at, c.next_attempt_at, a.after_user_id, e.name as event,
                 c.created_at + make_interval(mins => ${COMMENT_EXPIRES_AFTER_MINUTES}) <= ${at} as expired
          from asked a join events_comments c on c.id = a.events_comments_id join events e on e.id = c.event_id
          order by c.id for key share of c
        ), person as (
          select c.id as events_comments_id, p.user_id, p.muted_until, true as takes_part
          from comment c cross join lateral (
            select eu.user_id, eu.muted_until
            from events_users eu left join events_comments_logs l on l.events_comments_id = c.id and l.user_id = eu.user_id
            where eu.event_id = c.event_id and eu.user_id > c.after_user_id and eu.user_id is distinct from c.user_id
              and ((l.user_id is null and c.handed_on_at is null) or ${free(sql`l`)})
            order by eu.user_id limit ${PEOPLE_A_COMMENT_MESSAGE}
          ) p
        ), leaver as (
          select c.id as events_comments_id, l.user_id, null::timestamptz as muted_until, false as takes_part
          from comment c join events_comments_logs l on l.events_comments_id = c.id
          where ${free(sql`l`)} and not exists (select from events_users eu where eu.event_id = c.event_id and eu.user_id = l.user_id)
        ), judged as (
          select p.events_comments_id, p.user_id, u.locale, d.devices,
                 case when not p.takes_part then 'no_participant' when c.expired then 'expired' when p.muted_until > ${at} then 'muted'
                      when w.user_id is not null then 'switched_off' when d.devices is null then 'no_live_device' end as verdict
          from (select * from person union all select * from leaver) p
          join comment c on c.id = p.events_comments_id
          ${byKey("users", "u", sql`u.id = p.user_id`)}
          ${byKey("notification_preferences", "w", sql`w.user_id = p.user_id and w.kind = 'comment' and w.channel = 'push'`)}
          left join lateral (
            select json_agg(n order by n.registered_at desc, n.device_id desc) as devices
            from (
              select d.id as device_id, d.device_arn, d.registered_at from devices d where d.user_id = p.user_id and d.dead_at is null
              order by d.registered_at desc, d.id desc limit ${DEVICES_A_PERSON}
            ) n
          ) d on true
        ), claimed as (
          insert into events_comments_logs as l (events_comments_id, user_id, status, attempts, lease_token, lease_until, last_error, created_at, settled_at)
          select j.events_comments_id, j.user_id,
                 case when j.verdict is null then 'pending' when j.verdict = 'expired' then 'expired' else 'suppressed' end::delivery_status,
                 (j.verdict is null)::int, case when j.verdict is null then ${token}::uuid end,
                 case when j.verdict is null then ${at} + make_interval(secs => ${LEASE_SECONDS}) end, j.verdict, ${at},
                 case when j.verdict is not null then ${at} end
          from judged j
          order by j.events_comments_id, j.user_id
          on conflict (events_comments_id, user_id) do update
            set status = excluded.status, attempts = l.attempts + excluded.attempts, lease_token = excluded.lease_token,
                lease_until = excluded.lease_until, last_error = coalesce(excluded.last_error, l.last_error), settled_at = excluded.settled_at
            where ${free(sql`l`)}
          returning l.events_comments_id, l.user_id, l.status, l.attempts
        )
        select (
          select coalesce(json_agg(json_build_object('events_comments_id', j.events_comments_id, 'user_id', j.user_id, 'attempts', c.attempts,
                                                     'locale', j.locale, 'devices', j.devices) order by j.events_comments_id, j.user_id), '[]')
          from claimed c join judged j on j.events_comments_id = c.events_comments_id and j.user_id = c.user_id
          where c.status = 'pending'
        ) as pushes, (
          select coalesce(json_agg(json_build_object('events_comments_id', c.id, 'event_id', c.event_id, 'event', c.event, 'author', coalesce(u.username, ''),
                                                     'comment', c.comment, 'after_user_id', p.last,
                                                     'done', c.handed_on_at is not null and c.next_attempt_at is null)), '[]')
          from comment c left join users u on u.id = c.user_id
          left join lateral (
            select max(p.user_id) as last from person p where p.events_comments_id = c.id having count(*) = ${PEOPLE_A_COMMENT_MESSAGE}
          ) p on true
        ) as comments`,
  );
}

export type SettledPush = {
  events_comments_id: number;
  user_id: number;
  status: "sent" | "failed" | "pending";
  error: string | null;
  provider_message_id: string | null;
  /** Given back untried: this attempt does not count. */
  untried: boolean;
};

/** `written`: all of the comment's rows are there. `look_again_at`: RFC 3339; when the sweep looks, if any is pending still. */
export type HandedOn = { events_comments_id: number; written: boolean; look_again_at: string };

/**
 * Settles what `token` still holds, retires devices that the provider calls dead (unless registered again since `claimedAt`), and says of
 * each comment where it stands. Safe to repeat. One round trip.
 */
export async function settleCommentPushes(
  db: Db,
  settled: { comments: HandedOn[]; pushes: SettledPush[]; dead: DeadDevice[] },
  { token, claimedAt, now }: { token: string; claimedAt: number; now: number },
): Promise<void> {
  const at = instant(now);
  const handedOn = sql`handed_on as (
    select * from jsonb_to_recordset(${JSON.stringify(settled.comments)}::jsonb) as h (events_comments_id bigint, written boolean, look_again_at timestamptz))`;
  // Locked first, so that of two consumers of one comment the later one sees that nothing is pending any more.
  const lock = sql`with ${handedOn}
    select c.id from events_comments c join handed_on h on h.events_comments_id = c.id order by c.id for no key update of c`;
  const settle = sql`with ${bury(settled.dead, claimedAt, now)}
    update events_comments_logs l
    set status = o.status::delivery_status, last_error = coalesce(o.error, l.last_error), provider_message_id = o.provider_message_id,
        attempts = l.attempts - o.untried::int, lease_token = null, lease_until = null, settled_at = case when o.status <> 'pending' then ${at} end
    from jsonb_to_recordset(${JSON.stringify(settled.pushes)}::jsonb)
      as o (events_comments_id bigint, user_id bigint, status text, error text, provider_message_id text, untried boolean)
    where l.events_comments_id = o.events_comments_id and l.user_id = o.user_id and l.lease_token = ${token}::uuid and l.status = 'pending'`;
  const stand = sql`with ${handedOn}
    update events_comments c
    set handed_on_at = coalesce(c.handed_on_at, case when h.written then ${at} end),
        next_attempt_at = case when not h.written and c.handed_on_at is null
                                 or (select true from events_comments_logs l where l.events_comments_id = c.id and l.status = 'pending' limit 1)
                               then h.look_again_at end
    from handed_on h where c.id = h.events_comments_id`;
  await transact(db, lock, settle, stand);
}
