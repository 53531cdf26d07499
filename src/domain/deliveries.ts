/** A delivery, a row of event_reminders_logs, from claimed to settled: its part of the ways in delivery-states.ts. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, rows, transact } from "../clients/neon.ts";
import { byKey, isPending } from "./by-key.ts";
import { channelChoice } from "./channels.ts";
import {
  EXPIRED_AFTER_MINUTES,
  LATE_AFTER_MINUTES,
  LEASE_SECONDS,
  LOST_SMS_ANSWERS,
  STOP_SENDING_AFTER_MS,
} from "./rules.ts";
import { alertOfBudget } from "./sms-spending.ts";

export type Channel = "sms" | "email" | "push";

/** What an SMS costs on time, and what with the words that it is late: decimal text, null on other channels. */
export type Claiming = {
  event_reminders_logs_id: number;
  address: string;
  cost_usd: string | null;
  late_cost_usd: string | null;
  /** Of the event whose time the words say; null where they do not tell. */
  revision: number | null;
};

export type Claimed = {
  event_reminders_logs_id: number;
  event_reminders_id: number;
  event_id: number;
  event_timestamp: string;
  user_id: number;
  /** True: suppressed or expired by the claim itself, nothing is left to do. */
  settled: boolean;
  /** Null: send it. Otherwise why not on this channel; where not settled yet, it is to be settled as failed. */
  refusal: string | null;
  address: string;
  attempts: number;
  name: string;
  locale: string | null;
  bank_url: string | null;
  /** Only such a reminder asks to pay. */
  is_budget: boolean;
  /** As at the claim. */
  late: boolean;
  /** What this attempt is counted with, where it is sent, with the words that it is late where it may become so until then; null on other channels. */
  cost_usd: string | null;
  /** The moment that it waits for, ms. */
  send_at: number;
  /** The machine's ms after which it is reminded no more: the same moment by which the claim judges, or what it lets pass would come back for ever. */
  expires_at: number;
  /** This claim is the one that the month's SMS budget began to run out with. */
  budget_alert: boolean;
};

export type Settling = {
  event_reminders_logs_id: number;
  /** `suppressed`: the address is no longer the person's. Like `failed` it makes the next step. */
  status: "sent" | "failed" | "suppressed" | "pending";
  error: string | null;
  provider_message_id: string | null;
  /** RFC 3339; for a pending one. */
  next_attempt_at: string | null;
  /** The provider's answer was lost: it may have been accepted. */
  lost: boolean;
  /** Given back without an attempt. */
  untried: boolean;
  /** What its claim counted this attempt with; null where nothing. */
  charged_usd: string | null;
  /** The provider says that the address is dead: suppress it, or retire the device. Null otherwise. */
  dead_address: string | null;
};

const ms = (column: SQL) => sql`(extract(epoch from ${column}) * 1000)::bigint`;
const instant = (at: number) => sql`${new Date(at).toISOString()}::timestamptz`;

/**
 * Claims what may be sent, under `token`, until the lease ends; claimed again with the same token after a lost answer, it is one's own, counted
 * once, and refused if it was (`last_error` keeps that until it is settled). What another consumer holds, what is settled, or what was claimed anew
 * for another time than the words say, is not answered. The month's SMS budget is counted here, before anything is sent.
 * `now` stays what it was when a claim is repeated: what was counted, and in which month, is so too. One round trip.
 */
export async function claimDeliveries(
  db: Db,
  channel: Channel,
  claiming: Claiming[],
  { token, now, budget_usd }: { token: string; now: number; budget_usd: string },
): Promise<Claimed[]> {
  const claim = claimStatement(channel, claiming, token, now, budget_usd);
  if (channel !== "sms") return rows<Claimed>(db, claim);
  // The month's row is locked first: what two consumers spend at once adds up.
  const month = sql`date_trunc('month', ${instant(now)} at time zone 'UTC')::date`;
  const purse = sql`insert into sms_spending (month) values (${month}) on conflict (month) do update set spent_usd = sms_spending.spent_usd`;
  return transact<Claimed>(db, purse, claim);
}

