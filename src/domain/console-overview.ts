/** How reminders go, for the operator: what fell due and what became of it by the minute, what waits, and what is broken. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
import { rfc3339Of } from "./access.ts";
import { spendingMonth } from "./sms-spending.ts";
import { oldestOverdue } from "./status.ts";
import { rfc3339 } from "./time.ts";

/** Of what waits in one queue so many rows are counted at the most. */
const WAITING = 20_000;
const OUTCOMES = 200;
/** A day after a flood must not make the console slow: of more deliveries than this the newest speak for the window, and `from` says since when. */
const NEWEST = 200_000;

type Queue = { queue: string; waiting: number; oldest_at: string | null };
type Minute = {
  at: string;
  due: number;
  sent: number;
  failed: number;
  suppressed: number;
  expired: number;
  p95: number | null;
};

export type Overview = {
  /** The window's beginning, or a later one where there were too many deliveries to count them all: nothing before it is counted. */
  from: string;
  to: string;
  cut: boolean;
  step_seconds: number;
  /** One for each step. `due`: people whose reminder fell due; the others: deliveries that were settled, fallbacks among them. */
  minutes: Minute[];
  /** From due to accepted by the provider, in seconds; null where nothing was sent. */
  lateness: { p50: number | null; p95: number | null; p99: number | null };
  outcomes: { channel: string; outcome: string; reason: string | null; count: number }[];
  /** What is due and not settled, by the queue that wakes it up. */
  queues: Queue[];
  last_tick_at: string | null;
  oldest_overdue_at: string | null;
  dead_letters: number;
  alerts: number;
  sms: { spent_usd: string; budget_usd: string };
};

/** The whole steps up to the one that `now` falls into, so that the chart's marks stand still between two looks. */
function stepsOf(minutes: number, now: number) {
  const seconds = minutes > 180 ? 600 : 60;
  const last = Math.floor(now / (seconds * 1000)) * seconds * 1000;
  return { seconds, from: last + seconds * 1000 - minutes * 60_000 };
}

