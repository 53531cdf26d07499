import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { call, type Person, person, query } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const base = {
  name: "Dinner",
  description: "At Ada's",
  event_timestamp: "2031-11-11 18:00:00",
  reminder: "once",
  schedule_period: "1 day",
  is_budget: false,
};

async function made(changed: object = {}) {
  const [admin, member] = [await person(), await person()];
  const group_id = await group(admin, member);
  const answer = await call("POST", "/event", { as: admin, json: { ...base, group_id, ...changed } });
  if (answer.http !== 200) throw new Error(JSON.stringify(answer));
  return { admin, member, group_id, id: answer.data.id as number };
}
const put = (as: Person | undefined, json: object) => call("PUT", "/event", { ...(as && { as }), json });
const read = async (as: Person, id: number) => (await call("GET", "/event", { as, query: { id } })).data[0];
const standing = async (id: number) => {
  const [row] = await query<{ revision: number; planned_at: string; leads: string }>(
    sql`select revision, planned_at::text, (select string_agg(l.id || ':' || l.lead || coalesce('@' || l.next_due_at, ''), ' ' order by l.id) from event_leads l where l.event_id = e.id) as leads
        from events e where id = ${id}`,
  );
  return row!;
};
/** The answer's faults by path, which come with a 400. */
const faults = async (as: Person, json: object) => {
  const answer = await put(as, json);
  expect(answer.http).toBe(400);
  return answer.error!.issues!.map(({ path }) => path).sort();
};

