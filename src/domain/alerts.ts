/**
 * A fault of a part from opened to told. The row says what is still to be told, so that nothing is lost or told twice:
 *
 *   no row         -> open               keepFaults       a run found it
 *   open           -> closed             keepFaults       a run that knows the whole part did not find it
 *   posted: null   -> "open" -> "closed" claimUntold, settleTold: what Discord has of it, by the run that holds it until posting_until
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, rows, transact } from "../clients/neon.ts";
import { rfc3339Of } from "./access.ts";
import { ALERTS_JOB, type Runs } from "./alert-facts.ts";
import type { Report } from "./faults.ts";
import { rfc3339 } from "./time.ts";

/** An alert that other code wrote, and no check knows, is an event: it is over when it was not seen for so long. */
const EVENT_HOURS = 24;
/** Longer than a run may take: after it, the run that was at posting is taken for dead. */
const POSTING_SECONDS = 240;
const AT_ONCE = 20;

/** An outage that no table could keep. `discord_message_id` null: nobody was told. */
export type Outage = { part: string; key: string; message: string; since: number; discord_message_id: string | null };

/** A run's findings. `runs`: as read with the facts. */
type Findings = {
  reports: Report[];
  runs: Runs;
  outage: Outage | null;
  /** Whether there is anybody to tell; if not, what is over counts as told. */
  told: boolean;
};

const instant = (at: number): SQL => sql`${rfc3339(at)}::timestamptz`;

/**
 * Opens what is new, notes what lasts and closes what is over; of two runs at once the first one counts, and false is answered to the other. One round trip.
 */
export async function keepFaults(db: Db, now: number, { reports, runs, outage, told }: Findings): Promise<boolean> {
  const at = instant(now);
  const faults = reports.flatMap((report) => report.faults);
  const complete = reports.filter((report) => report.complete).map(({ part }) => part);
  const known = reports.map(({ part }) => part);
  const kept = await transact<{ first: boolean }>(
    db,
    // One at a time: the second statement sees what the other run wrote.
    sql`select pg_advisory_xact_lock(hashtext(${ALERTS_JOB}))`,
    sql`with run as (
          insert into schedule_runs (job, ran_at, now_at, errors_seen) values (${ALERTS_JOB}, ${at}, ${at}, ${runs.last_error}::bigint)
          on conflict (job) do update set ran_at = excluded.ran_at, now_at = excluded.now_at, errors_seen = coalesce(excluded.errors_seen, schedule_runs.errors_seen)
          where schedule_runs.ran_at is not distinct from ${runs.last_run_at}::timestamptz
          returning job
        ), fault as (
          select f.* from jsonb_to_recordset(${JSON.stringify(faults)}::jsonb) as f (part text, key text, message text, count int) where exists (select from run)
        ), opened as (
          insert into alerts (part, key, message, count, opened_at, seen_at)
          select part, key, message, count, ${at}, ${at} from fault
          on conflict (part, key) where closed_at is null
          do update set message = excluded.message, count = alerts.count + excluded.count, seen_at = excluded.seen_at
        ), closed as (
          update alerts a set closed_at = ${at}, posted = case when ${told}::boolean then a.posted else 'closed' end
          where a.closed_at is null and exists (select from run)
            and (a.part = any(${sql.param(complete)}::text[]) and not exists (select from fault f where f.part = a.part and f.key = a.key)
                 or a.part <> all(${sql.param(known)}::text[]) and a.seen_at < ${at} - make_interval(hours => ${EVENT_HOURS}))
        ), away as (
          insert into alerts (part, key, message, opened_at, seen_at, closed_at, discord_message_id, posted)
          select o.part, o.key, o.message, o.since, ${at}, ${at}, o.discord_message_id,
                 case when not ${told}::boolean then 'closed' when o.discord_message_id is not null then 'open' end
          from jsonb_to_recordset(${JSON.stringify(outage ? [{ ...outage, since: rfc3339(outage.since) }] : [])}::jsonb)
            as o (part text, key text, message text, since timestamptz, discord_message_id text)
          where exists (select from run) and not exists (select from alerts a where a.part = o.part and a.key = o.key and a.opened_at = o.since)
        )
        select exists (select from run) as first`,
  );
  return kept[0]?.first ?? false;
}

export type Untold = {
  id: number;
  part: string;
  key: string;
  message: string;
  count: number;
  opened_at: string;
  seen_at: string;
  closed_at: string | null;
  posted: "open" | null;
  discord_message_id: string | null;
  /** Acknowledged or silenced: no new message. */
  quiet: boolean;
};

/** It is told, and only lasts: nothing new. It waits behind what began or is over, or enough of these would keep that from being told. */
const onlyLasts = sql`(posted is not null and closed_at is null)`;

/** What is to be told or told again, held for this run until it is settled or the run is taken for dead. Nobody else gets it. One round trip. */
export const claimUntold = (db: Db, now: number): Promise<Untold[]> =>
  rows<Untold>(
    db,
    sql`with held as (
          update alerts a set posting_until = ${instant(now)} + make_interval(secs => ${POSTING_SECONDS})
          where a.id in (
            select id from alerts
            where posted is distinct from 'closed' and (posting_until is null or posting_until <= ${instant(now)})
              and (closed_at is not null or not ${quiet(now)})
            order by ${onlyLasts}, id limit ${AT_ONCE} for update skip locked)
          returning a.*
        )
        select id, part, key, message, count, ${rfc3339Of(sql`opened_at`)} as opened_at, ${rfc3339Of(sql`seen_at`)} as seen_at,
               ${rfc3339Of(sql`closed_at`)} as closed_at, posted, discord_message_id, ${quiet(now)} as quiet
        from held order by ${onlyLasts}, id`,
  );

const quiet = (now: number): SQL =>
  sql`(acknowledged_at is not null or coalesce(silenced_until > ${instant(now)}, false))`;

export type Told = { id: number; posted: "open" | "closed" | null; discord_message_id: string | null };

/** Writes what has been told, and lets go; `posted` null: nothing was, another run tries. Safe to repeat. One round trip. */
export async function settleTold(db: Db, told: Told[]): Promise<void> {
  await rows(
    db,
    sql`update alerts a set posted = coalesce(t.posted, a.posted), discord_message_id = coalesce(t.discord_message_id, a.discord_message_id), posting_until = null
        from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as t (id bigint, posted text, discord_message_id text) where a.id = t.id`,
  );
}
