import { describe, expect, test } from "vitest";
import { base, faults, made, put, read } from "../support/changed-events.ts";
import { call, person } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const skipped = (occurrence: string) => ({ occurrence, moved_to: null });
const moved = (occurrence: string, moved_to: string) => ({ occurrence, moved_to });
const NO_OCCURRENCE = "is not a time that the recurrence gives";

describe("an exception names an occurrence", () => {
  test.each([
    ["another time of day", "2031-11-12 18:00:01"],
    ["before the start", "2031-11-10 18:00:00"],
    ["after the end", "2031-11-15 18:00:00"],
    ["far ahead", "9998-12-31 18:00:00"],
  ])("or is refused at its place: %s", async (_, occurrence) => {
    const recurrence = "FREQ=DAILY;COUNT=4";
    const exceptions = [skipped("2031-11-14 18:00:00"), skipped(occurrence)];
    const { admin, group_id, id } = await made({ recurrence });
    const answer = await call("POST", "/event", { as: admin, json: { ...base, group_id, recurrence, exceptions } });
    expect(answer.error?.issues).toEqual([{ path: "exceptions.1.occurrence", message: NO_OCCURRENCE }]);
    expect((await put(admin, { id, exceptions })).error?.issues).toEqual(answer.error?.issues);
    expect((await read(admin, id)).exceptions).toEqual([]);
  });

  test("and where the rule is wrong, the rule is what is named", async () => {
    const { admin, id } = await made({ recurrence: "FREQ=DAILY" });
    const exceptions = [skipped("2031-11-13 18:00:00")];
    expect(await faults(admin, { id, recurrence: "FREQ=WEEKLY;BYDAY=WE", exceptions })).toEqual(["recurrence"]);
    expect(await faults(admin, { id, recurrence: "FREQ=WEEKLY", exceptions })).toEqual(["exceptions.0.occurrence"]);
  });

  test("in the zone that the event is in, which is the caller's where none is said", async () => {
    const admin = await person({ time_zone: "America/New_York" });
    const event = { ...base, group_id: await group(admin), recurrence: "FREQ=DAILY", event_timestamp: undefined };
    const post = (occurrence: string) =>
      call("POST", "/event", {
        as: admin,
        json: { ...event, starts_at: "2031-11-11T02:00:00Z", exceptions: [skipped(occurrence)] },
      });
    expect((await post("2031-11-11 21:00:00")).http).toBe(200);
    expect((await post("2031-11-12 03:00:00")).error?.issues).toMatchObject([{ path: "exceptions.0.occurrence" }]);
  });

  test("once", async () => {
    const { admin, id } = await made({ recurrence: "FREQ=DAILY" });
    const [occurrence, same] = ["2031-11-12 18:00:00", "2031-11-12T18:00"];
    const exceptions = [skipped(occurrence), moved(same, "2031-11-12 19:00:00")];
    expect(await faults(admin, { id, exceptions })).toEqual(["exceptions.1.occurrence"]);
  });

  test("and an event that takes place once has none, also where its rule is taken away", async () => {
    const { admin, group_id, id } = await made({ recurrence: "FREQ=DAILY" });
    const exceptions = [skipped(base.event_timestamp)];
    const answer = await call("POST", "/event", { as: admin, json: { ...base, group_id, exceptions } });
    expect(answer.error?.issues).toEqual([{ path: "exceptions", message: "need a recurrence" }]);
    expect(await faults(admin, { id, recurrence: null, exceptions })).toEqual(["exceptions"]);
    expect(await faults(admin, { id, reminder: "once", exceptions })).toEqual(["exceptions"]);
  });
});