describe("PUT /event", () => {
  test("changes name, description, budget and participants in one round trip, and leaves the plan as it stands", async () => {
    const { admin, member, id } = await made();
    const before = await standing(id);
    const was = await read(admin, id);
    const users = [member.id, member.id];
    const json = { id, name: " Supper ", description: "", is_budget: true, budget: 99.5, users };
    expect(await put(admin, json)).toMatchObject({ http: 200, data: null, roundTrips: 1, sent: [] });
    expect(await read(admin, id)).toEqual({
      ...was,
      name: "Supper",
      description: "",
      is_budget: true,
      budget: "99.50",
      users: [{ id: member.id, email: member.email, username: member.username }],
    });
    expect(await standing(id)).toEqual(before);
  });

  test("an absent field keeps its value: a change of nothing changes nothing", async () => {
    const { admin, id, group_id } = await made({ is_budget: true, budget: "12.30", reminders: [60, 5] });
    const [was, before] = [await read(admin, id), await standing(id)];
    for (const json of [{ id }, { id, group_id }]) expect(await put(admin, json)).toMatchObject({ roundTrips: 1 });
    expect(await read(admin, id)).toEqual(was);
    expect(await standing(id)).toEqual(before);
  });

  test("a new time raises the revision and plans anew, in two round trips; the same time again does neither, in one", async () => {
    const { admin, id } = await made();
    const json = { id, event_timestamp: "2031-12-24 20:00:00" };
    expect(await put(admin, json)).toMatchObject({ http: 200, roundTrips: 2 });
    expect(await read(admin, id)).toMatchObject({
      event_timestamp: "2031-12-24 20:00:00",
      starts_at: "2031-12-24T19:00:00.000Z",
      next_at: "2031-12-24T19:00:00.000Z",
    });
    const after = await standing(id);
    expect(after.revision).toBe(2);
    expect(after.leads).toMatch(/^\d+:P1D@2031-12-23 19:00:00\+00$/);
    expect(await put(admin, json)).toMatchObject({ http: 200, roundTrips: 1 });
    expect(await put(admin, { id, starts_at: "2031-12-24T19:00:00.5Z" })).toMatchObject({ roundTrips: 1 });
    expect(await put(admin, { id, reminders: ["P1D"], exceptions: [] })).toMatchObject({ roundTrips: 2 });
    expect(await standing(id)).toEqual(after);
  });

  test.each([
    ["time_zone", { time_zone: "Asia/Tokyo" }],
    ["starts_at", { starts_at: "2031-11-11T17:00:01Z" }],
    ["recurrence", { recurrence: "FREQ=WEEKLY" }],
    ["exceptions", { exceptions: [{ occurrence: "2031-11-12 18:00:00", moved_to: null }] }],
    ["reminders", { reminders: [30] }],
    ["reminder", { reminder: "once" }],
    ["schedule_period", { schedule_period: "1 week" }],
  ])("%s that says something else is a change of time", async (_, changed) => {
    const { admin, id } = await made({ recurrence: "FREQ=DAILY", reminders: [0, 60] });
    expect((await put(admin, { id, ...changed })).http).toBe(200);
    expect((await standing(id)).revision).toBe(2);
  });

  test("a time without a zone is in the zone of the input, else in the event's, whatever the caller's is", async () => {
    const { admin, id } = await made({ time_zone: "Asia/Tokyo" });
    await query(sql`update users set time_zone = 'America/New_York' where id = ${admin.id}`);
    await put(admin, { id, event_timestamp: "2031-11-12 18:00:00" });
    expect(await read(admin, id)).toMatchObject({ starts_at: "2031-11-12T09:00:00.000Z", time_zone: "Asia/Tokyo" });
    await put(admin, { id, event_timestamp: "2031-11-12 18:00:00", time_zone: "Europe/London" });
    expect(await read(admin, id)).toMatchObject({ starts_at: "2031-11-12T18:00:00.000Z", time_zone: "Europe/London" });
    await put(admin, { id, time_zone: "Asia/Tokyo" });
    expect(await read(admin, id)).toMatchObject({ starts_at: "2031-11-12T09:00:00.000Z" });
  });

  test("the old app's PUT, which repeats what GET answered, leaves what newer clients set", async () => {
    const newer = {
      recurrence: "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR",
      exceptions: [{ occurrence: "2031-11-14 18:00:00", moved_to: "2031-11-15 19:00:00" }],
      reminders: [0, "P2D", 45],
    };
    const { admin, member, group_id, id } = await made(newer);
    const [was, before] = [await read(admin, id), await standing(id)];
    const said = async (json: object) => {
      const headers = { "trm-user-id": String(admin.id) };
      return call("PUT", "/event", { as: admin, headers, json: { ...app, ...json } });
    };
    const app = {
      id: String(id),
      group_id: String(group_id),
      name: "Renamed",
      description: was.description,
      event_timestamp: "2031-11-11 18:00:00.000",
      reminder: was.reminder,
      schedule_period: was.schedule_period,
      is_budget: false,
      budget: "",
      users: [String(admin.id), member.id, admin.id],
    };
    expect(await said({})).toMatchObject({ http: 200, status: { code: 200 }, data: null, roundTrips: 1 });
    expect(await read(admin, id)).toEqual({ ...was, name: "Renamed" });
    expect(await standing(id)).toEqual(before);
    // In the words of POST.
    expect(await said({ schedule_period: "1 week" })).toMatchObject({ status: { code: 200 }, roundTrips: 1 });
    expect(await standing(id)).toEqual(before);
    // Half past midnight, in the hours of PUT; the rule, its exceptions by their days and the reminders stay.
    for (const [said24, time] of [
      ["00:30:00.000", "00:30:00"],
      ["24:15:00.000", "00:15:00"],
    ] as const) {
      expect((await said({ event_timestamp: `2031-11-11 ${said24}` })).status.code).toBe(200);
      const exceptions = [{ occurrence: `2031-11-14 ${time}`, moved_to: "2031-11-15 19:00:00" }];
      expect(await read(admin, id)).toMatchObject({ ...newer, exceptions, event_timestamp: `2031-11-11 ${time}` });
    }
    // Another period is another recurrence.
    expect((await said({ schedule_period: "1 month" })).status.code).toBe(200);
    expect(await read(admin, id)).toMatchObject({ recurrence: "FREQ=MONTHLY", reminders: [0], reminder: "periodical" });
    expect((await said({ reminder: "once", schedule_period: "1 week" })).status.code).toBe(200);
    expect(await read(admin, id)).toMatchObject({ recurrence: null, exceptions: [], reminders: ["P1W"] });
  });

  test("each of GET's three periods is understood as it was answered", async () => {
    const { admin, id } = await made();
    for (const schedule_period of ["30 days, 0:00:00", "7 days, 0:00:00", "1 day, 0:00:00"]) {
      expect((await put(admin, { id, schedule_period })).http).toBe(200);
      expect(await read(admin, id)).toMatchObject({ schedule_period, reminder: "once" });
    }
    expect(await faults(admin, { id, schedule_period: "2 days, 0:00:00" })).toEqual(["schedule_period"]);
  });

  test("a monthly event of the old app moved to the 31st falls on the last day of shorter months", async () => {
    const { admin, id } = await made({ reminder: "periodical", schedule_period: "1 month" });
    await put(admin, { id, event_timestamp: "2032-01-31 18:00:00" });
    const { recurrence, schedule_period } = await read(admin, id);
    expect([recurrence, schedule_period]).toEqual([expect.stringContaining("BYSETPOS=-1"), "30 days, 0:00:00"]);
    await put(admin, { id, event_timestamp: "2032-01-10 18:00:00" });
    expect((await read(admin, id)).recurrence).toBe("FREQ=MONTHLY");
  });

  test("a budget is ignored unless there is one, goes when it is turned off, and stays exact through currencies", async () => {
    const { admin, id } = await made({ is_budget: true, budget: "100.00" });
    const money = async (json: object) => {
      expect(await put(admin, { id, ...json })).toMatchObject({ http: 200 });
      const { is_budget, budget, currency } = await read(admin, id);
      return [is_budget, budget, currency];
    };
    expect(await money({ budget: "7.05" })).toEqual([true, "7.05", "PLN"]);
    expect(await faults(admin, { id, currency: "JPY" })).toEqual(["budget"]);
    expect(await money({ budget: 700, currency: "JPY" })).toEqual([true, "700", "JPY"]);
    expect(await money({ budget: "800" })).toEqual([true, "800", "JPY"]);
    expect(await faults(admin, { id, budget: "7.5" })).toEqual(["budget"]);
    expect(await money({ currency: "PLN" })).toEqual([true, "800.00", "PLN"]);
    expect(await money({ is_budget: false, budget: "a lot" })).toEqual([false, null, "PLN"]);
    expect(await money({ budget: "5" })).toEqual([false, null, "PLN"]);
    expect(await faults(admin, { id, is_budget: true })).toEqual(["budget"]);
    expect(await faults(admin, { id, is_budget: true, budget: null })).toEqual(["budget"]);
    expect(await faults(admin, { id, is_budget: true, budget: "-1" })).toEqual(["budget"]);
    expect(await money({ is_budget: true, budget: "0.10", currency: "EUR" })).toEqual([true, "0.10", "EUR"]);
  });

  test("every fault is named at once: of the fields, and of what they mean for this event", async () => {
    const [{ admin, member, id }, other] = [await made(), await made()];
    expect(
      await faults(admin, {
        id: 0,
        group_id: "x",
        name: " ",
        description: 5,
        event_timestamp: "2031-11-11 24:30:00",
        time_zone: "Europe/Nowhere",
        reminder: "daily",
        schedule_period: { toString: 1 },
        is_budget: true,
        budget: "a lot",
        currency: "XXZ",
        users: [0],
        exceptions: [{ occurrence: "never", moved_to: null }],
        reminders: [-1],
      }),
    ).toEqual(
      "budget currency description event_timestamp exceptions.0.occurrence group_id id name reminder reminders.0 schedule_period time_zone users.0".split(
        " ",
      ),
    );
    expect(await faults(admin, {})).toEqual(["id"]);
    const before = await read(admin, id);
    expect(
      await faults(admin, {
        id,
        name: "Not written",
        group_id: other.group_id,
        event_timestamp: "2031-11-12 18:00:00",
        recurrence: "FREQ=WEEKLY;BYDAY=TU",
        is_budget: true,
        users: [admin.id, other.admin.id, member.id, 9e15],
      }),
    ).toEqual(["budget", "group_id", "recurrence", "users.1", "users.3"]);
    expect(await read(admin, id)).toEqual(before);
  });

  test("a start that the event's own rule does not give, exceptions without a rule and one occurrence twice are refused", async () => {
    const { admin, id } = await made({ recurrence: "FREQ=WEEKLY;BYDAY=TU" });
    expect(await faults(admin, { id, event_timestamp: "2031-11-12 18:00:00" })).toEqual(["event_timestamp"]);
    expect(await faults(admin, { id, starts_at: "2031-11-12T17:00:00Z" })).toEqual(["starts_at"]);
    expect(await faults(admin, { id, recurrence: "FREQ=HOURLY" })).toEqual(["recurrence"]);
    const exceptions = ["2031-11-18 18:00:00", "2031-11-18 18:00"].map((occurrence) => ({
      occurrence,
      moved_to: null,
    }));
    expect(await faults(admin, { id, exceptions })).toEqual(["exceptions.1.occurrence"]);
    const once = await made();
    expect(await faults(once.admin, { id: once.id, exceptions: exceptions.slice(1) })).toEqual(["exceptions"]);
    expect(await faults(once.admin, { id: once.id, starts_at: "9999-12-31T23:30:00Z" })).toEqual(["starts_at"]);
  });

  test("an event without recurrence keeps no exceptions", async () => {
    const exceptions = [{ occurrence: "2031-11-12 18:00:00", moved_to: null }];
    const { admin, id } = await made({ recurrence: "FREQ=DAILY", exceptions });
    expect((await put(admin, { id, recurrence: null })).http).toBe(200);
    expect(await read(admin, id)).toMatchObject({ recurrence: null, exceptions: [], reminder: "once" });
  });

  test("participants who stay keep what is theirs, and there may be none", async () => {
    const { admin, member, id } = await made();
    await query(sql`update events_users set rsvp = 'maybe' where event_id = ${id} and user_id = ${member.id}`);
    await put(admin, { id, users: [member.id] });
    const rows = () => query(sql`select user_id, rsvp from events_users where event_id = ${id} order by user_id`);
    expect(await rows()).toEqual([{ user_id: member.id, rsvp: "maybe" }]);
    expect((await put(admin, { id, users: [] })).http).toBe(200);
    expect(await rows()).toEqual([]);
  });
});

