/** Requests that meet in the middle of their work. */
import { sql } from "drizzle-orm";
import { query } from "./index.ts";

let holds = 0;

/** Begins `requests` once another's `change` is made and not committed; it is when as many of them as there are wait for it, or for each other. */
export async function meanwhile<T>(change: string, requests: (() => Promise<T>)[]): Promise<T[]> {
  const hold = ++holds;
  const held = query(
    sql.raw(`do $$ begin
      ${change};
      perform pg_advisory_xact_lock(4711, ${hold});
      for turn in 1..300 loop
        exit when ${requests.length} <= (
          select count(distinct w.pid) from pg_locks w join pg_locks own on own.pid = w.pid
          where not w.granted and own.database = (select oid from pg_database where datname = current_database()));
        perform pg_sleep(0.01);
      end loop;
    end $$`),
  );
  const made = sql`select from pg_locks where locktype = 'advisory' and classid = 4711 and objid = ${hold} and granted
    and database = (select oid from pg_database where datname = current_database())`;
  while ((await query(made)).length === 0);
  const answers = await Promise.all(requests.map((request) => request()));
  await held;
  return answers;
}
