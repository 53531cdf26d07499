/** A world of people, events and a ledger, written by SQL that works on sets: a million events in seconds. */
import type pg from "pg";

/** How much there is of what; the ledger counts deliveries that are settled. */
export type Extent = { events: number; ledger: number; beside: boolean };

/** Whose events are listed: each takes part in 20 events of 10 people. */
export const CAST_GROUPS = 20;
/** Groups whose events fall due, a few in each round. */
const DUE_GROUPS = 20;
export const PEOPLE_A_GROUP = 10;
export const CAST_EVENTS = 20;
const DUE_EVENTS_A_GROUP = 30;
/** What falls due in each round: one event of each of those groups, with all its people. */
export const DELIVERIES_A_ROUND = DUE_GROUPS * PEOPLE_A_GROUP;
export const ROUNDS = DUE_EVENTS_A_GROUP;
export const ROUND_MS = 10 * 60_000;
/** The events that a world has before any other sleeps in it. */
export const FIRST_EVENTS = CAST_GROUPS * CAST_EVENTS + DUE_GROUPS * DUE_EVENTS_A_GROUP;

const FIRST_GROUPS = CAST_GROUPS + DUE_GROUPS;
const PEOPLE_OF_A_SLEEPER = 4;
/** So many of a kind at the least that a plan would rather use an index than read them all. */
const AT_LEAST = 5_000;

/**
 * Fills an empty, migrated database. `at`: the moment at which the first round is due. Keys, indexes and references are taken away for it and put
 * back by their own definitions; at the end everything is vacuumed and analyzed.
 */
export async function fill(client: pg.Client, { events, ledger, beside }: Extent, at: number): Promise<void> {
  const now = `timestamptz '${new Date(at).toISOString()}'`;
  const large = events >= FIRST_EVENTS;
  const sleepers = large ? events - FIRST_EVENTS : events;
  const groups = Math.max(FIRST_GROUPS + 10, Math.round(events / 100), beside ? 1_000 : 0);
  const people = groups * PEOPLE_A_GROUP;
  await client.query("set maintenance_work_mem = '256MB'; set work_mem = '64MB'; set synchronous_commit = off");
  const restore = await takeConstraintsAway(client);
  const statements = [
    ...peopleOf(people, now),
    ...eventsOf(large, sleepers, groups, now),
    ...(ledger > 0 ? ledgerOf(ledger, events, people, now) : []),
    ...(beside ? besideOf(events, people, now) : []),
  ];
  for (const statement of statements) await client.query(statement);
  for (const statement of restore) await client.query(statement);
  await client.query(`do $$ declare c record; begin
    for c in select table_name, column_name from information_schema.columns where table_schema = 'public' and is_identity = 'YES' loop
      execute format('select setval(pg_get_serial_sequence(%L, %L), greatest(1, (select max(%I) from %I)))', c.table_name, c.column_name, c.column_name, c.table_name);
    end loop; end $$`);
  await client.query("vacuum (analyze)");
}

/** Drops what slows loading down, and answers what puts it back, in order. */
async function takeConstraintsAway(client: pg.Client): Promise<string[]> {
  const { rows: constraints } = await client.query<{ drop: string; add: string; kind: string }>(`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop, contype as kind,
           format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as add
    from pg_constraint where connamespace = 'public'::regnamespace and contype in ('f', 'u', 'p')
    order by contype = 'f' desc, conname`);
  for (const one of constraints) await client.query(one.drop);
  const { rows: indexes } = await client.query<{ name: string; add: string }>(`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as add
    from pg_index join pg_class c on c.oid = indrelid where c.relnamespace = 'public'::regnamespace`);
  for (const { name } of indexes) await client.query(`drop index ${name}`);
  const keys = constraints.filter(({ kind }) => kind !== "f");
  const references = constraints.filter(({ kind }) => kind === "f");
  return [...keys, ...indexes, ...references].map(({ add }) => add);
}

const series = (count: number): string => `generate_series(1, ${count}) n`;

