import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { faults, made, put, read, standing } from "../support/changed-events.ts";
import { call, query } from "../support/index.ts";

describe("PUT /event", () => {
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
});
