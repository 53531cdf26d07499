/**
 * What providers tell of a message after they accepted it. One that did not arrive counts as failed from then on, and the next channel takes
 * over while the reminder is still worth sending; what it was sent to is not used again. Its part of the ways in delivery-states.ts.
 */
import { type SQL, sql } from "drizzle-orm";
import type { DeliveryEvent } from "../clients/delivery-events.ts";
import { type Db, rows, transact } from "../clients/neon.ts";
import { type Fallback, nextDeliveries } from "./deliveries.ts";
import { EXPIRED_AFTER_MINUTES } from "./rules.ts";

type Undelivered = Extract<DeliveryEvent, { provider_message_id: string }>;

const instant = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;

/** Writes down what an event means, and answers the reminders with a delivery on another channel to be handed on. Safe to repeat. One round trip. */
export async function recordFeedback(db: Db, event: DeliveryEvent, now: number): Promise<Fallback[]> {
  if (event.kind !== "endpoint_deleted" && !(event.kind === "complained" && event.delivered)) {
    return recordUndelivered(db, event, now);
  }
  const retired = retire(event, now);
  if (retired) await rows(db, retired);
  return [];
}

async function recordUndelivered(db: Db, event: Undelivered, now: number): Promise<Fallback[]> {
  const at = instant(now);
  const fail = sql`
    with ${concerned(event, at)}
    update event_reminders_logs l
    set status = 'failed', last_error = ${event.code}, settled_at = ${at}, lease_token = null, lease_until = null
    from concerned c
    where l.id = c.id and ((l.status = 'sent' and l.provider_message_id = ${event.provider_message_id})
                           or (c.in_flight and l.status = 'pending' and l.lease_until is not null))`;
  // A statement of its own, so that the choice of the channel sees what the ones before wrote.
  const next = sql`
    with ${concerned(event, at)}, ${nextDeliveries(
      sql`select l.* from concerned c join event_reminders_logs l on l.id = c.id join event_reminders er on er.id = l.event_reminders_id
          where l.status = 'failed' and l.last_error = ${event.code}
            and greatest(er.starts_at, er.due_at) + make_interval(mins => ${EXPIRED_AFTER_MINUTES}) > greatest(er.claimed_at, ${at})`,
      at,
    )}`;
  const retired = retire(event, now);
  return retired ? transact<Fallback>(db, retired, fail, next) : transact<Fallback>(db, fail, next);
}

/** A reminder is worth handing on for an hour; who was picked earlier has nothing in flight. */
const IN_FLIGHT_HOURS = 48;

/**
 * `concerned as (…)`: the deliveries that the event may be about. By the provider's id; and where the news came before the settling that would write
 * it, what is being sent right now to an address or device that is dead by it. Should that be another message, it cannot arrive either; a failure that says
 * nothing against its device, or is from before its owner signed in on it again, is about its own message alone.
 */
function concerned(event: Undelivered, at: SQL): SQL {
  const people =
    event.kind === "push_failed"
      ? sql`select d.user_id, 'push'::channel as channel, d.id as device_id from devices d
            where ${event.dead}::boolean and d.device_arn = ${event.device_arn} and d.registered_at <= ${instant(event.at)}`
      : sql`select u.id as user_id, 'email'::channel as channel, null::bigint as device_id from users u where u.email = any(${sql.param(event.addresses)}::text[])`;
  return sql`concerned as (
    select l.id, false as in_flight from event_reminders_logs l where l.provider_message_id = ${event.provider_message_id}
    union all
    select l.id, true from (${people}) w
    join event_reminders_users p on p.user_id = w.user_id and p.created_at > ${at} - make_interval(hours => ${IN_FLIGHT_HOURS})
    join event_reminders_logs l on l.event_reminders_id = p.event_reminders_id and l.user_id = p.user_id
      and l.channel = w.channel and l.device_id is not distinct from w.device_id and l.status in ('pending', 'failed')
  )`;
}

/**
 * Suppresses the addresses, or retires the device unless its owner signed in on it again since; null where nothing is to be retired. A person's own
 * wish gives way to a bounce or complaint, so that it cannot be taken back.
 */
function retire(event: DeliveryEvent, now: number): SQL | null {
  if ("addresses" in event) {
    return sql`
      insert into suppressed_addresses (channel, address, reason)
      select 'email', address, ${event.kind}::text from unnest(${sql.param(event.addresses)}::text[]) address order by address
      on conflict (channel, address) do update set reason = excluded.reason where suppressed_addresses.reason = 'unsubscribed'`;
  }
  if (event.kind === "push_failed" && !event.dead) return null;
  return sql`
    update devices set dead_at = ${instant(now)}, dead_reason = ${event.code}
    where device_arn = ${event.device_arn} and dead_at is null and registered_at <= ${instant(event.at)}`;
}
