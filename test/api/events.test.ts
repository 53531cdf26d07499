import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { type Answer, call, person, query } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, taken } from "../support/pipeline.ts";

const HOUR = 3_600_000;
const base = {
  name: "Dinner",
  description: "At Ada's",
  event_timestamp: "2031-11-11 18:00:00",
  reminder: "once",
  schedule_period: "1 day",
  is_budget: false,
  budget: "",
};

test("a moderator makes an event, its members take part, and they read it back", async () => {
  const [admin, member] = [await person({ username: "Ada" }), await person()];
  const group_id = await group(admin, member);
  const made = await call("POST", "/event", { as: admin, json: { ...base, group_id } });
  expect(made).toMatchObject({ http: 200, data: { id: expect.any(Number) }, roundTrips: 1 });
  const read = await call("GET", "/event", { as: member });
  expect(read.roundTrips).toBe(1);
  expect(read.page).toEqual({ next_cursor: null });
  expect(read.data).toEqual([
    {
      id: made.data.id,
      name: "Dinner",
      description: "At Ada's",
      is_budget: false,
      budget: null,
      group_id,
      group_name: "Group",
      status: "standard",
      event_timestamp: "2031-11-11 18:00:00",
      reminder: "once",
      schedule_period: "1 day, 0:00:00",
      users: [
        { id: admin.id, email: admin.email, username: "Ada" },
        { id: member.id, email: member.email, username: member.username },
      ],
      starts_at: "2031-11-11T17:00:00.000Z",
      time_zone: "Europe/Warsaw",
      recurrence: null,
      exceptions: [],
      reminders: ["P1D"],
      next_at: "2031-11-11T17:00:00.000Z",
      currency: "PLN",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    },
  ]);
});

test("a time without a zone is in the caller's zone, else in the default; a named zone wins", async () => {
  const admin = await person({ time_zone: "America/New_York" });
  const group_id = await group(admin);
  await call("POST", "/event", { as: admin, json: { ...base, group_id } });
  await call("POST", "/event", { as: admin, json: { ...base, group_id, time_zone: "Asia/Tokyo" } });
  const { data } = await call("GET", "/event", { as: admin });
  expect(data.map((one: { starts_at: string; time_zone: string }) => [one.starts_at, one.time_zone])).toEqual([
    ["2031-11-11T09:00:00.000Z", "Asia/Tokyo"],
    ["2031-11-11T23:00:00.000Z", "America/New_York"],
  ]);
});

test("a rule is judged in the caller's zone, also where it would be wrong in the default one", async () => {
  const admin = await person({ time_zone: "America/New_York" });
  const json = { ...base, group_id: await group(admin), starts_at: "2031-11-11T02:00:00Z", event_timestamp: undefined };
  const made = (rule: string) => call("POST", "/event", { as: admin, json: { ...json, recurrence: rule } });
  expect(await made("FREQ=WEEKLY;BYDAY=MO")).toMatchObject({ http: 200, roundTrips: 2 });
  expect((await made("FREQ=WEEKLY;BYDAY=TU")).error?.issues).toMatchObject([{ path: "recurrence" }]);
});

test("the old periods make the event recur, and a monthly one of the 31st falls on each month's last day", async () => {
  const admin = await person();
  const group_id = await group(admin);
  const json = { ...base, group_id, event_timestamp: "2031-01-31 18:00:00", reminder: "periodical" };
  for (const schedule_period of ["1 day", "1 week", "1 month"])
    await call("POST", "/event", { as: admin, json: { ...json, schedule_period } });
  const { data } = await call("GET", "/event", { as: admin });
  expect(data.map((one: { schedule_period: string; reminder: string }) => [one.schedule_period, one.reminder])).toEqual(
    [
      ["1 day, 0:00:00", "periodical"],
      ["7 days, 0:00:00", "periodical"],
      ["30 days, 0:00:00", "periodical"],
    ],
  );
  expect(data[2].recurrence).toContain("BYSETPOS=-1");
});

test("budgets are exact and null unless there is one", async () => {
  const admin = await person();
  const group_id = await group(admin);
  const budgets = [
    [99.5, "PLN"],
    ["100.10", "PLN"],
    ["1500", "JPY"],
    ["1.234", "KWD"],
    ["999999999999.99", "KWD"],
  ] as const;
  for (const [budget, currency] of budgets) {
    await call("POST", "/event", { as: admin, json: { ...base, group_id, is_budget: true, budget, currency } });
  }
  await call("POST", "/event", { as: admin, json: { ...base, group_id, is_budget: false, budget: -1 } });
  const { data } = await call("GET", "/event", { as: admin });
  expect(data.map((one: { budget: string | null }) => one.budget)).toEqual([
    "99.50",
    "100.10",
    "1500",
    "1.234",
    "999999999999.990",
    null,
  ]);
});