/** Changes that all wait for the event's row before they read it, so that they meet in the middle of their work. */
async function atOnce(as: Person, id: number, changes: object[]) {
  const held = query(sql`select pg_sleep(0.3) from (select from events where id = ${id} for update) event`);
  const answers = await Promise.all(changes.map((one) => put(as, { id, ...one })));
  await held;
  return answers;
}

describe("people who change events at once", () => {
  test("on different fields, each change stands, also those of time", async () => {
    const { admin, id } = await made({ recurrence: "FREQ=DAILY" });
    const changes = [{ event_timestamp: "2031-11-20 09:00:00" }, { reminders: [15] }, { name: "Breakfast" }];
    const answers = await atOnce(admin, id, changes);
    expect(answers.map(({ http }) => http)).toEqual([200, 200, 200]);
    expect(answers.map(({ roundTrips }) => roundTrips).sort()).toEqual([1, 2, 3]);
    expect(await read(admin, id)).toMatchObject({
      name: "Breakfast",
      event_timestamp: "2031-11-20 09:00:00",
      reminders: [15],
      recurrence: "FREQ=DAILY",
    });
    const { revision, leads } = await standing(id);
    expect(revision).toBe(3);
    expect(leads).toMatch(/^\d+:15@2031-11-20 07:45:00\+00$/);
  });

  test("on the same fields, one of them stands whole", async () => {
    const { admin, member, id } = await made();
    const one = { name: "One", event_timestamp: "2031-11-20 09:00:00", reminders: [1, 2], users: [admin.id] };
    const two = { name: "Two", event_timestamp: "2031-11-21 10:00:00", reminders: [3], users: [member.id] };
    const answers = await atOnce(admin, id, [one, two]);
    expect(answers.map(({ http }) => http)).toEqual([200, 200]);
    const { name, event_timestamp, reminders, users } = await read(admin, id);
    const found = { name, event_timestamp, reminders, users: users.map((user: { id: number }) => user.id) };
    expect([one, two]).toContainEqual(found);
  });
});

