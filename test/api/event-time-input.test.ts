/** What POST and PUT /event take and refuse of time: zones, rules, exceptions and leads. */
import { describe, expect, test } from "vitest";
import { call, person } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const base = {
  name: "Dinner",
  description: "",
  event_timestamp: "2031-11-11 18:00:00",
  recurrence: "FREQ=DAILY",
  reminders: [0],
  is_budget: false,
};

async function planner() {
  const admin = await person();
  const group_id = await group(admin);
  const post = (json: object) => call("POST", "/event", { as: admin, json: { ...base, group_id, ...json } });
  const put = (id: number, json: object) => call("PUT", "/event", { as: admin, json: { id, ...json } });
  const read = async (id: number) => (await call("GET", "/event", { as: admin, query: { id } })).data[0];
  return { admin, post, put, read };
}
/** What is answered to a new event, and to an existing one that is changed to it: both alike. */
async function issuesOf(json: object) {
  const { post, put } = await planner();
  const refused = await post(json);
  expect(refused.http).toBe(400);
  const { data } = await post({});
  const changed = await put(data.id, json);
  expect(changed.error).toMatchObject({ code: "invalid_input", issues: refused.error!.issues! });
  return refused.error!.issues!;
}

describe("a zone", () => {
  test("is kept as the IANA database spells it, of an event, of a changed one, and of a person", async () => {
    const { admin, post, put, read } = await planner();
    const { data } = await post({ time_zone: "europe/kyiv" });
    expect((await read(data.id)).time_zone).toBe("Europe/Kyiv");
    expect(await put(data.id, { time_zone: "EUROPE/KYIV" })).toMatchObject({ http: 200, roundTrips: 1 });
    await put(data.id, { time_zone: "Europe/KIEV" });
    expect((await read(data.id)).time_zone).toBe("Europe/Kiev");
    const preferences = { reminder_preferences: "EMAIL", time_zone: "america/port-au-prince" };
    expect((await call("PATCH", "/users/preferences", { as: admin, json: preferences })).http).toBe(200);
    expect((await call("GET", "/users", { as: admin })).data.time_zone).toBe("America/Port-au-Prince");
  });

  test.each(["Europe/Nowhere", "+02:00", "BST", "", "UTC+1", "Europe/Warsaw\u0000", "\ud800"])(
    "that is unknown is refused by its name",
    async (time_zone) => {
      const issues = [{ path: "time_zone", message: `${JSON.stringify(time_zone)} is not an IANA time zone` }];
      expect(await issuesOf({ time_zone })).toEqual(issues);
      const someone = await person();
      const json = { reminder_preferences: "EMAIL", time_zone };
      const answer = await call("PATCH", "/users/preferences", { as: someone, json });
      expect([answer.http, answer.error?.issues]).toEqual([400, issues]);
    },
  );

  test("of a thousand letters is not repeated", async () => {
    expect(await issuesOf({ time_zone: "x".repeat(1000) })).toEqual([
      { path: "time_zone", message: "is not an IANA time zone" },
    ]);
  });
});

