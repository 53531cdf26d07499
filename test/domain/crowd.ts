/** Groups of people with events in which all of the group take part, as many as a plan is to be judged by. */
import { sql } from "drizzle-orm";
import { type Db, transactAll } from "../../src/clients/neon.ts";

const USERS = 2_000;

/** When every event is. */
export const AT = sql`timestamptz '2030-07-01 12:00Z'`;

/** Ids count from 1; group 1 has the first `people` of all users, and event n is of group 1 + n % groups. */
export async function gatherCrowd(db: Db, { groups, people, events }: Record<"groups" | "people" | "events", number>) {
  await transactAll(
    db,
    sql`insert into users (id, cognito_user_id, email, username, confirmed_at)
        select n, 'sub-' || n, 'person' || n || '@example.com', 'Person ' || n, now() from generate_series(1, ${USERS}::int) n`,
    sql`insert into groups (id, name, description, admin_id) select n, 'Group ' || n, '', n from generate_series(1, ${groups}::int) n`,
    sql`insert into group_members (group_id, user_id, status)
        select g, (g - 1) * ${people}::int + p, 'standard'::member_status from generate_series(1, ${groups}::int) g, generate_series(1, ${people}::int) p`,
    sql`insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)
        select n, 1 + n % ${groups}::int, 1, 'Event ' || n, '', ${AT}::timestamp, 'UTC', ${AT}, '1 day', false, ${AT}, '[]'
        from generate_series(1, ${groups * events}::int) n`,
    sql`insert into events_users (event_id, user_id, group_id) select e.id, m.user_id, m.group_id from events e join group_members m on m.group_id = e.group_id`,
  );
}
