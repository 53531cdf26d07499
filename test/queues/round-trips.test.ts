import { type SQL, sql } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import { bytesOf, enqueue } from "../../src/queues/enqueue.ts";
import { person, query, type Sent, type TestDeps } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import { clockedDeps, event, group, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
/** One moment for all tests here: a minute later, a tick would sweep up what an earlier one of them left unsent. */
const START = Math.floor(Date.now() / MINUTE) * MINUTE;

afterEach(() => void vi.restoreAllMocks());

/** `count` participants whose channel is given, in a group of an admin's. Their addresses are their own. */
async function crowd(count: number, preference: "SMS" | "EMAIL") {
  const clock = { ms: START };
  const deps = clockedDeps(clock);
  const admin = await person({ reminder_preferences: "EMAIL" });
  const group_id = await group(admin);
  const mark = crypto.randomUUID().slice(0, 8);
  await query(
    sql`with made as (
          insert into users (cognito_user_id, email, username, mobile_number, reminder_preferences, confirmed_at)
          select ${mark} || n, ${mark} || n || '@torium.test', 'Somebody ' || n,
                 case when ${preference} = 'SMS' then '+48' || (600000000 + (random() * 99999999)::int) end, ${preference}::preference, now()
          from generate_series(1, ${count}::int) n returning id
        )
        insert into group_members (group_id, user_id, status) select ${group_id}::bigint, id, 'standard' from made`,
  );
  const event_id = await event(
    admin,
    { group_id, at: clock.ms + 10 * MINUTE, is_budget: true, budget: "100.00" },
    deps,
  );
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  return { clock, deps, event_id, admin };
}

/** Round trips that the work made. */
async function counting(deps: TestDeps, work: () => Promise<unknown>): Promise<number> {
  const before = deps.roundTrips();
  await work();
  return deps.roundTrips() - before;
}

const peopleOf = (sent: Sent[]): object[] =>
  sent.flatMap((message): object[] => ("recipients" in message ? message.recipients : []));

test("a tick makes one round trip where nothing is due, and two for each thousand due, full ones and begun ones", async () => {
  const clock = { ms: START };
  const deps = clockedDeps(clock);
  const admin = await person({ reminder_preferences: "EMAIL" });
  const event_id = await event(admin, { group_id: await group(admin), at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  let id = 1_000_000_000;
  /** So many leads of it more, due at once. */
  const due = (count: number) => {
    id += count;
    return query(
      sql`insert into event_leads (id, event_id, lead, next_due_at, next_event_timestamp, next_starts_at)
          overriding system value
          select ${id}::int - n, ${event_id}, 'P' || (${id}::int - n) || 'D', ${new Date(clock.ms).toISOString()}::timestamptz, event_timestamp, starts_at
          from events, generate_series(1, ${count}::int) n where id = ${event_id}`,
    );
  };
  const trips: number[] = [];
  for (const count of [0, 1_000, 1_001, 1]) {
    await due(count);
    trips.push(await counting(deps, () => tick(deps, clock.ms)));
  }
  expect(trips).toEqual([1, 2, 4, 2]);
});

test("picking makes one round trip for 2,000 people, hands on at most six a message, and goes on after them", async () => {
  const { deps, event_id } = await crowd(2_100, "EMAIL");
  const first = taken(deps);
  expect(await counting(deps, () => receive(deps, first))).toBe(1);
  const sent = taken(deps);
  expect(peopleOf(sent)).toHaveLength(2_000);
  for (const message of sent) {
    if ("recipients" in message) expect(message.recipients.length).toBeLessThanOrEqual(6);
    expect(bytesOf(message)).toBeLessThan(128_000);
  }
  const rest = sent.filter(({ type }) => type === "schedule-notifications");
  expect(rest).toMatchObject([{ event_id, after_user_id: expect.any(Number) }]);
  expect(await counting(deps, () => receive(deps, rest))).toBe(1);
  expect(peopleOf(taken(deps))).toHaveLength(101);
  const [row] = await query<{ participants: number; status: string; sum: string }>(
    sql`select er.participants, er.status, (select count(*) from event_reminders_logs l where l.event_reminders_id = er.id) as sum
        from event_reminders er where er.event_id = ${event_id}`,
  );
  expect(row).toMatchObject({ participants: 2_101, status: "picked", sum: 2_101 });
});

test("a batch of e-mails makes one claim and one settle", async () => {
  const { deps, clock } = await crowd(20, "EMAIL");
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  const messages = taken(deps);
  expect(await counting(deps, () => receive(deps, messages))).toBe(2);
});

test("a batch is claimed, sent and settled while the one before it still settles", async () => {
  const { deps, clock, event_id } = await crowd(20, "EMAIL");
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  const messages = taken(deps);
  const [settling, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let calls = 0;
  const held = Object.assign(Object.create(deps.db) as TestDeps["db"], {
    execute: async (statement: SQL) => {
      if (++calls === 2) {
        settling.resolve();
        await goOn.promise;
      }
      return deps.db.execute(statement);
    },
  });
  const statuses = async () => {
    const found = await query<{ status: string; n: number }>(
      sql`select l.status, count(*)::int as n from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id
          where er.event_id = ${event_id} group by l.status`,
    );
    return Object.fromEntries(found.map(({ status, n }) => [status, n]));
  };
  const before = receive({ ...deps, db: held }, messages.slice(0, 2));
  await settling.promise;
  await receive(deps, messages.slice(2));
  expect(await statuses()).toEqual({ pending: 12, sent: 9 });
  goOn.resolve();
  await before;
  expect([calls, await statuses()]).toEqual([2, { sent: 21 }]);
});

test("a batch of SMS makes one claim and one settle for every 25", async () => {
  const { deps, clock } = await crowd(60, "SMS");
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  const messages = taken(deps).filter(({ type }) => type === "send-sms");
  expect(peopleOf(messages)).toHaveLength(60);
  expect(await counting(deps, () => receive(deps, messages))).toBe(1 + 3);
});

test("a number that hangs holds up none of the others, and costs no settle of its own", async () => {
  const { deps, clock } = await crowd(60, "SMS");
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  const messages = taken(deps).filter(({ type }) => type === "send-sms");
  const others = Promise.withResolvers<void>();
  const published = () =>
    new Response(`<PublishResult><MessageId>${crypto.randomUUID()}</MessageId></PublishResult>`, { status: 200 });
  const calls = intercept(deps.settings.AWS_ENDPOINT_URL_SNS!, async () => {
    if (calls.length === 60) others.resolve();
    // The third is answered once all others are sent.
    if (calls.length === 3) await others.promise;
    return published();
  });
  expect(await counting(deps, () => receive(deps, messages))).toBe(1 + 3);
  expect(calls).toHaveLength(60);
});

test("SMS stop at the month's budget, counted before the send, and e-mail takes over", async () => {
  const { deps, event_id, clock } = await crowd(4, "SMS");
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  const [month] = await query<{ spent: string }>(
    sql`select coalesce(max(spent_usd), 0)::text as spent from sms_spending`,
  );
  const budget = (Number(month!.spent) + 2 * 0.0393 + 0.001).toFixed(5);
  const tight = clockedDeps(clock, { settings: { SMS_MONTHLY_BUDGET_USD: budget } });
  await receive(
    tight,
    taken(deps).filter(({ type }) => type === "send-sms"),
  );
  const found = await query<{ channel: string; status: string; last_error: string | null }>(
    sql`select l.channel, l.status, l.last_error from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id
        join users u on u.id = l.user_id where er.event_id = ${event_id} and u.reminder_preferences = 'SMS' order by l.step, l.status`,
  );
  expect(found.filter(({ channel, status }) => channel === "sms" && status === "sent")).toHaveLength(2);
  expect(found.filter(({ last_error }) => last_error === "budget_spent")).toHaveLength(2);
  expect(found.filter(({ channel, status }) => channel === "email" && status === "pending")).toHaveLength(2);
});

test("the queue's limits hold: 100 messages and 250,000 bytes a call, a day of delay", async () => {
  const calls: { body: unknown; delaySeconds: number }[][] = [];
  const queue = {
    sendBatch: async (messages: { body: unknown; delaySeconds: number }[]) => void calls.push([...messages]),
  } as unknown as Queue;
  const { deps } = { deps: clockedDeps({ ms: 0 }) };
  const message = (size: number) => ({
    type: "send-email" as const,
    version: 1 as const,
    event_reminders_id: 1,
    event_timestamp: "2031-11-11 18:00:00",
    recipients: [{ user_id: 1, event_reminders_logs_id: 1, email: "a@torium.test", message: "x".repeat(size) }],
  });
  const outgoing = [
    ...Array.from({ length: 150 }, () => ({ message: message(10) })),
    ...Array.from({ length: 5 }, () => ({ message: message(100_000), delaySeconds: 1e9 })),
  ];
  await enqueue({ ...deps.bindings, SEND_EMAIL: queue }, outgoing);
  expect(calls.flat()).toHaveLength(155);
  for (const call of calls) {
    expect(call.length).toBeLessThanOrEqual(100);
    expect(call.reduce((sum, { body }) => sum + bytesOf(body), 0)).toBeLessThanOrEqual(250_000);
  }
  expect(Math.max(...calls.flat().map(({ delaySeconds }) => delaySeconds))).toBe(86_400);
});