test("participants named by two at once are those of one of them", async () => {
  const { admin, member, id } = await made();
  await put(admin, { id, users: [] });
  const [one, two] = [[admin.id], [member.id]];
  await atOnce(admin, id, [{ users: one }, { users: two }]);
  const users = (await read(admin, id)).users.map((user: { id: number }) => user.id);
  expect([one, two]).toContainEqual(users);
});

describe("DELETE /event", () => {
  test("works whatever hangs on it, in one round trip, and a second time finds nothing", async () => {
    const { admin, member, id } = await made({
      recurrence: "FREQ=DAILY",
      exceptions: [{ occurrence: "2031-11-12 18:00:00", moved_to: null }],
    });
    await call("POST", "/event/comment", { as: member, json: { event_id: id, comment: "Hello" } });
    await call("POST", "/event/notify", { as: admin, json: { event_id: id } });
    const gone = await call("DELETE", "/event", { as: admin, query: { id } });
    expect(gone).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await read(admin, id)).toBeUndefined();
    expect((await call("DELETE", "/event", { as: admin, query: { id } })).http).toBe(404);
    expect((await put(admin, { id, name: "Back" })).http).toBe(404);
    expect(await query(sql`select from event_reminders where event_id = ${id}`)).toHaveLength(1);
  });

  test("in the app's dialect the id comes in a body or a header", async () => {
    const { admin, id } = await made();
    const headers = { "trm-user-id": String(admin.id) };
    const deleted = (more: object) => call("DELETE", "/event", { as: admin, headers, ...more });
    expect(await deleted({ json: {} })).toMatchObject({ http: 200, status: { code: 400 } });
    expect(await deleted({ json: { id: String(id) } })).toMatchObject({ status: { code: 200 }, data: null });
    const other = await made();
    const header = { headers: { "trm-id": String(other.id) } };
    expect(await call("DELETE", "/event", { as: other.admin, ...header })).toMatchObject({ status: { code: 200 } });
    expect(await read(other.admin, other.id)).toBeUndefined();
  });

  test("two at once: one deletes", async () => {
    const { admin, id } = await made();
    const answers = await Promise.all([1, 2].map(() => call("DELETE", "/event", { as: admin, query: { id } })));
    expect(answers.map(({ http }) => http).sort()).toEqual([200, 404]);
  });
});

