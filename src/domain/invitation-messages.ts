/**
 * The one message of an invitation, on its row of group_invitation_logs, from claimed to settled:
 *
 *   pending -> pending, leased        claimInvitations    it is open, and there is a way to its invitee
 *   pending -> suppressed | expired   claimInvitations    it is answered or withdrawn, has no way left, or is a day old
 *   leased  -> sent | failed | pending  settleInvitations  by the holder of the lease alone
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, rows } from "../clients/neon.ts";
import { bury, type DeadDevice } from "./dead-devices.ts";
import { LEASE_SECONDS } from "./rules.ts";

/** The invitation stays in the app until it is answered; only its message grows old. */
export const INVITATION_MESSAGE_EXPIRES_AFTER_HOURS = 24;

const DEVICES_A_PERSON = 5;

/** One way to the invitee. */
export type Route = { channel: "push"; device_id: number; device_arn: string } | { channel: "email"; email: string };

export type ClaimedInvitation = {
  group_invitation_logs_id: number;
  attempts: number;
  group: string;
  /** Empty where the inviter is gone. */
  inviter: string;
  /** The invitee's, or the inviter's where the invitee has no account. */
  locale: string | null;
  has_account: boolean;
  /** Never empty: live devices, registered last first, then the e-mail. */
  routes: Route[];
};

const instant = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;

/**
 * Claims, under `token`, the messages that may be sent. What another consumer holds or what is settled is not answered. A person who
 * signed up since they were invited by address counts as a person. One round trip.
 */
export function claimInvitations(
  db: Db,
  ids: number[],
  { token, now }: { token: string; now: number },
): Promise<ClaimedInvitation[]> {
  const at = instant(now);
  const lease = sql`${at} + make_interval(secs => ${LEASE_SECONDS})`;
  return rows<ClaimedInvitation>(
    db,
    sql`with free as (
          select i.* from group_invitation_logs i
          where i.id = any(${sql.param(ids)}::bigint[]) and i.delivery_status = 'pending'
            and (i.lease_until is null or i.lease_until <= ${at} or i.lease_token = ${token}::uuid)
          order by i.id for update of i
        ), addressed as (
          select f.id, f.status, f.created_at, g.name as group, coalesce(w.username, '') as inviter, u.id as user_id,
                 case when u.id is null then w.locale else u.locale end as locale, coalesce(u.email, f.email) as email
          from free f join groups g on g.id = f.group_id
          left join users w on w.id = f.invited_by
          left join users u on u.id = coalesce(f.user_id, (select a.id from users a where a.email = f.email and a.confirmed_at is not null))
        ), routed as (
          select a.*, coalesce(d.routes, '[]') || coalesce(m.routes, '[]') as routes, s.reason as refusal
          from addressed a
          left join suppressed_addresses s on s.channel = 'email' and s.address = a.email
          left join lateral (
            select jsonb_agg(jsonb_build_object('channel', 'push', 'device_id', n.id, 'device_arn', n.device_arn) order by n.registered_at desc, n.id desc) as routes
            from (
              select id, device_arn, registered_at from devices where user_id = a.user_id and dead_at is null
              order by registered_at desc, id desc limit ${DEVICES_A_PERSON}
            ) n
            where not ${switchedOff("push")}
          ) d on true
          left join lateral (
            select jsonb_build_array(jsonb_build_object('channel', 'email', 'email', a.email)) as routes
            where s.address is null and not ${switchedOff("email")}
          ) m on true
        ), judged as (
          select r.*, case when r.status = 'withdrawn' then 'withdrawn' when r.status <> 'open' then 'answered'
                           when r.created_at + make_interval(hours => ${INVITATION_MESSAGE_EXPIRES_AFTER_HOURS}) <= ${at} then 'expired'
                           when r.routes = '[]' then coalesce(r.refusal, 'switched_off') end as verdict
          from routed r
        ), claimed as (
          update group_invitation_logs i
          set delivery_status = case when j.verdict is null then 'pending' when j.verdict = 'expired' then 'expired' else 'suppressed' end::delivery_status,
              last_error = coalesce(j.verdict, i.last_error), attempts = i.attempts + (j.verdict is null)::int,
              next_attempt_at = case when j.verdict is null then ${lease} end,
              lease_token = case when j.verdict is null then ${token}::uuid end, lease_until = case when j.verdict is null then ${lease} end
          from judged j where i.id = j.id
          returning i.id, i.attempts, i.delivery_status
        )
        select j.id as group_invitation_logs_id, c.attempts, j.group, j.inviter, j.locale, j.user_id is not null as has_account, j.routes
        from claimed c join judged j on j.id = c.id
        where c.delivery_status = 'pending'
        order by j.id`,
  );
}

const switchedOff = (channel: Route["channel"]): SQL => sql`exists (
  select from notification_preferences p where p.user_id = a.user_id and p.kind = 'invitation' and p.channel = ${channel}::channel)`;

export type SettledInvitation = {
  group_invitation_logs_id: number;
  status: "sent" | "failed" | "pending";
  /** The one tried last; null where none was. */
  channel: Route["channel"] | null;
  error: string | null;
  provider_message_id: string | null;
  /** RFC 3339: when the sweep looks again; null where settled. */
  next_attempt_at: string | null;
  /** Given back untried: this attempt does not count. */
  untried: boolean;
};

/** Settles what `token` still holds; one answered meanwhile is tried no more. Safe to repeat. One round trip. */
export async function settleInvitations(
  db: Db,
  { settled, dead }: { settled: SettledInvitation[]; dead: DeadDevice[] },
  { token, claimedAt, now }: { token: string; claimedAt: number; now: number },
): Promise<void> {
  await rows(
    db,
    sql`with ${bury(dead, claimedAt, now)}
        update group_invitation_logs i
        set delivery_status = case when o.status = 'pending' and i.status <> 'open' then 'suppressed' else o.status end::delivery_status,
            next_attempt_at = case when i.status = 'open' then o.next_attempt_at end, channel = coalesce(o.channel::channel, i.channel),
            last_error = coalesce(o.error, i.last_error), provider_message_id = o.provider_message_id, attempts = i.attempts - o.untried::int,
            lease_token = null, lease_until = null
        from jsonb_to_recordset(${JSON.stringify(settled)}::jsonb)
          as o (group_invitation_logs_id bigint, status text, channel text, error text, provider_message_id text, next_attempt_at timestamptz, untried boolean)
        where i.id = o.group_invitation_logs_id and i.lease_token = ${token}::uuid and i.delivery_status = 'pending'`,
  );
}
