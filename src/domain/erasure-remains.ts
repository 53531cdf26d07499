/**
 * What erasures leave to do, rows of pending_erasures: devices' endpoints and pool users that are to be forgotten outside, and traces of erased people
 * that were on their way and turn up later. Each is tried by the request at once where it can be, and by the nightly schedule until it is done.
 */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row, rows, transact } from "../clients/neon.ts";
import { forgetInLetters, mentionsOfPerson } from "./dead-letters.ts";
import { TRACES_DAYS } from "./keeping.ts";

/** `endpoint`: an ARN; `pool_user`: a name in the pool. */
export type Outside = { id: number; kind: "endpoint" | "pool_user"; target: string };
/** Who forgets outside. Each is safe to repeat, and throws where it is to be tried again. */
export type Forgetting = Record<Outside["kind"], (target: string) => Promise<void>>;

/** Nobody else tries it meanwhile. */
export const OUTSIDE_AGAIN_AFTER_MINUTES = 10;
const TRACES_AGAIN_AFTER_HOURS = 20;
/** Connections at once: one is left for the database. */
const AT_ONCE = 5;

const instant = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;

/** Has them forgotten, and crosses out what is; answers the faults, whose rows stay. One round trip to the database. */
export async function forgetOutside(db: Db, outside: Outside[], forget: Forgetting): Promise<unknown[]> {
  const done: number[] = [];
  const faults: unknown[] = [];
  for (let from = 0; from < outside.length; from += AT_ONCE) {
    await Promise.all(
      outside.slice(from, from + AT_ONCE).map(({ id, kind, target }) =>
        forget[kind](target).then(
          () => done.push(id),
          (fault: unknown) => faults.push(fault),
        ),
      ),
    );
  }
  if (done.length > 0) await rows(db, sql`delete from pending_erasures where id = any(${sql.param(done)}::bigint[])`);
  return faults;
}

/**
 * Up to `limit` of those outside that nobody is at. An endpoint on which somebody is signed in by now is theirs, and not forgotten any more. `now`: the
 * machine's, ms. One round trip.
 */
export function claimOutside(db: Db, now: number, limit: number): Promise<Outside[]> {
  return rows<Outside>(
    db,
    sql`with due as (
          select p.id, d.taken is not null as taken from pending_erasures p
          -- Each by itself: as one of the columns, all devices would be read for it.
          left join lateral (select true as taken from devices d where p.kind = 'endpoint' and d.device_arn = p.target limit 1) d on true
          where p.kind <> 'traces' and p.next_attempt_at <= ${instant(now)} order by p.next_attempt_at limit ${limit} for update of p skip locked
        ), dropped as (
          delete from pending_erasures p using due d where p.id = d.id and d.taken
        )
        update pending_erasures p set attempts = least(p.attempts + 1, 32767), next_attempt_at = ${instant(now)} + make_interval(mins => ${OUTSIDE_AGAIN_AFTER_MINUTES})
        from due d where p.id = d.id and not d.taken
        returning p.id, p.kind, p.target`,
  );
}

/** Whether an account of the pool is an erased person's. One round trip. */
export async function wasErased(db: Db, sub: string): Promise<boolean> {
  const { erased } = await row<{ erased: boolean }>(
    db,
    sql`select exists (select from erased_people where cognito_user_id_sha256 = encode(sha256(convert_to(${sub}, 'UTF8')), 'hex')) as erased`,
  );
  return erased;
}

/** Settles and forgets what has turned up of up to `limit` erased people since they went; answers how many were looked at. Two round trips, one where there are none. */
export async function forgetTraces(db: Db, now: number, limit: number): Promise<number> {
  const at = instant(now);
  const traced = await rows<{ id: number; target: string }>(
    db,
    sql`update pending_erasures p set next_attempt_at = ${at} + make_interval(hours => ${TRACES_AGAIN_AFTER_HOURS})
        where p.id in (select id from pending_erasures where kind = 'traces' and next_attempt_at <= ${at} order by next_attempt_at limit ${limit} for update skip locked)
        returning p.id, p.target`,
  );
  if (traced.length === 0) return 0;
  const people = sql`${sql.param(traced.map(({ target }) => Number(target)))}::bigint[]`;
  await transact(
    db,
    settleOfGone(people, at),
    forgetInLetters(mentionsOfPerson(sql`select unnest(${people})`)),
    sql`delete from pending_erasures
        where id = any(${sql.param(traced.map(({ id }) => id))}::bigint[]) and created_at <= ${at} - make_interval(days => ${TRACES_DAYS})`,
  );
  return traced.length;
}

/** Suppresses the pending deliveries to people, an array, that nobody is sending right now. */
export const settleOfGone = (people: SQL, at: SQL): SQL => sql`
  update event_reminders_logs set status = 'suppressed', last_error = 'person_gone', settled_at = ${at}, lease_token = null, lease_until = null
  where id in (
    select l.id from event_reminders_users p
    join event_reminders_logs l on l.event_reminders_id = p.event_reminders_id and l.user_id = p.user_id
    where p.user_id = any(${people}) and l.status = 'pending' and (l.lease_until is null or l.lease_until <= ${at})
    for update of l skip locked)`;
