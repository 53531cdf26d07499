/** Where events have many people and there are not many more, all people look as near as those of an event; read for each event of a page, they are not. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { transactAll } from "../../src/clients/neon.ts";
import { listEvents } from "../../src/domain/event-list.ts";
import { testDeps } from "../support/index.ts";
import { touched } from "./touched.ts";

const { db } = testDeps();
const NOW = Date.parse("2030-06-01T12:00:00Z");
const EVENTS = 20;
const PEOPLE = 40;

test("a page of events looks at its events' people and at nobody else", async () => {
  const at = sql`timestamptz '2030-07-01 12:00Z'`;
  await transactAll(
    db,
    sql`insert into users (id, cognito_user_id, email, username, confirmed_at)
        select n, 'sub-' || n, 'person' || n || '@example.com', 'Person ' || n, now() from generate_series(1, 2000) n`,
    sql`insert into groups (id, name, description, admin_id) select n, 'Group ' || n, '', n from generate_series(1, 50) n`,
    sql`insert into group_members (group_id, user_id, status)
        select g, (g - 1) * ${PEOPLE}::int + p, 'standard'::member_status from generate_series(1, 50) g, generate_series(1, ${PEOPLE}::int) p`,
    sql`insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)
        select n, 1 + n % 50, 1, 'Event ' || n, '', ${at}::timestamp, 'UTC', ${at}, '1 day', false, ${at}, '[]' from generate_series(1, ${50 * EVENTS}::int) n`,
    sql`insert into events_users (event_id, user_id, group_id) select e.id, m.user_id, m.group_id from events e join group_members m on m.group_id = e.group_id`,
  );
  await db.execute(sql`vacuum analyze`);
  const caller = { cognito_user_id: "sub-1", email: null, name: null };
  const { most, told } = await touched(db, (heard) => listEvents(heard, caller, { limit: 1_000, after: null }, NOW));
  expect(told).toBe(EVENTS);
  expect(most).toBeLessThanOrEqual(2 * EVENTS * PEOPLE);
});
