/** The reads whose plan is kept serve everybody by one plan, made before anybody's numbers are known: it must do for those who have very many too. */
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { type Db, transactAll } from "../../src/clients/neon.ts";
import { listComments } from "../../src/domain/comments.ts";
import { listEvents } from "../../src/domain/event-list.ts";
import { listGroups } from "../../src/domain/groups.ts";
import { testDeps } from "../support/index.ts";
import { touched } from "./touched.ts";

const { db } = testDeps();
const NOW = Date.parse("2030-06-01T12:00:00Z");
const EVENTS = 1_000;
const GROUPS = 500;
const PEOPLE = 40;
const CROWD = 2_000;
const COMMENTS = 1_000;
const page = { limit: 1_000, after: null };

/** Person 1 has the many events, person 41 the one of many people; they are few beside those with little, so that the planner expects little. */
beforeAll(async () => {
  const at = sql`timestamptz '2030-07-01 12:00Z'`;
  const event = sql`insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)`;
  const planned = sql`'Event ' || n, '', ${at}::timestamp + make_interval(mins => n), 'UTC', ${at} + make_interval(mins => n), '1 day', false, ${at}, '[]'`;
  await transactAll(
    db,
    sql`insert into users (id, cognito_user_id, email, username, confirmed_at)
        select n, 'sub-' || n, 'person' || n || '@example.com', 'Person ' || n, now() from generate_series(1, 5000) n`,
    sql`insert into groups (id, name, description, admin_id) select n, 'Group ' || n, '', 1 from generate_series(1, 4000) n`,
    // Groups of person 1, the group of many, and those of the others.
    sql`insert into group_members (group_id, user_id, status)
        select g, u, 'standard'::member_status from generate_series(1, ${GROUPS}::int) g, generate_series(1, ${PEOPLE}::int) u
        union all select 501, 40 + u, 'standard' from generate_series(1, ${CROWD}::int) u
        union all select g, 3000 + (g + u * 97) % 2000, 'standard' from generate_series(502, 4000) g, generate_series(1, 4) u`,
    sql`${event} select n, 1 + n % ${GROUPS}::int, 1, ${planned} from generate_series(1, ${EVENTS}::int) n`,
    sql`${event} select n, 501, 41, ${planned} from generate_series(1001, 1001) n`,
    sql`${event} select n, 502 + n % 3499, 1, ${planned} from generate_series(1002, 15000) n`,
    sql`insert into events_users (event_id, user_id, group_id) select e.id, m.user_id, m.group_id from events e join group_members m on m.group_id = e.group_id`,
    sql`insert into event_leads (event_id, lead) select id, '0' from events`,
    sql`insert into event_exceptions (event_id, event_timestamp) select id, '2030-01-01' from events where id % 2 = 0`,
    sql`insert into events_comments (event_id, user_id, comment, created_at)
        select 1, 1 + n % ${PEOPLE}::int, 'Hi', ${at} - make_interval(secs => n) from generate_series(1, ${COMMENTS}::int) n
        union all select 1 + n % 15000, 1 + n % 5000, 'Hi', ${at} - make_interval(secs => n) from generate_series(1, 10000) n`,
  );
  await db.execute(sql`vacuum analyze`);
}, 60_000);

const caller = (id: number) => ({ cognito_user_id: `sub-${id}`, email: null, name: null });

/** `of`: rows of the most numerous thing that is read. A loop within a loop multiplies them by hundreds; a plan that reads them in another order does not double them. */
test.each<[string, { told: number; of: number }, (db: Db) => Promise<unknown>]>([
  [
    "1,000 events of 40 people in 500 groups",
    // 40,000 people with their events, which is what a page holds at the most.
    { told: Math.floor(40_000 / (PEOPLE + 1)), of: EVENTS * PEOPLE },
    (db) => listEvents(db, caller(1), page, NOW),
  ],
  ["an event of 2,000 people", { told: 1, of: CROWD }, (db) => listEvents(db, caller(41), page, NOW)],
  [
    "a group's events among 1,000",
    { told: 2, of: EVENTS },
    (db) => listEvents(db, caller(1), { ...page, group_id: 7 }, NOW),
  ],
  [
    "1,000 comments",
    { told: COMMENTS, of: COMMENTS + 1 },
    (db) => listComments(db, caller(1), { ...page, event_id: 1, participants_only: true }, { now: NOW, locale: "en" }),
  ],
  ["500 groups", { told: GROUPS, of: GROUPS }, (db) => listGroups(db, caller(1), page)],
])("the plan that serves everybody reads %s in rows that grow with them alone", async (_, { told, of }, read) => {
  const { most, all, told: listed } = await touched(db, read);
  expect(listed).toBe(told);
  expect(most).toBeLessThanOrEqual(2 * of);
  expect(all).toBeLessThanOrEqual(12 * of);
});
