/** People for each channel, and what a minute has due for them. Written past the API: what is measured begins with the tick. */
import pg from "pg";

const MINUTE_MS = 60_000;
const YESTERDAY = "(now() - interval '1 day')";
const REMINDERS_THEN = 5_000;
const PEOPLE_THEN = 4;
export const CHANNELS = ["sms", "email", "push"] as const;
export type Channel = (typeof CHANNELS)[number];

/** One group of `count` people, who chose these channels in turn. */
export async function gatherPeople(databaseUrl: string, count: number, channels: readonly Channel[]): Promise<void> {
  const chosen = `(array['${channels.map((one) => one.toUpperCase()).join("','")}'])[n % ${channels.length} + 1]`;
  await script(databaseUrl, [
    `insert into users (id, cognito_user_id, email, username, mobile_number, reminder_preferences, time_zone, locale, confirmed_at)
     select n, 'bench-' || n, 'person-' || n || '@torium.bench', 'Person ' || n, case ${chosen} when 'SMS' then '+48' || 500000000 + n end,
            ${chosen}::preference, 'Europe/Warsaw', (array['en', 'pl'])[n % 2 + 1], now()
     from generate_series(1, ${count}) n`,
    `insert into devices (user_id, platform, device_token, device_arn)
     select n, 'fcm', 'token-' || n, 'arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/torium/' || n from generate_series(1, ${count}) n
     where ${chosen} = 'PUSH'`,
    "insert into groups (id, name, description, admin_id) values (1, 'Everybody', '', 1)",
    `insert into group_members (group_id, user_id, status) select 1, n, 'standard' from generate_series(1, ${count}) n`,
    // A ledger with a past: an empty one would leave PostgreSQL to guess how many people a reminder has, and how many rows wait.
    `insert into event_reminders (id, event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, participants, next_attempt_at, settled_at)
     select n, 1000000000 + n, 1, ${YESTERDAY} at time zone 'UTC', '0', 'automatic', ${YESTERDAY}, ${YESTERDAY}, 1, ${YESTERDAY}, ${YESTERDAY}, 'picked', ${PEOPLE_THEN}, ${YESTERDAY}, ${YESTERDAY}
     from generate_series(1, ${REMINDERS_THEN}) n`,
    `insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
     select r, p, true, 'participant', p - 1 from generate_series(1, ${REMINDERS_THEN}) r, generate_series(1, ${PEOPLE_THEN}) p`,
    `insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, status, attempts, next_attempt_at, provider_message_id, settled_at)
     select event_reminders_id, user_id, 'email', 0, 'chosen', ${YESTERDAY}, 'sent', 1, ${YESTERDAY}, gen_random_uuid(), ${YESTERDAY} from event_reminders_users`,
    "alter table event_reminders alter id restart with 1000000",
  ]);
}

/** How many of them have chosen each. */
export function expected(count: number, channels: readonly Channel[]): Record<Channel, number> {
  const people = { sms: 0, email: 0, push: 0 };
  for (let n = 1; n <= count; n++) people[channels[n % channels.length]!]++;
  return people;
}

/** `many events`: each of the people has one of their own, due within the minute before `now`; `one event`: all take part in one, due a second ago. */
export type Plan = "many events" | "one event";
export const PLANS: Plan[] = ["many events", "one event"];

export const nameOf = (plan: Plan, people: number): string =>
  plan === "many events"
    ? `${people.toLocaleString("en")} reminders due in one minute`
    : `one event with ${people.toLocaleString("en")} participants`;

export async function plan(databaseUrl: string, plan: Plan, count: number, now: number): Promise<void> {
  const events = plan === "many events" ? count : 1;
  const last = Math.floor(now / 1000) * 1000 - 1000;
  const first = last - (plan === "many events" ? MINUTE_MS - 1000 : 0);
  // Whole seconds, as wall times are.
  const starts = `(timestamptz '${new Date(first).toISOString()}' + floor(n * 60.0 / ${events}) * interval '1 second')`;
  const wall = `${starts} at time zone 'Europe/Warsaw'`;
  // As they are planned when they are made: a tick writes this anew only where it changes.
  const upcoming = `jsonb_build_array(jsonb_build_object('event_timestamp', to_char(${wall}, 'YYYY-MM-DD HH24:MI:SS'),
            'starts_at', to_char(${starts} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')))`;
  await script(databaseUrl, [
    `insert into events (group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)
     select 1, 1, 'Football ' || n, 'Bring the ball and a light shirt', ${wall}, 'Europe/Warsaw', ${starts}, '1 day', false,
            now() - interval '1 day', ${upcoming}
     from generate_series(0, ${events - 1}) n`,
    `insert into events_users (event_id, user_id, group_id)
     select e.id, u.n, 1 from (select id, row_number() over (order by id desc) as n from events order by id desc limit ${events}) e
     join generate_series(1, ${count}) u (n) on ${plan === "many events" ? "u.n = e.n" : "true"}`,
    `insert into event_leads (event_id, lead, next_due_at, next_event_timestamp, next_starts_at)
     select id, '0', starts_at, event_timestamp, starts_at from events order by id desc limit ${events}`,
    "vacuum analyze",
  ]);
}

async function script(databaseUrl: string, statements: string[]): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
