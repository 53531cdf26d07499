/** The reads that the database keeps as functions, and what the Worker makes of their answers. */
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { type Found, prepareRead } from "../../dev/reads.ts";
import { type Db, rows, transactAll } from "../../src/clients/neon.ts";
import { UnknownCaller } from "../../src/domain/access.ts";
import { listComments } from "../../src/domain/comments.ts";
import { listEvents } from "../../src/domain/event-list.ts";
import { listGroups } from "../../src/domain/groups.ts";
import { getProfile } from "../../src/domain/users.ts";
import { testDeps } from "../support/index.ts";

const { db } = testDeps();
const NOW = Date.parse("2030-06-01T12:00:00Z");
const page = { limit: 20, after: null };
const HOSTILE = `it's "so" \\ $1 $$ \u2028 Zażółć 🎉 ‮</script>`;
const caller = (id: number) => ({ cognito_user_id: `sub-${id}`, email: null, name: null });
const events = async (asked: Db, id = 1) => (await listEvents(asked, caller(id), page, NOW)).list.read();
const comments = (asked: Db, id = 1, limit = 20) =>
  listComments(
    asked,
    caller(id),
    { ...page, limit, event_id: 1, participants_only: false },
    { now: NOW, locale: "en" },
  );

beforeAll(async () => {
  const upcoming = JSON.stringify([
    { event_timestamp: "2030-06-01 10:00:00", starts_at: "2030-06-01T08:00:00.000Z" },
    { event_timestamp: "2030-06-08 10:00:00", starts_at: "2030-06-08T08:00:00.000Z" },
    { event_timestamp: "2030-06-15 10:00:00", starts_at: "2030-06-15T08:00:00.000Z" },
  ]);
  const event = sql`insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, recurrence, schedule_period, is_budget, budget, currency, planned_at, upcoming, created_at)`;
  await transactAll(
    db,
    sql`insert into users (id, cognito_user_id, email, username, confirmed_at)
        select n, 'sub-' || n, 'person' || n || '@example.com', ${HOSTILE}::text || n, now() from generate_series(1, 3) n`,
    sql`insert into groups (id, name, description, admin_id) values (1, ${HOSTILE}, '', 1), (2, 'Other', '', 2)`,
    sql`insert into group_members (group_id, user_id, status) values (1, 1, 'admin'), (1, 2, 'standard'), (1, 3, 'standard'), (2, 1, 'moderator')`,
    sql`${event} values
        (1, 1, 1, ${HOSTILE}, ${HOSTILE}, '2030-06-01 10:00', 'Europe/Warsaw', '2030-06-01 08:00Z', 'FREQ=WEEKLY', '1 week', true, 100, 'PLN', now(), ${upcoming}, '2030-05-01 08:00:00.12Z'),
        (2, 2, 1, 'Yen', '', '2030-07-01 10:00', 'Asia/Tokyo', '2030-07-01 01:00Z', null, '1 month', true, 1500.0000, 'JPY', now(), '[]', '2030-05-01 08:00Z'),
        (3, 2, 1, 'Dinar', '', '2030-07-02 10:00', 'UTC', '2030-07-02 10:00Z', null, '1 day', true, 0.125, 'KWD', now(), '[]', '2030-05-01 08:00Z'),
        (4, 1, 1, 'Free', '', '2030-07-03 10:00', 'UTC', '2030-07-03 10:00Z', null, '1 day', false, null, 'PLN', now(), '[]', '2030-05-01 08:00Z')`,
    sql`insert into events_users (event_id, user_id, group_id) values (1, 1, 1), (1, 3, 1), (1, 2, 1), (2, 1, 2), (3, 1, 2), (4, 1, 1), (4, 2, 1)`,
    sql`insert into event_exceptions (event_id, event_timestamp, moved_to) values (1, '2030-06-22 10:00', '2030-06-23 11:00'), (1, '2030-06-15 10:00', null)`,
    sql`insert into event_leads (event_id, lead, fallback) values (1, '60', false), (1, 'P1D', false), (1, '0', true)`,
    sql`insert into events_comments (event_id, user_id, comment, created_at) values (1, 2, ${HOSTILE}, '2030-06-01 11:59:30.5Z'), (1, null, 'Gone', '2030-06-01 11:00Z')`,
  );
});

test("an event is told with its people, its group and what is ahead of it", async () => {
  const person = (id: number) => ({ id, email: `person${id}@example.com`, username: `${HOSTILE}${id}` });
  const [first, ...others] = await events(db);
  expect(first).toEqual({
    id: 1,
    name: HOSTILE,
    description: HOSTILE,
    is_budget: true,
    budget: "100.00",
    group_id: 1,
    group_name: HOSTILE,
    status: "admin",
    event_timestamp: "2030-06-01 10:00:00",
    reminder: "periodical",
    schedule_period: "7 days, 0:00:00",
    users: [person(1), person(2), person(3)],
    starts_at: "2030-06-01T08:00:00.000Z",
    time_zone: "Europe/Warsaw",
    recurrence: "FREQ=WEEKLY",
    exceptions: [
      { occurrence: "2030-06-15 10:00:00", moved_to: null },
      { occurrence: "2030-06-22 10:00:00", moved_to: "2030-06-23 11:00:00" },
    ],
    reminders: [60, "P1D"],
    next_at: "2030-06-08T08:00:00.000Z",
    currency: "PLN",
    created_at: "2030-05-01T08:00:00.120Z",
  });
  const told = others.map(({ budget, reminder, schedule_period, status, next_at, exceptions, reminders, users }) => [
    ...[budget, reminder, schedule_period, status, next_at, exceptions, reminders],
    users.map(({ id }) => id),
  ]);
  expect(told).toEqual([
    ["1500", "once", "30 days, 0:00:00", "moderator", null, [], [], [1]],
    ["0.125", "once", "1 day, 0:00:00", "moderator", null, [], [], [1]],
    [null, "once", "1 day, 0:00:00", "admin", null, [], [], [1, 2]],
  ]);
});

