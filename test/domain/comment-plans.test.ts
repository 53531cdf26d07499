/** Where events have many comments, to look each author up among those who take part seems dearer than to read all who take part anywhere: it is not. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { transactAll } from "../../src/clients/neon.ts";
import { listComments } from "../../src/domain/comments.ts";
import { testDeps } from "../support/index.ts";
import { touched } from "./touched.ts";

const { db } = testDeps();
const EVENTS = 200;
const PEOPLE = 100;
const COMMENTS = 250;

test("a page of comments looks at its own authors and at nobody else, whether they take part or not", async () => {
  const at = sql`timestamptz '2030-07-01 12:00Z'`;
  await transactAll(
    db,
    sql`insert into users (id, cognito_user_id, email, username, confirmed_at)
        select n, 'sub-' || n, 'person' || n || '@example.com', 'Person ' || n, now() from generate_series(1, ${20 * PEOPLE}::int) n`,
    sql`insert into groups (id, name, description, admin_id) values (1, 'Everybody', '', 1)`,
    sql`insert into group_members (group_id, user_id, status) select 1, n, 'standard'::member_status from generate_series(1, ${PEOPLE}::int) n`,
    sql`insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)
        select n, 1, 1, 'Event ' || n, '', ${at}::timestamp, 'UTC', ${at}, '1 day', false, ${at}, '[]' from generate_series(1, ${EVENTS}::int) n`,
    sql`insert into events_users (event_id, user_id, group_id) select e.id, m.user_id, 1 from events e, group_members m`,
    sql`insert into events_comments (event_id, user_id, comment, created_at)
        select e.id, 1 + n % ${PEOPLE}::int, 'Hi', ${at} - make_interval(secs => n) from events e, generate_series(1, ${COMMENTS}::int) n`,
  );
  await db.execute(sql`vacuum analyze`);
  const caller = { cognito_user_id: "sub-1", email: null, name: null };
  for (const participants_only of [true, false]) {
    const page = { event_id: 7, participants_only, limit: 20, after: null };
    const { most, told } = await touched(db, (heard) =>
      listComments(heard, caller, page, { now: Date.parse("2030-07-02T12:00:00Z"), locale: "en" }),
    );
    expect(told).toBe(20);
    expect(most).toBeLessThanOrEqual(2 * 21);
  }
});