const claimStatement = (
  channel: Channel,
  claiming: Claiming[],
  token: string,
  now: number,
  budget_usd: string,
): SQL => sql`
  with asked as (
    select * from jsonb_to_recordset(${JSON.stringify(claiming)}::jsonb)
      as a (event_reminders_logs_id bigint, address text, cost_usd numeric, late_cost_usd numeric, revision int)
  ), free as (
    select l.id, l.event_reminders_id, l.user_id, l.device_id, l.last_error, a.address, a.cost_usd as cost_on_time, a.late_cost_usd, l.lease_token is not distinct from ${token}::uuid as mine,
           l.unknown_outcomes + (l.lease_until is not null and l.last_error is null and l.lease_token is distinct from ${token}::uuid)::int as unknown_outcomes
    from asked a join event_reminders_logs l on l.id = a.event_reminders_logs_id join event_reminders r on r.id = l.event_reminders_id
    where l.channel = ${channel}::channel and ${isPending("l")} and r.revision = coalesce(a.revision, r.revision)
      and (l.lease_until is null or l.lease_until <= ${instant(now)} or l.lease_token = ${token}::uuid)
    order by l.id
    for update of l skip locked
  ), checked as (
    select f.*, er.event_id, er.event_timestamp, er.starts_at, er.due_at, er.send_at, er.claimed_at, e.name, u.locale, b.url as bank_url, er.budget is not null as is_budget,
           case when e.id is null then 'event_deleted'
                when e.revision <> er.revision then 'event_moved'
                when u.id is null then 'person_gone'
                when eu.user_id is null then 'no_participant'
                when greatest(er.starts_at, er.due_at) + make_interval(mins => ${EXPIRED_AFTER_MINUTES}) <= greatest(er.claimed_at, ${instant(now)}) then 'expired'
           end as verdict,
           ${addressRefusal(channel)} as refusal, late.late, case when late.by_then then f.late_cost_usd else f.cost_on_time end as cost_usd
    from free f
    join event_reminders er on er.id = f.event_reminders_id
    cross join lateral (
      select by > make_interval(mins => ${LATE_AFTER_MINUTES}) as late,
             by + make_interval(secs => ${STOP_SENDING_AFTER_MS / 1000}) > make_interval(mins => ${LATE_AFTER_MINUTES}) as by_then
      from (select greatest(er.claimed_at, ${instant(now)}) - er.due_at as by) b
    ) late
    left join events e on e.id = er.event_id
    ${byKey("events_users", "eu", sql`eu.event_id = er.event_id and eu.user_id = f.user_id`)}
    ${byKey("users", "u", sql`u.id = f.user_id`)}
    ${byKey("organizations", "b", sql`b.id = u.organization_id`)}
    ${channel === "push" ? byKey("devices", "d", sql`d.id = f.device_id and d.user_id = f.user_id and d.dead_at is null`) : sql``}
    ${byKey("suppressed_addresses", "s", sql`s.channel = ${channel}::channel and s.address = f.address`)}
  ), weighed as (
    select c.*, case when c.mine then c.last_error else coalesce(c.refusal, case when c.verdict is null and ${spent(now)}
             + sum(case when c.verdict is null and c.refusal is null and not c.mine then c.cost_usd else 0 end) over (order by c.id)
             > ${budget_usd}::numeric then 'budget_spent' end) end as stop
    from checked c
  ), charged as (
    select w.*, case when w.verdict is null and w.stop is null and not w.mine then w.cost_usd
                     when w.verdict is not null and w.stop is null and w.mine then - w.cost_usd end as charge
    from weighed w
  ), spending as (
    update sms_spending m set spent_usd = m.spent_usd + w.total
    from (select sum(charge) as total from charged) w
    where w.total <> 0 and m.month = date_trunc('month', ${instant(now)} at time zone 'UTC')::date
    returning m.spent_usd
  )${channel === "sms" ? sql`, ${budgetAlert(now, budget_usd)}` : sql``}
  update event_reminders_logs l
  set status = case w.verdict when 'expired' then 'expired' else case when w.verdict is null then 'pending' else 'suppressed' end end::delivery_status,
      last_error = coalesce(w.verdict, w.stop),
      settled_at = case when w.verdict is not null then ${instant(now)} end,
      attempts = l.attempts + (w.verdict is null and w.stop is null and not w.mine)::int,
      unknown_outcomes = w.unknown_outcomes,
      cost_usd = case when w.charge is null then l.cost_usd else nullif(coalesce(l.cost_usd, 0) + w.charge, 0) end,
      lease_token = case when w.verdict is null then ${token}::uuid end,
      lease_until = case when w.verdict is null then ${instant(now)} + make_interval(secs => ${LEASE_SECONDS}) end
  from charged w
  where l.id = w.id
  returning l.id as event_reminders_logs_id, l.event_reminders_id, w.event_id, to_char(w.event_timestamp, 'YYYY-MM-DD HH24:MI:SS') as event_timestamp,
            l.user_id, coalesce(w.verdict, w.stop) as refusal, w.verdict is not null as settled, w.address, l.attempts, w.name, w.locale, w.bank_url, w.is_budget,
            w.late, w.cost_usd::text as cost_usd,
            ${ms(sql`w.send_at`)} as send_at, ${ms(sql`greatest(w.starts_at, w.due_at)`)} + ${EXPIRED_AFTER_MINUTES * 60_000} as expires_at,
            ${channel === "sms" ? sql`exists (select from budget_alert)` : sql`false`} as budget_alert`;

const spent = (now: number): SQL => sql`coalesce((select m.spent_usd from sms_spending m
  where m.month = date_trunc('month', ${instant(now)} at time zone 'UTC')::date), 0)`;

const budgetAlert = (now: number, budget_usd: string): SQL =>
  alertOfBudget(
    new Date(now).toISOString(),
    sql`coalesce((select spent_usd from spending), 0)`,
    sql`exists (select from weighed where stop = 'budget_spent')`,
    budget_usd,
  );