test("moderators change events, admins delete them; a stranger learns of neither", async () => {
  const all = await groupOfEveryRole();
  const elsewhere = (await groupOfEveryRole()).admin;
  const make = async () => {
    const json = { ...base, group_id: all.group_id, users: [all.standard.id] };
    return (await call("POST", "/event", { as: all.admin, json })).data.id as number;
  };
  const expected = {
    nobody: [401, 401],
    stranger: [404, 404],
    elsewhere: [404, 404],
    invited: [404, 404],
    standard: [403, 403],
    moderator: [200, 403],
    admin: [200, 200],
  } as const;
  for (const [who, codes] of Object.entries(expected)) {
    const as = { ...all, elsewhere, nobody: undefined }[who as keyof typeof expected];
    const id = await make();
    const changed = await put(as, { id, event_timestamp: "2031-12-01 10:00:00" });
    const deleted = await call("DELETE", "/event", { ...(as && { as }), query: { id } });
    expect([who, changed.http, deleted.http]).toEqual([who, ...codes]);
    const [row] = await query<{ revision: number }>(sql`select revision from events where id = ${id}`);
    expect([who, row?.revision]).toEqual([who, codes[1] === 200 ? undefined : codes[0] === 200 ? 2 : 1]);
  }
  const id = await make();
  expect((await put(all.standard, { id, users: [all.stranger.id] })).http).toBe(400);
  expect((await put(all.admin, { id: 9e15, name: "Nothing" })).http).toBe(404);
  expect((await put(all.stranger, { id: await make(), users: [all.admin.id] })).error?.code).toBe("not_found");
});

test("a moderator who was demoted changes events no more", async () => {
  const { group_id, moderator, admin } = await groupOfEveryRole();
  const { data } = await call("POST", "/event", { as: admin, json: { ...base, group_id } });
  expect((await put(moderator, { id: data.id, name: "Mine" })).http).toBe(200);
  await query(
    sql`update group_members set status = 'standard' where group_id = ${group_id} and user_id = ${moderator.id}`,
  );
  expect((await put(moderator, { id: data.id, name: "Still mine" })).http).toBe(403);
  expect((await read(admin, data.id)).name).toBe("Mine");
});