describe("a rule", () => {
  test("is answered in one spelling, and said again in any is no change", async () => {
    const { post, put, read } = await planner();
    const { data } = await post({ recurrence: "rrule:wkst=mo;freq=weekly;byday=tu" });
    const was = await read(data.id);
    expect(was.recurrence).toBe("WKST=MO;FREQ=WEEKLY;BYDAY=TU");
    for (const recurrence of ["RRULE:wkst=mo;freq=weekly;byday=tu", was.recurrence])
      expect(await put(data.id, { recurrence })).toMatchObject({ http: 200, roundTrips: 1 });
    expect(await put(data.id, { recurrence: "RRULE:FREQ=WEEKLY" })).toMatchObject({ http: 200, roundTrips: 2 });
    expect(await read(data.id)).toEqual({ ...was, recurrence: "FREQ=WEEKLY" });
  });

  test("of the old app, said by a newer client in small letters, is the old app's rule still", async () => {
    const { post, put, read } = await planner();
    const { data } = await post({ recurrence: "rrule:freq=monthly" });
    await put(data.id, { event_timestamp: "2032-01-31 18:00:00" });
    expect((await read(data.id)).recurrence).toBe("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1");
  });

  test.each([
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "has no occurrence"],
    ["FREQ=WEEKLY;BYDAY=WE", "does not give the start itself; the first time that it gives is 2031-11-12 18:00:00"],
    ["FREQ=HOURLY", "recurs more often than daily"],
    ["FREQ=DAILY;BYHOUR=9,18", "recurs more often than daily"],
    ["every day", "is not an RRULE of RFC 5545"],
    ["", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY\nEXDATE:20311112T180000", "is not an RRULE of RFC 5545"],
    ["DTSTART:20311111T180000\nRRULE:FREQ=DAILY", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY;COUNT=2;UNTIL=20311231", "COUNT and UNTIL exclude each other"],
    ["FREQ=DAILY;UNTIL=20311110T225959Z", "UNTIL lies before the start"],
    ["RSCALE=HEBREW;FREQ=YEARLY", "RSCALE is not supported"],
  ])("that cannot be kept is refused with the reason: %j", async (recurrence, message) => {
    expect(await issuesOf({ recurrence })).toEqual([{ path: "recurrence", message }]);
  });

  test("with characters that are no text is refused like every other that is none", async () => {
    for (const recurrence of ["FREQ=DAILY\u0000", "\ud800", "FREQ=DA\u0131LY"])
      expect(await issuesOf({ recurrence })).toEqual([{ path: "recurrence", message: "is not an RRULE of RFC 5545" }]);
  });

  test("is named among all other faults", async () => {
    const issues = await issuesOf({ recurrence: "FREQ=HOURLY", name: "", reminders: [-1] });
    expect(issues.map(({ path }) => path).sort()).toEqual(["name", "recurrence", "reminders.0"]);
  });

  test.each(["FREQ=DAILY;UNTIL=20311113", "FREQ=DAILY;UNTIL=20311113T180000", "FREQ=DAILY;UNTIL=20311113T170000Z"])(
    "may end at a date, a wall time or an instant: %s",
    async (recurrence) => {
      const { post, read } = await planner();
      const exceptions = ["11", "12"].map((day) => ({ occurrence: `2031-11-${day} 18:00:00`, moved_to: null }));
      const { data } = await post({ recurrence, exceptions });
      expect(await read(data.id)).toMatchObject({ recurrence, next_at: "2031-11-13T17:00:00.000Z" });
    },
  );
});

describe("leads", () => {
  const refusal = "must be minutes from 0 to 40320, or P<n>D, P<n>W or P1M of at most 28 days or a month";

  test.each([
    -1,
    40_321,
    1.5,
    1e21,
    "60",
    "P0D",
    "P29D",
    "P0W",
    "P5W",
    "P41W",
    "P2M",
    "P1Y",
    "PT5M",
    "p1d",
    "P1D\n",
    null,
  ])("of more than 40,320 minutes, in wall time too, and what is none are refused by place: %j", async (lead) => {
    expect(await issuesOf({ reminders: [0, lead] })).toEqual([{ path: "reminders.1", message: refusal }]);
  });

  test("are five at the most, and one at the least", async () => {
    expect(await issuesOf({ reminders: [0, 1, 2, 3, 4, 5] })).toEqual([
      { path: "reminders", message: "must be at most 5" },
    ]);
    expect(await issuesOf({ reminders: [] })).toMatchObject([{ path: "reminders" }]);
  });

  test("up to four weeks are taken, and a month", async () => {
    const { post, read } = await planner();
    const reminders = [0, 40_320, "P28D", "P3W", "P1M"];
    expect((await read((await post({ reminders })).data.id)).reminders).toEqual(reminders);
  });

  test("that mean the same are one, the one named first, and naming them again is no change", async () => {
    const { post, put, read } = await planner();
    const { data } = await post({ reminders: ["P1W", 30, "P7D", 30] });
    const was = await read(data.id);
    expect(was.reminders).toEqual(["P1W", 30]);
    for (const reminders of [
      [30, "P7D", "P1W", 30],
      ["P7D", 30],
    ])
      expect((await put(data.id, { reminders })).http).toBe(200);
    expect(await read(data.id)).toEqual(was);
    await put(data.id, { reminders: ["P7D", 15] });
    expect((await read(data.id)).reminders).toEqual(["P1W", 15]);
  });
});