/** Ten people a group: an admin, a moderator and eight more. Person `n` is in group `ceil(n / 10)` and has one phone. */
const peopleOf = (people: number, now: string): string[] => [
  `insert into users (id, cognito_user_id, email, username, mobile_number, reminder_preferences, time_zone, locale, confirmed_at, created_at)
   select n, 'sub-' || n, 'person' || n || '@example.com', 'Person ' || n, '+48' || 500000000 + n, (array['EMAIL', 'PUSH', 'SMS'])[1 + n % 3]::preference,
          'Europe/Warsaw', 'pl', ${now} - interval '1 year', ${now} - interval '1 year' from ${series(people)}`,
  `insert into devices (id, user_id, platform, device_token, device_arn, registered_at)
   select n, n, 'fcm', 'token-' || n, 'arn:aws:sns:eu-central-1:1:endpoint/GCM/torium/' || n, ${now} - interval '1 month' from ${series(people)}`,
  `insert into groups (id, name, description, admin_id) select n, 'Group ' || n, '', (n - 1) * ${PEOPLE_A_GROUP} + 1 from ${series(people / PEOPLE_A_GROUP)}`,
  `insert into group_members (group_id, user_id, status)
   select (n - 1) / ${PEOPLE_A_GROUP} + 1, n, (array['admin', 'moderator'])[1 + (n - 1) % ${PEOPLE_A_GROUP}]::member_status from ${series(people)}
   where (n - 1) % ${PEOPLE_A_GROUP} < 2
   union all select (n - 1) / ${PEOPLE_A_GROUP} + 1, n, 'standard' from ${series(people)} where (n - 1) % ${PEOPLE_A_GROUP} >= 2`,
];

/** Listed ones first, then those that fall due, then the sleepers, which are due in a month and later, in no order. */
function eventsOf(large: boolean, sleepers: number, groups: number, now: string): string[] {
  const listed = CAST_GROUPS * CAST_EVENTS;
  const due = FIRST_EVENTS - listed;
  const asleep = `${now} + interval '30 days' + make_interval(secs => (n::bigint * 7919) % ${Math.max(sleepers, 1)})`;
  const plans = [
    `select n as id, (n - 1) / ${CAST_EVENTS} + 1 as group_id, ${asleep} as at, ${PEOPLE_A_GROUP} as people from ${series(large ? listed : 0)}`,
    `select ${listed} + n, ${CAST_GROUPS} + (n - 1) / ${DUE_EVENTS_A_GROUP} + 1,
            ${now} + make_interval(secs => ((n - 1) % ${DUE_EVENTS_A_GROUP}) * ${ROUND_MS / 1000}), ${PEOPLE_A_GROUP} from ${series(large ? due : 0)}`,
    `select ${large ? FIRST_EVENTS : 0} + n, ${FIRST_GROUPS} + 1 + (n - 1) % ${groups - FIRST_GROUPS}, ${asleep}, ${PEOPLE_OF_A_SLEEPER} from ${series(sleepers)}`,
  ];
  const wall = "(at at time zone 'Europe/Warsaw')";
  return [
    `create temp table planned as ${plans.join(" union all ")}`,
    `insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming, created_at)
     select id, group_id, (group_id - 1) * ${PEOPLE_A_GROUP} + 1, 'Event ' || id, 'What it is about', ${wall}, 'Europe/Warsaw', at, '1 day', false, ${now} - interval '1 day',
            jsonb_build_array(jsonb_build_object('event_timestamp', to_char(${wall}, 'YYYY-MM-DD HH24:MI:SS'), 'starts_at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))),
            ${now} - interval '1 day' from planned`,
    `insert into events_users (event_id, user_id, group_id)
     select id, (group_id - 1) * ${PEOPLE_A_GROUP} + p, group_id from planned, generate_series(1, people) p`,
    `insert into event_leads (id, event_id, lead, next_due_at, next_event_timestamp, next_starts_at) select id, id, '0', at, ${wall}, at from planned`,
    "drop table planned",
  ];
}

/** Reminders of ten people each, settled evenly over the last year. */
const ledgerOf = (deliveries: number, events: number, people: number, now: string): string[] => {
  const reminders = Math.ceil(deliveries / PEOPLE_A_GROUP);
  const settled = `${now} - interval '1 minute' - interval '365 days' * (${reminders} - n) / ${reminders}`;
  const people_of = `from ${series(reminders)}, generate_series(1, ${PEOPLE_A_GROUP}) p`;
  const user = `(n::bigint * ${PEOPLE_A_GROUP} + p) % ${people} + 1`;
  return [
    `insert into event_reminders (id, event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, participants,
                                  next_attempt_at, created_at, settled_at)
     select n, 1 + n % ${events}, 1, (${settled})::timestamp, '0', 'automatic', ${settled}, ${settled}, 1, ${settled}, ${settled}, 'picked', ${PEOPLE_A_GROUP},
            ${settled}, ${settled}, ${settled} from ${series(reminders)}`,
    `insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position, created_at)
     select n, ${user}, true, 'participant', p - 1, ${settled} ${people_of}`,
    `insert into event_reminders_logs (id, event_reminders_id, user_id, channel, step, reason, due_at, status, attempts, next_attempt_at, last_error, provider_message_id,
                                       cost_usd, created_at, settled_at)
     select (n - 1)::bigint * ${PEOPLE_A_GROUP} + p, n, ${user}, (array['email', 'push', 'sms'])[1 + p % 3]::channel, 0, 'chosen', ${settled},
            case when p = 7 and n % 5 = 0 then 'failed' else 'sent' end::delivery_status, 1, ${settled}, case when p = 7 and n % 5 = 0 then 'bounced' end,
            'message-' || (n - 1)::bigint * ${PEOPLE_A_GROUP} + p, case when p % 3 = 2 then 0.0393 end, ${settled}, ${settled} ${people_of}`,
  ];
};

