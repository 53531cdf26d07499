/** Forms of the console that were used. */
import { sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";
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