test("every fault of an event is named at once", async () => {
  const admin = await person();
  const answer = await call("POST", "/event", {
    as: admin,
    json: {
      group_id: "x",
      name: " ",
      description: "d".repeat(501),
      event_timestamp: "2031-02-30 18:00",
      reminder: "daily",
      schedule_period: "1 year",
      is_budget: "yes",
      users: [0],
    },
  });
  expect(answer.http).toBe(400);
  expect(answer.error?.issues?.map(({ path }) => path).sort()).toEqual(
    [
      "description",
      "event_timestamp",
      "group_id",
      "is_budget",
      "name",
      "reminder",
      "schedule_period",
      "users.0",
    ].sort(),
  );
  const missing = await call("POST", "/event", { as: admin, json: {} });
  expect(missing.error?.issues?.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      "group_id",
      "name",
      "description",
      "is_budget",
      "event_timestamp",
      "reminder",
      "schedule_period",
    ]),
  );
});

test("an hour 24, a bad rule, an unknown zone, six reminders and a lead over four weeks are refused by name", async () => {
  const admin = await person();
  const group_id = await group(admin);
  const refused = async (changed: object) => {
    const answer = await call("POST", "/event", { as: admin, json: { ...base, group_id, ...changed } });
    expect(answer.http).toBe(400);
    return answer.error!.issues!.map(({ path }) => path);
  };
  expect(await refused({ event_timestamp: "2031-11-11 24:30:00" })).toEqual(["event_timestamp"]);
  expect(await refused({ recurrence: "FREQ=HOURLY" })).toEqual(["recurrence"]);
  expect(await refused({ recurrence: "every day" })).toEqual(["recurrence"]);
  expect(await refused({ time_zone: "Europe/Nowhere" })).toEqual(["time_zone"]);
  expect(await refused({ recurrence: null, reminders: [0, 1, 2, 3, 4, 5] })).toEqual(["reminders"]);
  expect(await refused({ recurrence: null, reminders: [40_321] })).toEqual(["reminders.0"]);
  expect(await refused({ is_budget: true, budget: "a lot" })).toEqual(["budget"]);
});

test("a stranger to the group gets 404, a standard member 403, and someone who is no member is refused at users.N", async () => {
  const [admin, member, stranger] = [await person(), await person(), await person()];
  const group_id = await group(admin, member);
  expect((await call("POST", "/event", { as: stranger, json: { ...base, group_id } })).http).toBe(404);
  expect((await call("POST", "/event", { as: member, json: { ...base, group_id } })).http).toBe(403);
  const answer = await call("POST", "/event", {
    as: admin,
    json: { ...base, group_id, users: [admin.id, stranger.id, member.id, member.id] },
  });
  expect(answer.error?.issues).toEqual([{ path: "users.1", message: "is not a member of the group" }]);
  const chosen = await call("POST", "/event", {
    as: admin,
    json: { ...base, group_id, users: [member.id, member.id] },
  });
  const { data } = await call("GET", "/event", { as: member, query: { id: chosen.data.id } });
  expect(data[0].users.map((one: { id: number }) => one.id)).toEqual([member.id]);
});

test("the list shows one's own events alone, by time, and filters narrow it without refusing", async () => {
  const [admin, member, stranger] = [await person(), await person(), await person()];
  const [one, two] = [await group(admin, member), await group(admin)];
  const later = await call("POST", "/event", { as: admin, json: { ...base, group_id: one } });
  const sooner = await call("POST", "/event", {
    as: admin,
    json: { ...base, group_id: two, event_timestamp: "2030-01-01 10:00" },
  });
  const apart = await call("POST", "/event", { as: admin, json: { ...base, group_id: one, users: [admin.id] } });
  const ids = async (as: typeof admin, filter: Record<string, unknown> = {}) =>
    (await call("GET", "/event", { as, query: filter })).data.map(({ id }: { id: number }) => id);
  expect(await ids(admin)).toEqual([sooner.data.id, later.data.id, apart.data.id]);
  expect(await ids(admin, { group_id: one })).toEqual([later.data.id, apart.data.id]);
  expect(await ids(member)).toEqual([later.data.id]);
  expect(await ids(stranger, { id: later.data.id })).toEqual([]);
  await query(sql`update group_members set status = 'moderator' where group_id = ${one} and user_id = ${member.id}`);
  expect(await ids(member)).toEqual([later.data.id]);
  expect((await call("GET", "/event", { as: admin, query: { id: "x" } })).http).toBe(400);
});

