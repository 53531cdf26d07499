/** How Torium is at a glance: the public heartbeat, from one cheap statement. Nothing of it is about anybody. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
import { rfc3339Of } from "./access.ts";
import { rfc3339 } from "./time.ts";

/** A tick comes each minute: two missed in a row, and something is broken. */
export const TICK_SILENT_AFTER_SECONDS = 180;
/** A reminder is claimed ahead of time and swept each minute: one that still waits then is not on its way. */
export const OVERDUE_AFTER_SECONDS = 180;
const WINDOW_MINUTES = 60;
/** A flood must not make the heartbeat slow: of more deliveries than this the newest speak for the window, and `from` says since when. */
const NEWEST = 20_000;
/** Of what waits, so many rows are looked at, the longest awaited first. */
const WAITING = 500;

export type Outcome = "sent" | "failed" | "suppressed" | "expired";

export type Status = {
  at: string;
  healthy: boolean;
  database: { reachable: boolean };
  /** Null: it never ran, or nobody can tell. */
  last_tick_at: string | null;
  /** When the longest overdue reminder should have gone; null where none is overdue. */
  oldest_overdue_at: string | null;
  /** From due to accepted by the provider, in seconds; null where nothing was sent. */
  lateness: { p50: number | null; p95: number | null };
  sends: { from: string; to: string; by_channel: { channel: string; outcome: Outcome; count: number }[] };
};

type Which = {
  /** Those too that were tried, failed, and wait for another attempt. */
  retried: boolean;
};

/**
 * `(select …)`: the instant at which the longest overdue reminder was due, null where none is: a lead that no tick has claimed, a reminder whose people are
 * not picked, or a delivery that is not settled. Each through the partial index of what waits.
 */
export const oldestOverdue = (at: SQL, { retried }: Which): SQL => sql`(select min(due) from (
  (select next_due_at as due from event_leads where next_due_at <= ${at} order by next_due_at limit 1)
  union all
  (select min(r.send_at) from (select send_at from event_reminders where status = 'pending' order by next_attempt_at limit ${WAITING}) r where r.send_at <= ${at})
  union all
  (select min(r.send_at) from (select event_reminders_id, last_error from event_reminders_logs where status = 'pending' order by next_attempt_at limit ${WAITING}) l
   join event_reminders r on r.id = l.event_reminders_id where r.send_at <= ${at} and (${retried}::boolean or l.last_error is null))
) overdue)`;

/** The statement of `readStatus`. `now`: ms on the machine's clock. */
export function statusStatement(now: number): SQL {
  const at = sql`${rfc3339(now)}::timestamptz`;
  return sql`
    with settled as materialized (
      select event_reminders_id, channel, status, settled_at from event_reminders_logs
      where settled_at > ${at} - make_interval(mins => ${WINDOW_MINUTES}) and settled_at <= ${at}
      order by settled_at desc limit ${NEWEST}
    ), late as (
      select percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from s.settled_at - r.send_at)::float8) as seconds
      from settled s join event_reminders r on r.id = s.event_reminders_id where s.status = 'sent'
    )
    select ${rfc3339Of(sql`(select ran_at from schedule_runs where job = 'schedule-events')`)} as last_tick_at,
           ${rfc3339Of(oldestOverdue(at, { retried: true }))} as oldest_overdue_at,
           (select round(seconds[1]::numeric, 3)::float8 from late) as p50, (select round(seconds[2]::numeric, 3)::float8 from late) as p95,
           ${rfc3339Of(sql`case when (select count(*) from settled) >= ${NEWEST} then (select min(settled_at) from settled)
                                else ${at} - make_interval(mins => ${WINDOW_MINUTES}) end`)} as "from",
           (select coalesce(json_agg(c), '[]') from (
              select channel, status as outcome, count(*)::int as count from settled group by 1, 2 order by 1, 2) c) as by_channel`;
}

type Found = Pick<Status, "last_tick_at" | "oldest_overdue_at"> &
  Status["lateness"] & { from: string; by_channel: Status["sends"]["by_channel"] };

/** One round trip. Throws `unavailable`. */
export async function readStatus(db: Db, now: number): Promise<Status> {
  const { last_tick_at, oldest_overdue_at, p50, p95, from, by_channel } = await row<Found>(db, statusStatement(now));
  const seconds = (since: string) => (now - Date.parse(since)) / 1000;
  const ticks = last_tick_at !== null && seconds(last_tick_at) <= TICK_SILENT_AFTER_SECONDS;
  const punctual = oldest_overdue_at === null || seconds(oldest_overdue_at) <= OVERDUE_AFTER_SECONDS;
  return {
    at: rfc3339(now),
    healthy: ticks && punctual,
    database: { reachable: true },
    last_tick_at,
    oldest_overdue_at,
    lateness: { p50, p95 },
    sends: { from, to: rfc3339(now), by_channel },
  };
}

/** What can be said where the database does not answer. */
export const unreachableStatus = (now: number): Status => ({
  at: rfc3339(now),
  healthy: false,
  database: { reachable: false },
  last_tick_at: null,
  oldest_overdue_at: null,
  lateness: { p50: null, p95: null },
  sends: { from: rfc3339(now - WINDOW_MINUTES * 60_000), to: rfc3339(now), by_channel: [] },
});
