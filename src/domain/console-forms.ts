/** Forms of the console that were used, and sessions that were ended before their time: neither is good any more. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, row, rows } from "../clients/neon.ts";
import { rfc3339 } from "./time.ts";

/** Uses a form up; false where it was used before. Of two at once one waits for the other. One round trip. */
export async function spendForm(db: Db, form: string, now: number): Promise<boolean> {
  const { spent } = await row<{ spent: boolean }>(
    db,
    sql`with spent as (
          insert into console_forms (form, spent_at) values (${form}, ${rfc3339(now)}::timestamptz) on conflict do nothing returning 1
        )
        select exists (select from spent) as spent`,
  );
  return spent;
}

/** By its hash, beside the forms: a row is kept for longer than either is good. */
const ended = (session: string): SQL => sql`'session ' || encode(sha256(convert_to(${session}, 'UTF8')), 'hex')`;

/** Safe to repeat. One round trip. */
export async function endSession(db: Db, session: string, now: number): Promise<void> {
  await rows(
    db,
    sql`insert into console_forms (form, spent_at) values (${ended(session)}, ${rfc3339(now)}::timestamptz) on conflict do nothing`,
  );
}

/** One round trip. */
export async function hasEnded(db: Db, session: string): Promise<boolean> {
  return (
    await row<{ ended: boolean }>(
      db,
      sql`select exists (select from console_forms where form = ${ended(session)}) as ended`,
    )
  ).ended;
}
