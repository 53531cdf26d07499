import pg from "pg";

/** Groups of ten, each with 20 events in which all of it take part, and 20 comments on each: 5,000 events, 50,000 participations. */
const GROUPS = 250;
/** The widest load, and so many people of each kind who ask. */
export const LANES = 64;
/** Into which each of the answering people is invited. */
export const OPEN_INVITATIONS = 64;

export const subOf = (person: number) => `bench-person-${person}`;
/** Readers are the first people, writers the next, so that what is written does not lengthen what is read. */
export const readerOf = (lane: number) => lane + 1;
export const writerOf = (lane: number) => 100 + lane + 1;
/** A person's own group, and the first of its events. */
export const groupOf = (person: number) => Math.floor((person - 1) / 10) + 1;
export const firstEventOf = (person: number) => (groupOf(person) - 1) * 20 + 1;
/** Another one for each of a group: a page of comments is the same for all who take part. */
export const ownEventOf = (person: number) => firstEventOf(person) + ((person - 1) % 10);
/** A group that nobody but its admin is in at first. */
export const emptyGroup = (place: number) => GROUPS + 1 + place;

/** Fills an empty database; ids count from 1, so that who asks knows them. */
export async function arrangeWorld(databaseUrl: string): Promise<void> {
  await onDatabase(databaseUrl, [
    `insert into users (cognito_user_id, email, username, confirmed_at, reminder_preferences)
     select 'bench-person-' || n, 'person-' || n || '@torium.bench', 'Person ' || n, now(), 'EMAIL' from generate_series(1, ${GROUPS * 10}) n order by n`,
    `insert into groups (name, description, admin_id)
     select 'Group ' || n, 'A group that was made to be measured', least((n - 1) * 10 + 1, ${GROUPS * 10}) from generate_series(1, ${GROUPS + OPEN_INVITATIONS}) n order by n`,
    `insert into group_members (group_id, user_id, status)
     select (n - 1) / 10 + 1, n, case when n % 10 = 1 then 'admin' else 'moderator' end::member_status from generate_series(1, ${GROUPS * 10}) n`,
    // Four more groups for each of the first people, without their events.
    `insert into group_members (group_id, user_id, status)
     select ${GROUPS} - more, n, 'standard' from generate_series(1, 100) n, generate_series(0, 3) more`,
    `insert into events (group_id, created_by, name, description, event_timestamp, time_zone, starts_at, recurrence, schedule_period, is_budget, budget, planned_at, upcoming)
     select (n - 1) / 20 + 1, ((n - 1) / 20) * 10 + 1, 'Event ' || n, 'What happens, where, and who brings the cake this time.',
            at, 'Europe/Warsaw', at at time zone 'Europe/Warsaw', 'FREQ=WEEKLY', '1 week', n % 2 = 0, case when n % 2 = 0 then 99.5 end, now(),
            jsonb_build_array(jsonb_build_object('event_timestamp', to_char(at, 'YYYY-MM-DD HH24:MI:SS'), 'starts_at', at at time zone 'Europe/Warsaw'))
     from generate_series(1, ${GROUPS * 20}) n, lateral (select date_trunc('day', localtimestamp) + make_interval(days => 30 + (n % 20)::int, hours => 18) as at) t order by n`,
    `insert into events_users (event_id, user_id, group_id)
     select e.id, m.user_id, e.group_id from events e join group_members m on m.group_id = e.group_id where m.status <> 'standard'`,
    `insert into event_leads (event_id, lead, next_due_at, next_event_timestamp, next_starts_at)
     select id, lead, starts_at - make_interval(mins => lead::int), event_timestamp, starts_at from events, unnest(array['60', '1440']) lead`,
    `insert into events_comments (event_id, user_id, comment, created_at, handed_on_at)
     select e.id, e.created_by + n % 10, 'Comment ' || n || ': I bring what is left of the last one.', now() - make_interval(mins => n), now()
     from events e, generate_series(1, 20) n`,
    `insert into group_invitation_logs (group_id, user_id, invited_by, delivery_status, next_attempt_at)
     select g.id, u, g.admin_id, 'sent', null from groups g, generate_series(${writerOf(0)}, ${writerOf(LANES - 1)}) u where g.id > ${GROUPS}`,
    "vacuum (analyze)",
  ]);
}

/** As if no invitation had been answered yet. */
export const reopenInvitations = (databaseUrl: string) =>
  onDatabase(databaseUrl, [
    `delete from group_members where group_id > ${GROUPS}`,
    `update group_invitation_logs set status = 'open', answered_at = null where status <> 'open'`,
    "vacuum group_invitation_logs, group_members",
  ]);

async function onDatabase(databaseUrl: string, statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
