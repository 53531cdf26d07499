/** One person, by what decides the choice of a channel, and what became of their reminders: "why did I get nothing?" */
import { sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
import { notFound } from "../errors.ts";
import { rfc3339Of, wallOf } from "./access.ts";
import { maskEmail, maskName, maskNumber } from "./masking.ts";
import { type Paging, pageOf } from "./page.ts";

export type Who = { user_id: number } | { email: string };

type Person = {
  user_id: number;
  username: string;
  email: string;
  mobile_number: string | null;
  reminder_preferences: string | null;
  /** Whether they have a verified number. */
  verified: boolean;
  devices: { live: number; dead: number };
  unsubscribed: boolean;
  /** Why their address or number is not written to; null where nothing speaks against it. */
  suppressed_address: { channel: string; reason: string }[] | null;
  /** Channels that they switched off for reminders. */
  switched_off: string[];
  confirmed_at: string | null;
  time_zone: string | null;
  locale: string | null;
};

/** One row for each delivery; one with `channel` null where a reminder made none for them. */
type Outcome = {
  event_reminders_id: number;
  event_id: number;
  event_timestamp: string;
  due_at: string;
  event_reminders_status: string;
  event_reminders_reason: string | null;
  picked: boolean;
  picked_reason: string;
  channel: string | null;
  step: number | null;
  status: string | null;
  reason: string | null;
  last_error: string | null;
  attempts: number | null;
  settled_at: string | null;
};

type Key = [created_at: string, event_reminders_id: number];

/** Newest first, in pages of `limit` reminders. One round trip. Throws not_found. */
export async function followPerson(
  db: Db,
  who: Who,
  { limit, after }: Paging<Key>,
  { reveal }: { reveal: boolean },
): Promise<{ person: Person; deliveries: Outcome[]; next: Key | null }> {
  const found = await row<{ person: Person | null; reminders: { key: Key; outcomes: Outcome[] }[] }>(
    db,
    sql`with u as (
          select * from users where ${"email" in who ? sql`email = ${who.email}` : sql`id = ${who.user_id}`}
        ), page as (
          select p.* from event_reminders_users p
          where p.user_id = (select id from u)
            and ${after ? sql`(p.created_at, p.event_reminders_id) < (${after[0]}::timestamptz, ${after[1]}::bigint)` : sql`true`}
          order by p.created_at desc, p.event_reminders_id desc limit ${limit + 1}
        )
        select (select row_to_json(x) from (
                  select u.id as user_id, u.username, u.email, u.mobile_number, u.reminder_preferences, u.mobile_number is not null as verified,
                         (select json_build_object('live', count(*) filter (where d.dead_at is null), 'dead', count(*) filter (where d.dead_at is not null))
                          from devices d where d.user_id = u.id) as devices,
                         exists (select from suppressed_addresses s where s.channel = 'email' and s.address = u.email and s.reason = 'unsubscribed') as unsubscribed,
                         (select json_agg(json_build_object('channel', s.channel, 'reason', s.reason) order by s.channel) from suppressed_addresses s
                          where (s.channel, s.address) in (('email', u.email), ('sms', u.mobile_number))) as suppressed_address,
                         (select coalesce(json_agg(w.channel order by w.channel), '[]') from notification_preferences w where w.user_id = u.id and w.kind = 'reminder') as switched_off,
                         ${rfc3339Of(sql`u.confirmed_at`)} as confirmed_at, u.time_zone, u.locale
                  from u) x) as person,
               (select coalesce(json_agg(json_build_object('key', json_build_array(${rfc3339Of(sql`p.created_at`)}, p.event_reminders_id), 'outcomes', o.outcomes)
                                         order by p.created_at desc, p.event_reminders_id desc), '[]')
                from page p cross join lateral (
                  select json_agg(y order by y.step) as outcomes
                  from (
                    select r.id as event_reminders_id, r.event_id, ${wallOf(sql`r.event_timestamp`)} as event_timestamp, ${rfc3339Of(sql`r.due_at`)} as due_at,
                           r.status as event_reminders_status, r.reason as event_reminders_reason, p.picked, p.reason as picked_reason, l.channel, l.step, l.status,
                           l.reason, l.last_error, l.attempts, ${rfc3339Of(sql`l.settled_at`)} as settled_at
                    from event_reminders r left join event_reminders_logs l on l.event_reminders_id = r.id and l.user_id = p.user_id
                    where r.id = p.event_reminders_id
                  ) y
                ) o) as reminders`,
  );
  if (!found.person) throw notFound("person");
  const { list, next } = pageOf(found.reminders, limit, ({ key }) => key);
  return {
    person: reveal ? found.person : masked(found.person),
    deliveries: list.flatMap(({ outcomes }) => outcomes),
    next,
  };
}

const masked = (person: Person): Person => ({
  ...person,
  username: maskName(person.username),
  email: maskEmail(person.email),
  mobile_number: person.mobile_number && maskNumber(person.mobile_number),
});
