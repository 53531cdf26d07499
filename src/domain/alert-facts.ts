/** What the database knows of how Torium does, by the indexes of its tables, and bounded whatever lies there. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
import { rfc3339Of } from "./access.ts";
import type { Ledger } from "./faults.ts";
import { TRACES_DAYS } from "./keeping.ts";
import { spendingMonth } from "./sms-spending.ts";
import { oldestOverdue } from "./status.ts";
import { rfc3339 } from "./time.ts";

export const ALERTS_JOB = "torium-alerts";

const WINDOW_MINUTES = 10;
const NEWEST = 20_000;
const WAITING = 2_000;
/** A delivery that was refused a moment ago is on its way again: only what waits longer is a fault. */
const WAITS_SECONDS = 10;
const DEAD_LETTERS_DAYS = 7;
/** A night lies within it, in which whatever the request could not do is tried again. */
const ERASURE_HOURS = 24;

/** Since the last run, or of the window where there was none. */
const sinceLastRun = (at: SQL): SQL =>
  sql`coalesce((select ran_at from schedule_runs where job = ${ALERTS_JOB}), ${at} - make_interval(mins => ${WINDOW_MINUTES}))`;

/**
 * By number and not by time: an error bears the moment at which it happened, and one that is written down a little later would lie between two runs. Where no
 * run has seen any, those of before the last run are taken for seen.
 */
const errorsSeen = (at: SQL): SQL => sql`coalesce(
  (select errors_seen from schedule_runs where job = ${ALERTS_JOB}),
  (select id from worker_errors where created_at <= ${sinceLastRun(at)} order by created_at desc limit 1), 0)`;

/** The statement of `readLedger`. `now`: ms on the machine's clock. */
export function ledgerStatement(now: number): SQL {
  const at = sql`${rfc3339(now)}::timestamptz`;
  return sql`
    with settled as materialized (
      select event_reminders_id, channel, step, attempts, status, last_error, settled_at from event_reminders_logs
      where settled_at > ${at} - make_interval(mins => ${WINDOW_MINUTES}) and settled_at <= ${at}
      order by settled_at desc limit ${NEWEST}
    ), late as (
      select s.channel, extract(epoch from s.settled_at - r.send_at)::float8 as seconds
      from settled s join event_reminders r on r.id = s.event_reminders_id where s.status = 'sent' and s.step = 0 and s.attempts <= 1
    ), waiting as (
      select l.channel, l.last_error as error, r.send_at
      from (select event_reminders_id, channel, last_error from event_reminders_logs where status = 'pending' order by next_attempt_at limit ${WAITING}) l
      join event_reminders r on r.id = l.event_reminders_id
      where l.last_error is not null and r.send_at <= ${at} - make_interval(secs => ${WAITS_SECONDS})
    ), unexpected as materialized (
      select id, event, error, request_id from worker_errors where id > ${errorsSeen(at)} order by id desc limit ${NEWEST}
    )
    select ${rfc3339Of(sql`(select ran_at from schedule_runs where job = 'schedule-events')`)} as last_tick_at,
           ${rfc3339Of(sql`(select ran_at from schedule_runs where job = ${ALERTS_JOB})`)} as last_run_at,
           ${rfc3339Of(oldestOverdue(at, { retried: false }))} as oldest_overdue_at,
           (select count(*)::int from (select status, settled_at from event_reminders order by id desc limit ${WAITING}) r
            where r.status = 'expired' and r.settled_at > ${sinceLastRun(at)} and r.settled_at <= ${at}) as expired_reminders,
           ${listOf(sql`select channel, status as outcome, last_error as error, count(*)::int as count from settled group by 1, 2, 3`)} as settled,
           ${listOf(sql`select channel, percentile_cont(0.95) within group (order by seconds) as p95, (count(*) filter (where seconds > 60))::int as late from late group by 1`)} as lateness,
           ${listOf(sql`select channel, error, count(*)::int as count, ${rfc3339Of(sql`min(send_at)`)} as since from waiting group by 1, 2`)} as waiting,
           ${listOf(sql`select queue, count(*)::int as count from (
               select queue from dead_letters where created_at > ${at} - make_interval(days => ${DEAD_LETTERS_DAYS}) and replayed_at is null order by created_at desc limit ${WAITING}) d
             group by 1`)} as dead_letters,
           (select json_build_object('count', count(*), 'since', ${rfc3339Of(sql`min(p.created_at)`)})
            from (values ('endpoint', ${ERASURE_HOURS}::int), ('pool_user', ${ERASURE_HOURS}::int), ('traces', ${24 * TRACES_DAYS + ERASURE_HOURS}::int)) k (kind, hours)
            cross join lateral (
              select created_at from pending_erasures where kind = k.kind::erasure_kind and created_at <= ${at} - make_interval(hours => k.hours)
              order by created_at limit ${WAITING}) p) as erasures,
           ${listOf(sql`select event, error, count(*)::int as count, max(request_id) as request_id from unexpected group by 1, 2 order by 3 desc limit 20`)} as errors,
           (select max(id) from unexpected) as last_error,
           to_char(${spendingMonth(rfc3339(now))}, 'YYYY-MM') as month,
           coalesce((select spent_usd from sms_spending where month = ${spendingMonth(rfc3339(now))}), 0)::text as sms_spent_usd,
           (select count(*)::int from ${suppressedWithin(at)} s where s.channel = 'email' and s.reason = 'bounced') as bounces,
           (select count(*)::int from ${suppressedWithin(at)} s where s.channel = 'email' and s.reason = 'complained') as complaints,
           (select sum(numbackends)::int from pg_stat_database) as connections,
           current_setting('max_connections')::int as max_connections`;
}

const listOf = (query: SQL): SQL => sql`(select coalesce(json_agg(x), '[]') from (${query}) x)`;

const suppressedWithin = (at: SQL): SQL =>
  sql`(select channel, reason from suppressed_addresses where created_at > ${at} - interval '1 day' order by created_at desc limit ${NEWEST})`;

/** What a run knows of the one before it, and hands on to the next. */
export type Runs = { last_run_at: string | null; last_error: number | null };

/** Also when the last run was, and the newest unexpected error that is new. One round trip. Throws `unavailable`. */
export const readLedger = (db: Db, now: number): Promise<Ledger & Runs> => row(db, ledgerStatement(now));
