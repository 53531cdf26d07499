/**
 * What is deleted once it is past its keeping (`keeping.ts`): in batches, each found by an index that holds what is settled beside its time, so that
 * nothing that is live or pending is looked at. Two runs at once take different rows; what one leaves, the next finds.
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
import {
  CLOSED_ALERTS_DAYS,
  COMMENT_PUSHES_DAYS,
  CONSOLE_FORMS_HOURS,
  DEAD_LETTERS_DAYS,
  LEDGER_MONTHS,
  PHONE_CODES_DAYS,
  REFUSED_INVITATIONS_DAYS,
  REPLAYED_DEAD_LETTERS_DAYS,
  UNCONFIRMED_PEOPLE_DAYS,
  USAGE_HOURS,
  WORKER_ERRORS_DAYS,
} from "./keeping.ts";

/** Rows of one statement. */
export const PRUNED_AT_ONCE = 2_000;
/** People below the reminders that one statement deletes; a reminder of more goes alone. */
const PEOPLE_AT_ONCE = 5_000;

/** Deletes one batch as of `at` and says how many of its rows went and whether that was all: `(at) => select gone, more`. */
type Batch = (at: SQL) => SQL;

const days = (count: number): SQL => sql`make_interval(days => ${count})`;

/** `old`: up to PRUNED_AT_ONCE rows, locked. `key`: what names them. */
const batch = (table: string, key: string, old: SQL): SQL => sql`
  with old as materialized (${old} limit ${PRUNED_AT_ONCE} for update skip locked), gone as (
    delete from ${sql.raw(table)} where (${sql.raw(key)}) in (select ${sql.raw(key)} from old) returning 1
  )
  select (select count(*)::int from gone) as gone, (select count(*) from old) = ${PRUNED_AT_ONCE} as more`;

/** By what is deleted. The ledger comes last: it has the most. */
export const BATCHES: Record<string, Batch> = {
  phone_verifications: (at) =>
    batch(
      "phone_verifications",
      "id",
      sql`select id from phone_verifications where created_at < ${at} - ${days(PHONE_CODES_DAYS)} order by created_at`,
    ),
  usage: (at) =>
    batch(
      "usage",
      "user_id, kind",
      // The last use is the newest but for clocks that differ.
      sql`select user_id, kind from usage where used_at[cardinality(used_at)] <= ${at} - make_interval(hours => ${USAGE_HOURS})
          and ${at} - make_interval(hours => ${USAGE_HOURS}) >= all (used_at) order by used_at[cardinality(used_at)]`,
    ),
  unconfirmed_people: (at) =>
    batch(
      "users",
      "id",
      // Who is in a group came with a first Torium's people: others count on them.
      sql`select id from users u where confirmed_at is null and created_at < ${at} - ${days(UNCONFIRMED_PEOPLE_DAYS)}
            and not exists (select from group_members m where m.user_id = u.id) order by created_at`,
    ),
  refused_invitations: (at) =>
    batch(
      "group_invitation_logs",
      "id",
      sql`select id from group_invitation_logs
          where status in ('rejected', 'withdrawn') and answered_at < ${at} - ${days(REFUSED_INVITATIONS_DAYS)}
            and (delivery_status <> 'pending' or lease_until < ${at} - ${days(1)}) order by answered_at`,
    ),
  replayed_dead_letters: (at) =>
    batch(
      "dead_letters",
      "id",
      sql`select id from dead_letters where replayed_at < ${at} - ${days(REPLAYED_DEAD_LETTERS_DAYS)} order by replayed_at`,
    ),
  dead_letters: (at) =>
    batch(
      "dead_letters",
      "id",
      sql`select id from dead_letters where created_at < ${at} - ${days(DEAD_LETTERS_DAYS)} order by created_at`,
    ),
  alerts: (at) =>
    batch(
      "alerts",
      "id",
      sql`select id from alerts where closed_at < ${at} - ${days(CLOSED_ALERTS_DAYS)} order by closed_at`,
    ),
  console_forms: (at) =>
    batch(
      "console_forms",
      "form",
      sql`select form from console_forms where spent_at < ${at} - make_interval(hours => ${CONSOLE_FORMS_HOURS}) order by spent_at`,
    ),
  worker_errors: (at) =>
    batch(
      "worker_errors",
      "id",
      sql`select id from worker_errors where created_at < ${at} - ${days(WORKER_ERRORS_DAYS)} order by created_at`,
    ),
  comment_pushes: (at) =>
    batch(
      "events_comments_logs",
      "events_comments_id, user_id",
      sql`select events_comments_id, user_id from events_comments_logs
          where settled_at < ${at} - ${days(COMMENT_PUSHES_DAYS)} and status <> 'pending' order by settled_at`,
    ),
  // A reminder goes with everybody below it, or stays with them: who was reached is never forgotten of one that may still be claimed anew.
  reminders: (at) => sql`
    with old as materialized (
      select er.id, er.settled_at, er.participants from event_reminders er
      where er.settled_at < ${at} - make_interval(months => ${LEDGER_MONTHS}) and er.status <> 'pending'
        and not exists (select from event_reminders_logs l where l.event_reminders_id = er.id and l.status = 'pending')
      order by er.settled_at limit ${PRUNED_AT_ONCE} for update of er skip locked
    ), share as (
      select id, row_number() over (order by settled_at, id) = 1 or sum(coalesce(participants, 0) + 1) over (order by settled_at, id) <= ${PEOPLE_AT_ONCE} as fits
      from old
    ), gone as (
      delete from event_reminders where id in (select id from share where fits) returning 1
    )
    select (select count(*)::int from gone) as gone, (select count(*) = ${PRUNED_AT_ONCE} or not bool_and(fits) from share) as more`,
};

/** One batch of what `name` says; `now`: the job's, ms. One round trip. */
export const pruneBatch = (db: Db, name: string, now: number): Promise<{ gone: number; more: boolean }> =>
  row(db, BATCHES[name]!(sql`${new Date(now).toISOString()}::timestamptz`));
