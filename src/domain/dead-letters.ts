/** Messages that could not be read or ran out of tries: kept whole, with the reason, for replay. */
import { sql } from "drizzle-orm";
import { type Db, rows } from "../clients/neon.ts";

export type DeadLetter = { queue: string; message_id: string; body: unknown; reason: string };

/** Writing the same message again changes nothing. One round trip. */
export async function writeDeadLetters(db: Db, letters: DeadLetter[]): Promise<void> {
  // PostgreSQL's text holds no NUL; in JSON it stands as an escape, which text keeps as it is.
  const input = letters.map((letter) => ({ ...letter, body: JSON.stringify(letter.body) ?? "null" }));
  await rows(
    db,
    sql`insert into dead_letters (queue, message_id, body, reason)
        select l.queue, l.message_id, l.body, l.reason
        from unnest(${texts(input.map((l) => l.queue))}, ${texts(input.map((l) => l.message_id))},
                    ${texts(input.map((l) => l.body))}, ${texts(input.map((l) => l.reason))}) as l (queue, message_id, body, reason)
        on conflict (queue, message_id) do nothing`,
  );
}

const texts = (values: string[]) => sql`${sql.param(values)}::text[]`;

/** What the ledger knows of a delivery that ran out of tries: the last error of its rows; null where it knows nothing. One round trip. */
export async function lastErrors(db: Db, logIds: number[]): Promise<Map<number, string>> {
  const found = await rows<{ id: number; last_error: string }>(
    db,
    sql`select id, last_error from event_reminders_logs where id = any(${sql.param(logIds)}::bigint[]) and last_error is not null`,
  );
  return new Map(found.map(({ id, last_error }) => [id, last_error]));
}