test("an occurrence may be moved onto another's time, before the start and past the end, and all may be skipped", async () => {
  const recurrence = "FREQ=DAILY;COUNT=3";
  const { admin, id } = await made({ recurrence });
  const [first, second, third] = ["11", "12", "13"].map((day) => `2031-11-${day} 18:00:00`) as [string, string, string];
  const exceptions = [moved(first, second), moved(second, "2031-11-01 10:00:00"), moved(third, "2032-01-01 10:00:00")];
  expect((await put(admin, { id, exceptions })).http).toBe(200);
  expect(await read(admin, id)).toMatchObject({ exceptions, next_at: "2031-11-01T09:00:00.000Z" });
  const all = [first, second, third].map(skipped);
  expect((await put(admin, { id, exceptions: all })).http).toBe(200);
  expect(await read(admin, id)).toMatchObject({ exceptions: all, next_at: null });
});

describe("exceptions of a series that is changed", () => {
  const weekly = { recurrence: "FREQ=WEEKLY;BYDAY=TU,TH", reminders: [0] };
  const exceptions = [skipped("2031-11-13 18:00:00"), moved("2031-11-18 18:00:00", "2031-11-19 20:00:00")];
  const arranged = () => made({ ...weekly, exceptions });
  const atHalfPast = [skipped("2031-11-13 18:30:00"), moved("2031-11-18 18:30:00", "2031-11-19 20:00:00")];

  test("that repeats what GET answered stay as they are", async () => {
    const { admin, id } = await arranged();
    const was = await read(admin, id);
    const { event_timestamp, time_zone, recurrence, reminders } = was;
    const json = { id, event_timestamp, time_zone, recurrence, reminders, exceptions: was.exceptions };
    expect((await put(admin, json)).http).toBe(200);
    expect(await read(admin, id)).toEqual(was);
  });

  test.each([
    ["left out", {}],
    ["repeated", { exceptions }],
  ])("to another time of day stay on their days, and come back with it: %s", async (_, said) => {
    const { admin, id } = await arranged();
    const was = await read(admin, id);
    expect((await put(admin, { id, event_timestamp: "2031-11-11 18:30:00", ...said })).http).toBe(200);
    expect((await read(admin, id)).exceptions).toEqual(atHalfPast);
    expect((await put(admin, { id, event_timestamp: was.event_timestamp })).http).toBe(200);
    expect(await read(admin, id)).toEqual(was);
  });

  test("to days or an end that leave them behind go, the others stay", async () => {
    const { admin, id } = await arranged();
    expect((await put(admin, { id, recurrence: "FREQ=WEEKLY;BYDAY=TU", exceptions })).http).toBe(200);
    expect((await read(admin, id)).exceptions).toEqual(exceptions.slice(1));
    expect((await put(admin, { id, recurrence: "FREQ=WEEKLY;UNTIL=20311117" })).http).toBe(200);
    expect((await read(admin, id)).exceptions).toEqual([]);
  });

  test("to another zone stay, as their wall times do", async () => {
    const { admin, id } = await arranged();
    expect((await put(admin, { id, time_zone: "Asia/Tokyo" })).http).toBe(200);
    expect((await read(admin, id)).exceptions).toEqual(exceptions);
  });

  test("are still refused where they are new, and what is said of the new time goes before what was said of the old", async () => {
    const { admin, id } = await arranged();
    const event_timestamp = "2031-11-11 18:30:00";
    const wrong = [...exceptions, skipped("2031-11-20 18:00:00")];
    expect(await faults(admin, { id, event_timestamp, exceptions: wrong })).toEqual(["exceptions.2.occurrence"]);
    const changed = [skipped("2031-11-18 18:00:00")];
    expect(await faults(admin, { id, event_timestamp, exceptions: changed })).toEqual(["exceptions.0.occurrence"]);
    const anew = moved("2031-11-13 18:30:00", "2031-11-13 12:00:00");
    expect((await put(admin, { id, event_timestamp, exceptions: [...exceptions, anew] })).http).toBe(200);
    expect((await read(admin, id)).exceptions).toEqual([anew, atHalfPast[1]]);
  });
});
