/** Alerts as the operator sees and quiets them. What they mean to Discord stands in alerts.ts. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row, rows } from "../clients/neon.ts";
import { conflict, notFound } from "../errors.ts";
import { rfc3339Of } from "./access.ts";
import { ALERTS_JOB } from "./alert-facts.ts";
import { rfc3339 } from "./time.ts";

const BY_HAND = `${ALERTS_JOB} by hand`;
/** A look asks every service outside, some of them twice. */
const LOOK_EVERY_SECONDS = 30;
const CLOSED_DAYS = 7;
const AT_ONCE = 200;

export type Alert = {
  id: number;
  part: string;
  key: string;
  message: string;
  count: number;
  opened_at: string;
  seen_at: string;
  closed_at: string | null;
  acknowledged_at: string | null;
  silenced_until: string | null;
};

const instant = (ms: number): SQL => sql`${rfc3339(ms)}::timestamptz`;

/** Open ones first, then those that were closed within a week; each newest first. One round trip. */
export const listAlerts = (db: Db, now: number): Promise<Alert[]> =>
  rows(
    db,
    sql`select a.id, a.part, a.key, a.message, a.count, ${rfc3339Of(sql`a.opened_at`)} as opened_at, ${rfc3339Of(sql`a.seen_at`)} as seen_at,
               ${rfc3339Of(sql`a.closed_at`)} as closed_at, ${rfc3339Of(sql`a.acknowledged_at`)} as acknowledged_at, ${rfc3339Of(sql`a.silenced_until`)} as silenced_until
        from ((select * from alerts where closed_at is null order by opened_at desc limit ${AT_ONCE})
              union all
              (select * from alerts where closed_at > ${instant(now)} - make_interval(days => ${CLOSED_DAYS}) order by closed_at desc limit ${AT_ONCE})) a
        order by a.closed_at is not null, coalesce(a.closed_at, a.opened_at) desc, a.id desc`,
  );

/** Nothing more is posted of it; what stands in the channel is put right once it is over. One round trip. Throws not_found, conflict. */
export const acknowledgeAlert = (db: Db, id: number, now: number): Promise<void> =>
  changeOpen(db, id, sql`acknowledged_at = coalesce(acknowledged_at, ${instant(now)})`);

/** The same for so many minutes; 0 ends it. One round trip. Throws not_found, conflict. */
export const silenceAlert = (db: Db, id: number, minutes: number, now: number): Promise<void> =>
  changeOpen(
    db,
    id,
    minutes === 0 ? sql`silenced_until = null` : sql`silenced_until = ${instant(now + minutes * 60_000)}`,
  );

async function changeOpen(db: Db, id: number, change: SQL): Promise<void> {
  const { known, changed } = await row<{ known: boolean; changed: boolean }>(
    db,
    sql`with changed as (update alerts set ${change} where id = ${id} and closed_at is null returning id)
        select exists (select from alerts where id = ${id}) as known, exists (select from changed) as changed`,
  );
  if (!known) throw notFound("alert");
  if (!changed) throw conflict("The alert is over");
}

/** Lets one look begin where the last one, by hand or by the clock, is long enough ago; else answers in how many seconds. One round trip. */
export async function claimLook(db: Db, now: number): Promise<{ wait_seconds: number }> {
  const at = instant(now);
  const recent = sql`ran_at > ${at} - make_interval(secs => ${LOOK_EVERY_SECONDS})`;
  const { claimed, ago } = await row<{ claimed: boolean; ago: number | null }>(
    db,
    sql`with claimed as (
          insert into schedule_runs (job, ran_at, now_at)
          select ${BY_HAND}, ${at}, ${at} where not exists (select from schedule_runs where job = ${ALERTS_JOB} and ${recent})
          on conflict (job) do update set ran_at = excluded.ran_at, now_at = excluded.now_at where not (schedule_runs.${recent})
          returning 1
        )
        select exists (select from claimed) as claimed,
               (select extract(epoch from ${at} - max(ran_at))::float8 from schedule_runs where job in (${ALERTS_JOB}, ${BY_HAND})) as ago`,
  );
  const wait = Math.ceil(LOOK_EVERY_SECONDS - (ago ?? 0));
  return { wait_seconds: claimed ? 0 : Math.min(LOOK_EVERY_SECONDS, Math.max(1, wait)) };
}