/** Everything that grows beside events and ledger, so that no plan finds it empty. */
const besideOf = (events: number, people: number, now: string): string[] => {
  const some = Math.max(AT_LEAST, events / 100);
  const ago = (span: string, of: number) => `${now} - interval '${span}' * (${of} - n) / ${of}`;
  return [
    `insert into events_comments (id, event_id, user_id, comment, created_at, handed_on_at)
     select n, 1 + n % ${events}, 1 + n % ${people}, 'A comment', ${ago("300 days", events)}, ${ago("300 days", events)} from ${series(events)}`,
    `insert into events_comments (id, event_id, user_id, comment, created_at, handed_on_at)
     select ${events} + n, 1, 2, 'One of many', ${ago("30 days", 200)}, ${now} from ${series(200)}`,
    `insert into events_comments_logs (events_comments_id, user_id, status, attempts, provider_message_id, created_at, settled_at)
     select n, 1 + (n + 1) % ${people}, 'sent', 1, 'push-' || n, ${ago("80 days", events)}, ${ago("80 days", events)} from ${series(events)}`,
    `insert into group_invitation_logs (id, group_id, user_id, invited_by, status, created_at, answered_at, delivery_status, channel, attempts, next_attempt_at, provider_message_id)
     select n, 1 + n % ${people / PEOPLE_A_GROUP}, 1 + n % ${people}, 1 + (n * 7) % ${people}, case when n % 10 = 0 then 'open' else 'confirmed' end::invitation_status,
            ${ago("300 days", people)}, case when n % 10 > 0 then ${now} end, 'sent', 'push', 1, null, 'invitation-' || n from ${series(people)}`,
    `insert into group_invitation_logs (id, group_id, email, invited_by, status, created_at, delivery_status, channel, attempts, next_attempt_at)
     select ${people} + n, 1 + n % ${people / PEOPLE_A_GROUP}, 'stranger' || n || '@example.com', 1 + (n * 7) % ${people}, 'open', ${ago("300 days", people)}, 'sent', 'email', 1, null
     from ${series(people)}`,
    `insert into phone_verifications (id, user_id, mobile_number, code_hmac, created_at, expires_at)
     select n, 1 + n % ${people}, '+48' || 600000000 + n, 'x', ${ago("2 days", some)}, ${now} from ${series(some)}`,
    `insert into usage (user_id, kind, used_at) select n, 'comment', array[${now} - interval '1 hour'] from ${series(people)}`,
    `insert into notification_preferences (user_id, kind, channel) select n, 'comment', 'push' from ${series(people)} where n % 5 = 0`,
    `insert into suppressed_addresses (channel, address, reason, created_at)
     select 'email', 'gone' || n || '@example.com', 'bounced', ${ago("300 days", some)} from ${series(some)}`,
    `insert into worker_errors (id, event, error, created_at) select n, 'request', 'Error', ${ago("30 days", some)} from ${series(some)}`,
    `insert into dead_letters (id, queue, message_id, body, reason, created_at, replayed_at)
     select n, 'send-email', 'm' || n, '{"type":"send-email","recipients":[{"user_id":0,"email":"nobody@example.com"}]}', 'it failed', ${ago("30 days", some)},
            case when n % 2 = 0 then ${now} end from ${series(some)}`,
    `insert into alerts (id, part, key, message, opened_at, seen_at, closed_at, posted)
     select n, 'sms', 'key-' || n, 'It broke', ${ago("90 days", some)}, ${ago("90 days", some)}, ${ago("90 days", some)}, 'closed' from ${series(some)}`,
    `insert into pending_erasures (id, kind, target, next_attempt_at) select n, 'endpoint', 'arn:gone/' || n, ${now} + interval '1 day' from ${series(some)}`,
    `insert into erased_people (cognito_user_id_sha256) select md5(n::text) from ${series(some)}`,
    `insert into console_forms (form, spent_at) select 'form-' || n, ${now} - interval '1 hour' from ${series(some)}`,
    `insert into event_exceptions (event_id, event_timestamp) select n, '2030-01-01' from ${series(events)} where n % 10 = 0`,
    `insert into schedule_runs (job, ran_at, now_at) values ('schedule-events', ${now}, ${now}), ('torium-alerts', ${now}, ${now}), ('prune', ${now}, ${now})`,
  ];
};
