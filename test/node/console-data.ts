import type { Client } from "pg";

export const hostile = `<img src=x onerror="document.title='broken'"> & "quoted" ${"unbroken".repeat(12)}`;

/**
 * Reminder 1 with a person who was reached, one who was reached on no channel and one who had muted the event; an alert and a dead letter. Person 1 wants
 * SMS and has no number.
 */
export async function writeConsoleData(db: Client): Promise<void> {
  const insert = (table: string, row: Record<string, unknown>) => {
    const names = Object.keys(row);
    const places = names.map((_, place) => `$${place + 1}`);
    return db.query(`insert into ${table} (${names.join(", ")}) values (${places.join(", ")})`, Object.values(row));
  };
  const now = Date.now();
  const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();
  for (const [id, name] of [
    [1, "Zofia Testowa"],
    [2, "Jan Testowy"],
    [3, hostile],
  ] as const) {
    await insert("users", {
      id,
      cognito_user_id: `console-${id}`,
      email: id === 1 ? "zofia@console.test" : `person-${id}@console.test`,
      username: name,
      reminder_preferences: id === 1 ? "SMS" : null,
      confirmed_at: ago(9_000),
    });
  }
  // People who sign up are numbered after these.
  await db.query("select setval(pg_get_serial_sequence('users', 'id'), 3)");
  await insert("event_reminders", {
    id: 1,
    event_id: 1,
    group_id: 1,
    event_timestamp: "2026-11-21 18:00:00",
    reminder: "30",
    kind: "automatic",
    due_at: ago(600),
    starts_at: ago(-1_200),
    revision: 1,
    claimed_at: ago(700),
    send_at: ago(600),
    status: "picked",
    participants: 3,
    next_attempt_at: ago(600),
    settled_at: ago(590),
  });
  const people = [
    { user_id: 1, picked: true, reason: "participant" },
    { user_id: 2, picked: false, reason: "muted" },
    { user_id: 3, picked: true, reason: "participant" },
  ];
  for (const [position, one] of people.entries()) {
    await insert("event_reminders_users", { event_reminders_id: 1, position, ...one });
  }
  const delivery = {
    event_reminders_id: 1,
    due_at: ago(600),
    next_attempt_at: ago(600),
    attempts: 1,
    settled_at: ago(590),
  };
  await insert("event_reminders_logs", {
    ...delivery,
    user_id: 1,
    channel: "email",
    step: 0,
    reason: "sms: no_verified_number",
    status: "sent",
    provider_message_id: "0102018f-console",
  });
  await insert("event_reminders_logs", {
    ...delivery,
    user_id: 3,
    channel: "push",
    step: 0,
    reason: "chosen",
    status: "failed",
    last_error: hostile,
  });
  await insert("alerts", { part: "sms", key: hostile, message: hostile });
  await insert("alerts", { part: "tick", key: "to-be-acknowledged", message: "No tick came" });
  await insert("alerts", { part: "ses", key: "over", message: "It is over", opened_at: ago(900), closed_at: ago(60) });
  await insert("dead_letters", { queue: hostile, message_id: hostile, body: JSON.stringify(hostile), reason: hostile });
}