/** The statement of `readOverview`. `newest`: so many deliveries are counted at the most. */
export function overviewStatement(minutes: number, now: number, newest = NEWEST): SQL {
  const { seconds, from } = stepsOf(minutes, now);
  const [since, at] = [sql`${rfc3339(from)}::timestamptz`, sql`${rfc3339(now)}::timestamptz`];
  const step = (instant: SQL) => sql`date_bin(make_interval(secs => ${seconds}), ${instant}, ${since})`;
  const percentile = (part: number) =>
    sql`round((percentile_cont(${part}::float8) within group (order by late))::numeric, 3)::float8`;
  return sql`
    with ended as materialized (
      select event_reminders_id, channel, status, reason, last_error, settled_at from event_reminders_logs
      where settled_at >= ${since} and settled_at <= ${at} order by settled_at desc limit ${newest}
    ), fell as materialized (
      select r.due_at as reminder_due_at, l.due_at
      from event_reminders r join event_reminders_logs l on l.event_reminders_id = r.id and l.step = 0
      where r.due_at >= ${since} and r.due_at <= ${at} order by r.due_at desc limit ${newest}
    ), counted as materialized (
      select greatest(${since}, (select case when count(*) >= ${newest} then min(settled_at) end from ended),
                      (select case when count(*) >= ${newest} then min(reminder_due_at) end from fell)) as since
    ), settled as materialized (
      select ${step(sql`l.settled_at`)} as step, l.channel, l.status, l.reason, l.last_error,
             case when l.status = 'sent' then extract(epoch from l.settled_at - r.send_at)::float8 end as late
      from ended l join event_reminders r on r.id = l.event_reminders_id where l.settled_at >= (select since from counted)
    ), by_step as (
      select step, count(*) filter (where status = 'sent') as sent, count(*) filter (where status = 'failed') as failed,
             count(*) filter (where status = 'suppressed') as suppressed, count(*) filter (where status = 'expired') as expired, ${percentile(0.95)} as p95
      from settled group by 1
    ), due as (
      select ${step(sql`due_at`)} as step, count(*) as due from fell
      where reminder_due_at >= (select since from counted) and due_at between (select since from counted) and ${at} group by 1
    )
    select (select json_agg(json_build_object('at', ${rfc3339Of(sql`s.step`)}, 'due', coalesce(d.due, 0), 'sent', coalesce(b.sent, 0), 'failed', coalesce(b.failed, 0),
                                              'suppressed', coalesce(b.suppressed, 0), 'expired', coalesce(b.expired, 0), 'p95', b.p95) order by s.step)
            from generate_series((select ${step(sql`since`)} from counted), ${at}, make_interval(secs => ${seconds})) s (step) left join by_step b using (step) left join due d using (step)) as minutes,
           (select json_build_object('p50', ${percentile(0.5)}, 'p95', ${percentile(0.95)}, 'p99', ${percentile(0.99)}) from settled) as lateness,
           ${listOf(sql`select channel, status as outcome, case when status = 'sent' then reason else coalesce(last_error, reason) end as reason, count(*)::int as count
                        from settled group by 1, 2, 3 order by 4 desc, 1, 2, 3 limit ${OUTCOMES}`)} as outcomes,
           ${listOf(sql`select queue, count(since)::int as waiting, ${rfc3339Of(sql`min(since)`)} as oldest_at
                        from (${sql.join(waiting(at), sql` union all `)}) w group by 1 order by min(place)`)} as queues,
           ${rfc3339Of(sql`(select ran_at from schedule_runs where job = 'schedule-events')`)} as last_tick_at,
           ${rfc3339Of(oldestOverdue(at, { retried: true }))} as oldest_overdue_at,
           (select count(*)::int from dead_letters where replayed_at is null) as dead_letters,
           (select count(*)::int from alerts where closed_at is null) as alerts,
           coalesce((select spent_usd from sms_spending where month = ${spendingMonth(rfc3339(now))}), 0)::text as spent_usd,
           ${rfc3339Of(sql`(select since from counted)`)} as "from", (select since > ${since} from counted) as cut`;
}

/** By queue, the instants since which something waits, and one null, so that an empty queue is told too. Each through the partial index of what waits. */
function waiting(at: SQL): SQL[] {
  const of: [queue: string, since: SQL][] = [
    [
      "schedule-notifications",
      sql`select due_at from event_reminders where status = 'pending' and due_at <= ${at} order by next_attempt_at limit ${WAITING}`,
    ],
    ...(["sms", "email", "push"] as const).map((channel): [string, SQL] => [
      `send-${channel}`,
      sql`select due_at from event_reminders_logs where status = 'pending' and due_at <= ${at} and channel = ${channel}::channel order by next_attempt_at limit ${WAITING}`,
    ]),
    [
      "send-push-group-invitation",
      sql`select created_at from group_invitation_logs where delivery_status = 'pending' and status = 'open' order by next_attempt_at limit ${WAITING}`,
    ],
    [
      "schedule-push-comments",
      sql`select created_at from events_comments where next_attempt_at is not null order by next_attempt_at limit ${WAITING}`,
    ],
  ];
  return of.map(
    ([queue, since], place) => sql`
      select ${place}::int as place, ${queue}::text as queue, q.since from (select null::timestamptz as since union all (${since})) q`,
  );
}

const listOf = (query: SQL): SQL => sql`(select coalesce(json_agg(x), '[]') from (${query}) x)`;

type Found = Omit<Overview, "to" | "step_seconds" | "sms"> & { spent_usd: string };

/** Of `minutes` back from `now`, ms. One round trip. */
export async function readOverview(
  db: Db,
  minutes: number,
  now: number,
  budget_usd: string,
  newest = NEWEST,
): Promise<Overview> {
  const { seconds } = stepsOf(minutes, now);
  const { spent_usd, ...found } = await row<Found>(db, overviewStatement(minutes, now, newest));
  return { to: rfc3339(now), step_seconds: seconds, ...found, sms: { spent_usd, budget_usd } };
}
