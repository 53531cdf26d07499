/**
 * At the top of an hour ten thousand wait where the planner, by what it saw last, expects none. Whoever works on a hundred of them looks at these hundred,
 * however many wait and however many people there are: once a partial index of all that waits, and tables of people read in the order of their keys, looked cheaper.
 */
import { type SQL, sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { type Db, transactAll } from "../../src/clients/neon.ts";
import { claimDeliveries, settleDeliveries } from "../../src/domain/deliveries.ts";
import { pickPeople } from "../../src/domain/picking.ts";
import { query, testDeps } from "../support/index.ts";
import { type Node, rowsOf } from "./touched.ts";

const { db } = testDeps();
const PEOPLE = 10_000;
const ASKED = 100;
/** Rows that all nodes of a statement together may look at for one that is asked for. */
const ROWS_EACH = 100;
const NOW = Date.parse("2030-06-01T12:00:00Z");
const at = sql.raw("timestamptz '2030-06-01 12:00Z'");
const TOKEN = "00000000-0000-4000-8000-000000000001";

const reminders = (status: "picked" | "pending", ids: SQL) => sql`
  insert into event_reminders (id, event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, participants, next_attempt_at)
  overriding system value
  select n, n, 1, ${at} at time zone 'UTC', '0', 'automatic', ${at}, ${at}, 1, ${at}, ${at}, ${status}::reminder_status,
         case when ${status} = 'picked' then 4 end, ${at} from ${ids}`;

/** Beyond those of one person each: all take part, their deliveries wait; and all take part, nobody is picked yet. */
const CROWD = PEOPLE + 1;
const UNPICKED = PEOPLE + 2;
const CHANNELS = ["sms", "email", "push"] as const;
const address = {
  sms: (id: number) => `+48${500_000_000 + id}`,
  email: (id: number) => `person${id}@example.com`,
  push: (id: number) => `arn:${id}`,
};

/** An event for each person and two for all, reminders of a past that is analyzed, and then all that waits. */
beforeAll(async () => {
  await transactAll(
    db,
    sql`insert into users (id, cognito_user_id, email, username, mobile_number, confirmed_at)
        select n, 'sub-' || n, 'person' || n || '@example.com', 'Person ' || n, '+48' || 500000000 + n, now() from generate_series(1, ${PEOPLE}::int) n`,
    sql`insert into devices (user_id, platform, device_token, device_arn) select id, 'fcm', 'token-' || id, 'arn:' || id from users`,
    sql`insert into groups (id, name, description, admin_id) values (1, 'Everybody', '', 1)`,
    sql`insert into group_members (group_id, user_id, status) select 1, id, 'standard' from users`,
    sql`insert into events (id, group_id, created_by, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)
        select n, 1, 1, 'Event ' || n, '', ${at} at time zone 'UTC', 'UTC', ${at}, '1 day', false, ${at}, '[]' from generate_series(1, ${UNPICKED}::int) n`,
    sql`insert into events_users (event_id, user_id, group_id)
        select id, id, 1 from users union all select e, id, 1 from users, generate_series(${CROWD}::int, ${UNPICKED}::int) e`,
    reminders("picked", sql`generate_series(100001, 105000) n`),
    sql`insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
        select r, p, true, 'participant', p - 1 from generate_series(100001, 105000) r, generate_series(1, 4) p`,
    sql`insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, status, attempts, next_attempt_at, provider_message_id, settled_at)
        select event_reminders_id, user_id, 'email', 0, 'chosen', ${at}, 'sent', 1, ${at}, gen_random_uuid(), ${at} from event_reminders_users`,
  );
  await query(sql`vacuum analyze`);
  await transactAll(
    db,
    reminders("pending", sql`generate_series(1, ${UNPICKED}::int) n`),
    sql`insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
        select ${CROWD}::int, id, true, 'participant', id - 1 from users`,
    sql`update event_reminders set participants = ${PEOPLE}::int where id = ${CROWD}::int`,
    sql`insert into event_reminders_logs (event_reminders_id, user_id, channel, step, device_id, reason, due_at, status, attempts, next_attempt_at, lease_token, lease_until)
        select ${CROWD}::int, u.id, c.channel, 0, case when c.channel = 'push' then d.id end, 'chosen', ${at}, 'pending', 0, ${at} + interval '1 minute',
               case when l.leased then ${TOKEN}::uuid end, case when l.leased then ${at} + interval '5 minutes' end
        from users u join devices d on d.user_id = u.id
        cross join lateral (select (array['sms', 'email', 'push'])[u.id % 3 + 1]::channel as channel) c
        cross join lateral (select u.id > ${PEOPLE - 3 * ASKED}::int as leased) l`,
  );
}, 60_000);

/** The rows that each statement of `work` looks at. They run, and change what they change. */
async function looked(work: (db: Db) => Promise<unknown>): Promise<number[]> {
  const seen: SQL[] = [];
  const nothing = { rows: [] };
  const heard = {
    execute: (statement: SQL) => {
      seen.push(statement);
      return Promise.resolve(nothing);
    },
    batch: async (list: unknown[]) => list.map(() => nothing),
  };
  await work(heard as unknown as Db);
  const [first, ...rest] = seen.map((statement) => sql`explain (analyze, timing off, format json) ${statement}`);
  const explained = (await transactAll(db, first!, ...rest)) as [{ "QUERY PLAN": [{ Plan: Node }] }][];
  return explained.map(([{ "QUERY PLAN": plans }]) => rowsOf(plans[0].Plan).reduce((sum, rows) => sum + rows, 0));
}

const last = (count: number) => Array.from({ length: count }, (_, n) => PEOPLE - n);

/** The last hundred of the crowd's deliveries on a channel, under the lease of TOKEN or under none. */
const ofTheCrowd = (channel: (typeof CHANNELS)[number], leased: boolean) =>
  query<{ id: number; user_id: number }>(
    sql`select id, user_id from event_reminders_logs
        where event_reminders_id = ${CROWD}::int and channel = ${channel}::channel and (lease_token is not null) = ${leased}
        order by user_id desc limit ${ASKED}::int`,
  );

test("picking a hundred reminders of ten thousand looks at these", async () => {
  const asked = last(ASKED).map((event_reminders_id) => ({ event_reminders_id, after_user_id: 0, tokens: [TOKEN] }));
  const rows = await looked((heard) => pickPeople(heard, asked, NOW));
  expect(rows).toHaveLength(3);
  for (const [n, count] of rows.entries()) expect([n, count <= ASKED * ROWS_EACH, count]).toEqual([n, true, count]);
});

test("picking two thousand people of ten looks at each a few times", async () => {
  const asked = [{ event_reminders_id: UNPICKED, after_user_id: 0, tokens: [TOKEN] }];
  const rows = await looked((heard) => pickPeople(heard, asked, NOW));
  expect(rows).toHaveLength(3);
  for (const [n, count] of rows.entries()) expect([n, count <= PEOPLE * ROWS_EACH, count]).toEqual([n, true, count]);
  expect(
    await query(sql`select count(*)::int as n from event_reminders_logs where event_reminders_id = ${UNPICKED}::int`),
  ).toEqual([{ n: 2_000 }]);
});

test.each(CHANNELS)("claiming a hundred by %s of ten thousand looks at these", async (channel) => {
  const claiming = (await ofTheCrowd(channel, false)).map(({ id, user_id }) => ({
    event_reminders_logs_id: id,
    address: address[channel](user_id),
    cost_usd: channel === "sms" ? "0.04" : null,
    late_cost_usd: channel === "sms" ? "0.08" : null,
    revision: 1,
  }));
  const token = crypto.randomUUID();
  const rows = await looked((heard) =>
    claimDeliveries(heard, channel, claiming, { token, now: NOW, budget_usd: "100" }),
  );
  for (const count of rows) expect(count).toBeLessThanOrEqual(ASKED * ROWS_EACH);
  const [claimed] = await query<{ n: number }>(
    sql`select count(*)::int as n from event_reminders_logs where lease_token = ${token}::uuid and last_error is null and attempts = 1`,
  );
  expect(claimed).toEqual({ n: ASKED });
});

test("settling a hundred of ten thousand looks at these, and so does what follows on those that failed", async () => {
  const settling = (await ofTheCrowd("email", true)).map(({ id }, n) => ({
    event_reminders_logs_id: id,
    status: n % 2 === 0 ? ("sent" as const) : ("failed" as const),
    error: n % 2 === 0 ? null : "MessageRejected",
    provider_message_id: n % 2 === 0 ? crypto.randomUUID() : null,
    next_attempt_at: null,
    lost: false,
    untried: false,
    charged_usd: null,
    dead_address: null,
  }));
  const times = { token: TOKEN, claimedAt: NOW, now: NOW };
  const rows = await looked((heard) => settleDeliveries(heard, "email", settling, times));
  expect(rows).toHaveLength(3);
  for (const [n, count] of rows.entries()) expect([n, count <= ASKED * ROWS_EACH, count]).toEqual([n, true, count]);
});