/** Why the address that the message names cannot be used now: it is not the person's any more, or must not be written to. */
function addressRefusal(channel: Channel): SQL {
  const mine = {
    sms: sql`u.mobile_number is distinct from f.address`,
    email: sql`u.email is distinct from f.address`,
    push: sql`d.device_arn is distinct from f.address`,
  }[channel];
  const lostTwice = channel === "sms" ? sql`when f.unknown_outcomes >= ${LOST_SMS_ANSWERS} then 'answer_lost'` : sql``;
  return sql`case when ${mine} then 'address_changed' when s.address is not null then s.reason ${lostTwice} end`;
}

/** What a settled batch leaves to do: reminders with a delivery on another channel to be handed on. */
export type Fallback = { event_reminders_id: number; event_id: number; event_timestamp: string; first_user_id: number };

/**
 * Settles what `token` still holds, writes the next channel's delivery for what failed, retires dead devices (unless signed in on again since
 * `claimedAt`) and addresses, and gives back what
 * unsent SMS were counted with. Safe to repeat. One round trip.
 */
export async function settleDeliveries(
  db: Db,
  channel: Channel,
  settling: Settling[],
  { token, claimedAt, now }: { token: string; claimedAt: number; now: number },
): Promise<Fallback[]> {
  const at = instant(now);
  const input = sql`outcome as (
    select * from jsonb_to_recordset(${JSON.stringify(settling)}::jsonb)
      as o (event_reminders_logs_id bigint, status text, error text, provider_message_id text, next_attempt_at timestamptz, lost boolean, untried boolean,
            charged_usd numeric, dead_address text)
  )`;
  const settle = sql`
    with ${input}, settled as (
      update event_reminders_logs l
      set status = o.status::delivery_status, last_error = o.error, provider_message_id = coalesce(o.provider_message_id, l.provider_message_id),
          next_attempt_at = coalesce(o.next_attempt_at, l.next_attempt_at), unknown_outcomes = l.unknown_outcomes + o.lost::int,
          attempts = l.attempts - o.untried::int,
          cost_usd = case when o.status = 'sent' or o.lost or o.charged_usd is null then l.cost_usd else nullif(l.cost_usd - o.charged_usd, 0) end,
          lease_token = null, lease_until = null, settled_at = case when o.status <> 'pending' then ${at} end
      from outcome o
      where l.id = o.event_reminders_logs_id and l.lease_token = ${token}::uuid and ${isPending("l")}
      returning case when o.status <> 'sent' and not o.lost then o.charged_usd end as given_back
    )
    update sms_spending m set spent_usd = greatest(0, m.spent_usd - s.total)
    from (select sum(given_back) as total from settled) s
    where s.total > 0 and m.month = date_trunc('month', ${instant(claimedAt)} at time zone 'UTC')::date`;
  if (settling.every(({ status }) => status === "sent" || status === "pending")) {
    await rows(db, settle);
    return [];
  }
  const buried =
    channel === "push"
      ? sql`with ${input} update devices d set dead_at = ${at}, dead_reason = o.error from outcome o
            where d.device_arn = o.dead_address and d.dead_at is null and d.registered_at <= ${instant(claimedAt)}`
      : sql`with ${input} insert into suppressed_addresses (channel, address, reason)
            select distinct on (o.dead_address) ${channel}::channel, o.dead_address, o.error from outcome o where o.dead_address is not null
            on conflict do nothing`;
  // A statement of its own, so that the choice sees what has just failed and what was just found dead.
  const next = sql`with ${input}, ${nextDeliveries(
    sql`select l.* from outcome o join event_reminders_logs l on l.id = o.event_reminders_logs_id
        where o.status in ('failed', 'suppressed') and l.status::text = o.status`,
    at,
  )}`;
  return transact<Fallback>(db, buried, settle, next);
}

/**
 * The end of a statement after WITH: writes the next channel's delivery for each of `failed`, a query of rows of event_reminders_logs, that
 * has none yet, and answers what is to be handed on.
 */
export const nextDeliveries = (failed: SQL, at: SQL): SQL => sql`
  next as (
    insert into event_reminders_logs (event_reminders_id, user_id, channel, step, device_id, reason, due_at, next_attempt_at, status, last_error, settled_at)
    select l.event_reminders_id, l.user_id, choice.channel::channel, l.step + 1, choice.device_id, choice.reason, l.due_at, ${at},
           case when choice.channel = 'none' then 'failed' else 'pending' end::delivery_status,
           case when choice.channel = 'none' then choice.reason end, case when choice.channel = 'none' then ${at} end
    from (${failed}) l ${byKey("users", "u", sql`u.id = l.user_id`)} cross join lateral ${channelChoice(sql`l.event_reminders_id`)}
    where u.id is not null and not exists (select from event_reminders_logs n
                      where n.event_reminders_id = l.event_reminders_id and n.user_id = l.user_id and n.step > l.step)
    on conflict (event_reminders_id, user_id, channel, step) do nothing
    returning event_reminders_id, user_id, status
  )
  select n.event_reminders_id, er.event_id, to_char(er.event_timestamp, 'YYYY-MM-DD HH24:MI:SS') as event_timestamp, min(n.user_id) as first_user_id
  from next n join event_reminders er on er.id = n.event_reminders_id
  where n.status = 'pending'
  group by 1, 2, 3`;
