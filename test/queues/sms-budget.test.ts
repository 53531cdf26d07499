import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { call, fault, inbox, person, query, type TestDeps, uniqueNumber } from "../support/index.ts";
import { type Clock, clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
const PRICE = 0.0393;

/** A moment of a month that no other test spends in. */
let months = 0;
const ownMonth = (): Clock => {
  const { year, month } = { year: new Date().getUTCFullYear() + 1, month: months++ };
  return { ms: Date.UTC(year, month, 10, 12) };
};
const alertsOf = ({ ms }: Clock) =>
  query<{ message: string; open: boolean }>(
    sql`select message, closed_at is null as open from alerts where part = 'sms' and key = ${new Date(ms).toISOString().slice(0, 7)}`,
  );

/** An event of people reached by SMS, due in a minute; its channel message is left in `deps.sent`. Its first SMS costs one segment each. */
async function waiting(clock: Clock, budget: number, people = 1) {
  const warned: string[] = [];
  const log = { info: () => {}, warn: (line: string) => void warned.push(line), error: () => {} };
  const deps = clockedDeps(clock, { log, settings: { SMS_MONTHLY_BUDGET_USD: budget.toFixed(5) } });
  const members = await Promise.all(
    Array.from({ length: people }, () => person({ reminder_preferences: "SMS", mobile_number: uniqueNumber() })),
  );
  const [first, ...others] = members;
  const event_id = await event(first!, { group_id: await group(first!, ...others), at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  return { deps, event_id, members, warned };
}

test("the first claim past four fifths of the month's budget writes one alert and warns once; below it, and after it, none", async () => {
  const clock = ownMonth();
  // Eight cost 79.3 % of it, nine 89.2 %.
  const budget = 0.3965;
  for (const [people, alerts] of [
    [8, 0],
    [1, 1],
  ] as const) {
    const { deps, warned } = await waiting(clock, budget, people);
    await drain(deps, clock);
    expect(await alertsOf(clock)).toHaveLength(alerts);
    expect(warned).toHaveLength(alerts);
  }
  expect((await alertsOf(clock))[0]!.message).toContain("80 % of the budget of 0.39650 USD");
  const after = await waiting(clock, 0.4);
  await drain(after.deps, clock);
  await query(sql`update alerts set closed_at = now() where part = 'sms'`);
  const refused = await waiting(clock, budget);
  await drain(refused.deps, clock);
  expect(await alertsOf(clock)).toMatchObject([{ open: false }]);
  expect([...after.warned, ...refused.warned]).toEqual([]);
});

test.each([
  ["the first crosses and the second is refused", 0.045, "0.03930"],
  ["the second is refused before four fifths are spent", 0.05, "0.03930"],
  ["the second crosses", 0.09, "0.07860"],
])("two consumers at once write one alert: %s", async (_, budget, spent) => {
  const clock = ownMonth();
  const scenes = [await waiting(clock, budget), await waiting(clock, budget)];
  const messages = scenes.map(({ deps }) => taken(deps));
  await Promise.all(scenes.map(({ deps }, index) => receive(deps, messages[index]!)));
  expect(await alertsOf(clock)).toHaveLength(1);
  expect(scenes.flatMap(({ warned }) => warned)).toHaveLength(1);
  const month = sql`date_trunc('month', ${new Date(clock.ms).toISOString()}::timestamptz at time zone 'UTC')::date`;
  expect(await query(sql`select spent_usd::text as spent from sms_spending where month = ${month}`)).toEqual([
    { spent },
  ]);
});

test("a budget that is spent before four fifths of it are, for the next SMS costs more than is left, alerts too", async () => {
  const clock = ownMonth();
  const { deps, event_id, members } = await waiting(clock, 1.9 * PRICE, 2);
  await drain(deps, clock);
  expect(await alertsOf(clock)).toHaveLength(1);
  const rows = await ledger(event_id);
  expect(rows.map(({ channel, status }) => `${channel} ${status}`).sort()).toEqual([
    "email sent",
    "sms failed",
    "sms sent",
  ]);
  const unreached = members.find(({ id }) => rows.some((row) => row.user_id === id && row.channel === "email"))!;
  expect(rows.filter(({ user_id }) => user_id === unreached.id)).toMatchObject([
    { channel: "sms", last_error: "budget_spent", attempts: 0 },
    { channel: "email", reason: "sms: tried, budget_spent" },
  ]);
  expect(await inbox("email", unreached.email)).toHaveLength(1);
});

test("a phone code counts to the same budget and alerts as well", async () => {
  const clock = ownMonth();
  const deps = clockedDeps(clock, { settings: { SMS_MONTHLY_BUDGET_USD: "0.04" } });
  const someone = await person();
  const asked = await call("POST", "/users/mobile", { as: someone, deps, json: { mobile_number: uniqueNumber() } });
  expect(asked.http).toBe(200);
  expect(await alertsOf(clock)).toHaveLength(1);
});

test("a number of a country that is no longer served gets no SMS, costs nothing, and the next channel takes over", async () => {
  const clock = ownMonth();
  const { deps, event_id, members } = await waiting(clock, 100);
  const abroad = { ...deps, settings: { ...deps.settings, SMS_COUNTRIES: ["DE"] } };
  await drain(abroad, clock);
  const [someone] = members;
  expect(await ledger(event_id)).toMatchObject([
    { channel: "sms", status: "failed", last_error: "country_not_served" },
    { channel: "email", status: "sent", reason: "sms: tried, country_not_served" },
  ]);
  expect(await inbox("email", someone!.email)).toHaveLength(1);
  expect(
    await query(
      sql`select from sms_spending where spent_usd > 0 and month > ${new Date(clock.ms - 20 * 1440 * MINUTE).toISOString()}::date`,
    ),
  ).toEqual([]);
});

const spentOf = async (clock: Clock) => {
  const month = sql`date_trunc('month', ${new Date(clock.ms).toISOString()}::timestamptz at time zone 'UTC')::date`;
  const [row] = await query<{ spent: string }>(
    sql`select spent_usd::text as spent from sms_spending where month = ${month}`,
  );
  return row?.spent ?? null;
};
const smsOf = ({ sent }: TestDeps) => sent.flatMap((one) => (one.type === "send-sms" ? one.recipients : []))[0];

test("an SMS that says that it is late is counted with those words, on time without, and given back as it was counted", async () => {
  const counted: (string | null)[] = [];
  for (const late of [0, 20 * MINUTE]) {
    const clock = ownMonth();
    const { deps } = await waiting(clock, 100);
    const recipient = smsOf(deps)!;
    // Leaves no room for the late note in one segment.
    recipient.message = "x".repeat(160);
    clock.ms += late;
    const to = recipient.phone_number;
    await fault({ channel: "sms", kind: "throttle", to, times: 1 });
    await receive(deps, taken(deps));
    counted.push(await spentOf(clock));
    await drain(deps, clock);
    counted.push(await spentOf(clock));
    expect(await inbox("sms", to)).toHaveLength(1);
  }
  expect(counted).toEqual(["0.00000", "0.03930", "0.00000", "0.07860"]);
});

test("at a month's turn an SMS is given back to the month in which it was counted", async () => {
  const { ms } = ownMonth();
  const turn = Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + 1);
  months++;
  const clock = { ms: turn - 10 * MINUTE };
  const { deps } = await waiting(clock, 100);
  clock.ms = turn - 100;
  await fault({ channel: "sms", kind: "throttle", to: smsOf(deps)!.phone_number, times: 1 });
  let calls = 0;
  const db = new Proxy(deps.db, {
    get: (target, name) => {
      if (name === "batch" && calls++ === 0) throw new TypeError("the database is away");
      return Reflect.get(target, name);
    },
  });
  await receive({ ...deps, db }, taken(deps));
  expect(clock.ms).toBeGreaterThan(turn);
  expect([await spentOf({ ms: turn - 1 }), await spentOf({ ms: turn })]).toEqual(["0.00000", null]);
});

test("whether a month was alerted of is found by an index, also among many that are closed", async () => {
  await query(
    sql`insert into alerts (part, key, message, closed_at) select 'other', n::text, '', now() from generate_series(1, 5000) n`,
  );
  await query(sql`analyze alerts`);
  const plan = await query(
    sql`explain select from alerts a where a.part = 'sms' and a.key = to_char(date_trunc('month', now()), 'YYYY-MM')`,
  );
  expect(JSON.stringify(plan)).toMatch(/Index (Only )?Scan.*alerts_key/);
});
