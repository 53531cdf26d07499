/** Reminders in the ledger, followed person by person from due to settled. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row, rows } from "../clients/neon.ts";
import { notFound } from "../errors.ts";
import { rfc3339Of, wallOf } from "./access.ts";
import { maskName } from "./masking.ts";
import { type Page, type Paging, pageOf } from "./page.ts";

export const REMINDER_STATUSES = ["pending", "picked", "suppressed", "expired"] as const;
export type ReminderStatus = (typeof REMINDER_STATUSES)[number];

/** `people`: who took part at picking. The others count deliveries, fallbacks among them. */
export type Reminder = {
  id: number;
  event_id: number;
  group_id: number;
  event_timestamp: string;
  reminder: string;
  kind: string;
  due_at: string;
  starts_at: string;
  status: ReminderStatus;
  reason: string | null;
  people: number;
  sent: number;
  failed: number;
  suppressed: number;
  expired: number;
  pending: number;
};

/** Of the row `r` of event_reminders, with the counts `c`. */
const COLUMNS = sql`r.id, r.event_id, r.group_id, ${wallOf(sql`r.event_timestamp`)} as event_timestamp, r.reminder, r.kind, ${rfc3339Of(sql`r.due_at`)} as due_at,
  ${rfc3339Of(sql`r.starts_at`)} as starts_at, r.status, r.reason, coalesce(r.participants, 0) as people, c.*`;

const counted = (status: string) =>
  sql`count(*) filter (where l.status = ${sql.raw(`'${status}'`)})::int as ${sql.raw(status)}`;
const COUNTS = sql`lateral (
  select ${sql.join(["sent", "failed", "suppressed", "expired", "pending"].map(counted), sql`, `)}
  from event_reminders_logs l where l.event_reminders_id = r.id
) c`;

/** The most that are looked at of what waits to be picked. */
const PENDING = 20_000;

/** Each through its index, whatever the planner thinks of a limit. */
function candidates(event_id: number | null, status: ReminderStatus | null): SQL {
  const ofStatus = status === null ? sql`true` : sql`status = ${sql.raw(`'${status}'`)}`;
  if (event_id !== null)
    return sql`(select * from event_reminders where event_id = ${event_id} and ${ofStatus} offset 0)`;
  if (status !== "pending") return sql`(select * from event_reminders where ${ofStatus})`;
  return sql`(select * from event_reminders where ${ofStatus} order by next_attempt_at limit ${PENDING})`;
}

type Key = [due_at: string, id: number];

/** The statement of `listReminders`. */
export const remindersStatement = (
  { event_id, status }: { event_id: number | null; status: ReminderStatus | null },
  { limit, after }: Paging<Key>,
): SQL => sql`
  select ${COLUMNS}
  from (
    select * from ${candidates(event_id, status)} e
    where ${after ? sql`(e.due_at, e.id) < (${after[0]}::timestamptz, ${after[1]}::bigint)` : sql`true`}
    order by e.due_at desc, e.id desc limit ${limit + 1}
  ) r cross join ${COUNTS}
  order by r.due_at desc, r.id desc`;

/** Newest due first. One round trip. */
export async function listReminders(
  db: Db,
  which: { event_id: number | null; status: ReminderStatus | null },
  paging: Paging<Key>,
): Promise<Page<Reminder, Key>> {
  const found = await rows<Reminder>(db, remindersStatement(which, paging));
  return pageOf(found, paging.limit, ({ due_at, id }) => [due_at, id]);
}

type Step = {
  id: number;
  channel: string;
  step: number;
  status: string;
  reason: string;
  last_error: string | null;
  attempts: number;
  due_at: string;
  next_attempt_at: string;
  settled_at: string | null;
  /** From due to accepted; null where it was not sent. */
  late_seconds: number | null;
  provider_message_id: string | null;
};

/** `username` null: the person is gone. */
type Addressee = {
  user_id: number;
  username: string | null;
  picked: boolean;
  reason: string;
  acknowledged_at: string | null;
  deliveries: Step[];
};

type Followed = {
  reminder: Reminder & { revision: number; claimed_at: string; send_at: string; settled_at: string | null };
  people: Addressee[];
};

/** By the person's number. One round trip. Throws not_found. */
export async function followReminder(
  db: Db,
  id: number,
  { limit, after }: Paging<[user_id: number]>,
  { reveal }: { reveal: boolean },
): Promise<Followed & { next: [user_id: number] | null }> {
  const found = await row<{ reminder: Followed["reminder"] | null; people: Addressee[] }>(
    db,
    sql`with r as (select * from event_reminders where id = ${id}), page as (
          select p.* from event_reminders_users p where p.event_reminders_id = ${id} and p.user_id > ${after?.[0] ?? 0} order by p.user_id limit ${limit + 1}
        ), person as (
          select p.user_id, u.username, p.picked, p.reason, ${rfc3339Of(sql`p.acknowledged_at`)} as acknowledged_at, d.deliveries
          from page p left join users u on u.id = p.user_id cross join lateral (
            select coalesce(json_agg(x order by x.step, x.id), '[]') as deliveries
            from (
              select l.id, l.channel, l.step, l.status, l.reason, l.last_error, l.attempts, ${rfc3339Of(sql`l.due_at`)} as due_at,
                     ${rfc3339Of(sql`l.next_attempt_at`)} as next_attempt_at, ${rfc3339Of(sql`l.settled_at`)} as settled_at,
                     case when l.status = 'sent' then round(extract(epoch from l.settled_at - r.send_at - (l.due_at - r.due_at)), 3)::float8 end as late_seconds,
                     l.provider_message_id
              from r join event_reminders_logs l on l.event_reminders_id = r.id where l.user_id = p.user_id
            ) x
          ) d
        )
        select (select row_to_json(x) from (
                  select ${COLUMNS}, r.revision, ${rfc3339Of(sql`r.claimed_at`)} as claimed_at, ${rfc3339Of(sql`r.send_at`)} as send_at,
                         ${rfc3339Of(sql`r.settled_at`)} as settled_at
                  from r cross join ${COUNTS}) x) as reminder,
               (select coalesce(json_agg(person order by user_id), '[]') from person) as people`,
  );
  if (!found.reminder) throw notFound("reminder");
  const { list, next } = pageOf(found.people, limit, ({ user_id }): [number] => [user_id]);
  const people = list.map((one) => ({
    ...one,
    username: one.username === null || reveal ? one.username : maskName(one.username),
  }));
  return { reminder: found.reminder, people, next };
}