test("of what an event remembers far ahead, the first after now is told", async () => {
  const ahead = (days: number[]) =>
    JSON.stringify(days.map((day) => ({ event_timestamp: "", starts_at: `2030-06-0${day}T08:00:00.000Z` })));
  const nextOf = async (days: number[]) => {
    await rows(db, sql`update events set upcoming = ${ahead(days)}::jsonb where id = 4`);
    return (await events(db)).find(({ id }) => id === 4)!.next_at;
  };
  expect(await nextOf([1, 2, 3, 4, 5, 6])).toBe("2030-06-02T08:00:00.000Z");
  expect(await nextOf([1, 6, 5, 4, 3])).toBe("2030-06-03T08:00:00.000Z");
  expect(await nextOf([1, 1, 1, 1, 1])).toBeNull();
  expect(await nextOf([])).toBeNull();
});

test("a page ends where it is asked to, and the next begins behind it", async () => {
  const first = await listEvents(db, caller(1), { limit: 2, after: null }, NOW);
  expect(first.next).toEqual(["2030-07-01T01:00:00.000Z", 2]);
  const second = await listEvents(db, caller(1), { limit: 2, after: first.next }, NOW);
  const ids = [first, second].map(({ list }) => list.read().map(({ id }) => id));
  expect([ids, second.next]).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    null,
  ]);
  const one = await listEvents(db, caller(1), { ...page, id: 3 }, NOW);
  const group = await listEvents(db, caller(1), { ...page, group_id: 2 }, NOW);
  const other = await listEvents(db, caller(2), { ...page, id: 3 }, NOW);
  expect([one, group, other].map(({ list }) => list.read().map(({ id }) => id))).toEqual([[3], [2, 3], []]);
});

test("what a session's own zone and style of dates are, is not seen in an answer", async () => {
  const elsewhere = Object.assign(Object.create(db) as Db, {
    $client: {
      query: async (text: string, values: unknown[]) => {
        const settings = [sql`set local time zone 'Asia/Kathmandu'`, sql`set local datestyle to 'German'`] as const;
        const places = text.split(/\$\d+/).map((part) => sql.raw(part));
        const statement = sql.join(places.flatMap((part, n) => (n === 0 ? [part] : [sql`${values[n - 1]}`, part])));
        return (await transactAll(db, ...settings, statement))[2];
      },
    },
  });
  // By another limit: what is told again is made once.
  const anew = async (asked: Db, limit: number) =>
    (await listEvents(asked, caller(1), { limit, after: null }, NOW)).list;
  expect((await anew(elsewhere, 98)).read()).toEqual((await anew(db, 99)).read());
  expect(await comments(elsewhere, 1, 98)).toEqual(await comments(db, 1, 99));
  const [{ created_at, event_timestamp, comment }, { user_id, username }] = (
    await comments(elsewhere, 1, 97)
  ).list.read() as [never, never];
  expect([created_at, event_timestamp, comment]).toEqual(["2030-06-01T11:59:30.500Z", "29s ago", HOSTILE]);
  expect([user_id, username]).toEqual([null, expect.any(String)]);
});

test.each<[string, (id: number) => Promise<unknown>]>([
  ["profile", (id) => getProfile(db, caller(id))],
  ["groups", (id) => listGroups(db, caller(id), page)],
  ["events", (id) => events(db, id)],
  ["comments", (id) => comments(db, id)],
])("the %s of nobody are not told, nor of somebody who is not confirmed", async (_, read) => {
  await rows(
    db,
    sql`insert into users (id, cognito_user_id, email, username) values (9, 'sub-9', 'nine@example.com', 'Nine') on conflict do nothing`,
  );
  for (const id of [9, 10]) await expect(read(id)).rejects.toThrow(UnknownCaller);
  await expect(read(1)).resolves.toBeTruthy();
});

test("each read's statement is planned once in a session, and its plan can be looked at", async () => {
  const found = await rows<Found & { volatility: string; language: string; settings: string[] }>(
    db,
    sql`select p.proname as name, prosrc as body, proargnames as names, oidvectortypes(proargtypes) as types, provolatile as volatility, l.lanname as language,
               proconfig as settings
        from pg_proc p join pg_language l on l.oid = p.prolang where proname ~ '^read_.*_\\d+$' order by 1`,
  );
  expect(found.map(({ name }) => name)).toEqual([
    "read_comments_1",
    "read_comments_2",
    "read_comments_3",
    "read_events_1",
    "read_events_2",
    "read_events_3",
    "read_groups_1",
    "read_profile_1",
  ]);
  for (const { volatility, language, settings } of found) {
    expect([volatility, language, settings]).toEqual(["s", "plpgsql", ["plan_cache_mode=force_generic_plan"]]);
  }
  const opened = found.flatMap((read) => [sql.raw(prepareRead(read, read.name)), sql.raw(`deallocate ${read.name}`)]);
  const [first, ...rest] = opened;
  await expect(transactAll(db, first!, ...rest)).resolves.toHaveLength(opened.length);
});
