/** Changes of where people are reached that have a longer way through the product than the simulation goes. */
import { emailOf } from "./arrangement.ts";
import type { Database } from "./database.ts";

/** A number belongs to whoever verified it last. */
export async function takeNumber(database: Database, person: number, other: number): Promise<void> {
  if (person === other) return;
  const [found] = await database.query<{ number: string | null }>(
    "select mobile_number as number from users where id = $1",
    [other],
  );
  if (!found?.number) return;
  await database.query(
    "update users set mobile_number = null, reminder_preferences = nullif(reminder_preferences, 'SMS') where id = $1",
    [other],
  );
  await database.query("update users set mobile_number = $2, reminder_preferences = 'SMS' where id = $1", [
    person,
    found.number,
  ]);
}

export const unsubscribe = (database: Database, person: number) =>
  database.query(
    "insert into suppressed_addresses (channel, address, reason) values ('email', $1, 'unsubscribed') on conflict do nothing",
    [emailOf(person)],
  );

export const switchOff = (database: Database, person: number, channel: string) =>
  database.query(
    "insert into notification_preferences (user_id, kind, channel) values ($1, 'reminder', $2::channel) on conflict do nothing",
    [person, channel],
  );