test("the list pages by cursor without losing or repeating one", async () => {
  const admin = await person();
  const group_id = await group(admin);
  const made: number[] = [];
  for (let n = 0; n < 5; n++)
    made.push((await call("POST", "/event", { as: admin, json: { ...base, group_id } })).data.id);
  const seen: number[] = [];
  let cursor: string | null = null;
  do {
    const answer: Answer<{ id: number }[]> = await call("GET", "/event", {
      as: admin,
      query: { limit: 2, ...(cursor && { cursor }) },
    });
    seen.push(...answer.data.map(({ id }) => id));
    cursor = answer.page!.next_cursor;
  } while (cursor);
  expect(seen).toEqual(made);
  expect((await call("GET", "/event", { as: admin, query: { cursor: "nonsense" } })).error?.issues?.[0]?.path).toBe(
    "cursor",
  );
});

test("a manual reminder goes out once in 24 hours, by admins alone, automatic ones not counted", async () => {
  const clock = { ms: Math.floor(Date.now() / 60_000) * 60_000 };
  const deps = clockedDeps(clock);
  const [admin, member, stranger] = [await person(), await person(), await person()];
  const group_id = await group(admin, member);
  const event_id = await event(admin, { group_id, at: clock.ms + 48 * HOUR }, deps);
  const notify = (as: typeof admin) => call("POST", "/event/notify", { as, json: { event_id }, deps });
  expect((await notify(stranger)).http).toBe(404);
  expect((await notify(member)).http).toBe(403);
  taken(deps);
  const [first, second] = await Promise.all([notify(admin), notify(admin)]);
  expect([first.http, second.http].sort()).toEqual([200, 429]);
  expect(deps.sent).toMatchObject([{ type: "schedule-notifications", event_id }]);
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([
    { kind: "manual", status: "sent" },
    { kind: "manual", status: "sent" },
  ]);
  clock.ms += 22 * HOUR;
  const refused = await notify(admin);
  expect(refused.http).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(HOUR / 1000);
  expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual((2 * HOUR) / 1000);
  clock.ms += 2 * HOUR + 1000;
  expect(await notify(admin)).toMatchObject({ http: 200, data: { event_reminders_id: expect.any(Number) } });
});

test("a manual reminder makes one round trip, names the next occurrence, and reaches people also when the event is past", async () => {
  const clock = { ms: Math.floor(Date.now() / 60_000) * 60_000 };
  const deps = clockedDeps(clock);
  const admin = await person();
  const event_id = await event(admin, { group_id: await group(admin), at: clock.ms - 3 * 24 * HOUR }, deps);
  taken(deps);
  const answer = await call("POST", "/event/notify", { as: admin, json: { event_id }, deps });
  expect(answer.roundTrips).toBe(1);
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([{ kind: "manual", status: "sent" }]);
});

test("a manual reminder whose queue is out of reach is in the ledger for the next tick", async () => {
  const admin = await person();
  const clock = { ms: Date.now() };
  const deps = clockedDeps(clock);
  const event_id = await event(admin, { group_id: await group(admin), at: clock.ms + HOUR }, deps);
  const bindings = {
    ...deps.bindings,
    SCHEDULE_NOTIFICATIONS: { sendBatch: () => Promise.reject(new Error("away")) } as unknown as Queue,
  };
  const answer = await call("POST", "/event/notify", { as: admin, json: { event_id }, deps: { ...deps, bindings } });
  expect(answer.http).toBe(200);
  expect(
    await query(sql`select id from event_reminders where event_id = ${event_id} and status = 'pending'`),
  ).toHaveLength(1);
});

test("a page ends early where its events have more people than one answer can hold, and goes on", async () => {
  const admin = await person();
  const group_id = await group(admin);
  const mark = crypto.randomUUID().slice(0, 8);
  await query(
    sql`with made as (
          insert into users (cognito_user_id, email, username, confirmed_at)
          select ${mark} || n, ${mark} || n || '@torium.test', 'Somebody', now() from generate_series(1, 15000) n returning id
        )
        insert into group_members (group_id, user_id, status) select ${group_id}::bigint, id, 'standard' from made`,
  );
  for (let n = 0; n < 3; n++) await call("POST", "/event", { as: admin, json: { ...base, group_id } });
  const first = await call("GET", "/event", { as: admin });
  expect(first.data).toHaveLength(2);
  const second = await call("GET", "/event", { as: admin, query: { cursor: first.page!.next_cursor } });
  expect(second).toMatchObject({ data: [{ users: expect.any(Array) }], page: { next_cursor: null } });
});
