/** An event's start, which a newer client may say as wall time, as an instant, or as both. */
import { describe, expect, test } from "vitest";
import { made, put, read } from "../support/changed-events.ts";
import { call, person } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const CONTRADICTION = [{ path: "event_timestamp", message: "is another time than starts_at in the event's zone" }];
const newer = { name: "Dinner", description: "", recurrence: null, reminders: [0], is_budget: false };
const pathsOf = ({ error }: Awaited<ReturnType<typeof call>>) => error?.issues?.map(({ path }) => path).sort();

async function planner(time_zone: string | null = null) {
  const admin = await person({ time_zone });
  const group_id = await group(admin);
  const post = (json: object) => call("POST", "/event", { as: admin, json: { ...newer, group_id, ...json } });
  return { admin, post };
}

describe("a new event whose start is said twice", () => {
  const start = { event_timestamp: "2031-11-11 18:00:00", starts_at: "2031-11-11T17:00:00.250Z" };

  test("is taken where both are one time in its zone: the input's, the caller's, or else the service's", async () => {
    const [ours, theirs] = [await planner(), await planner("America/New_York")];
    const there = { ...start, starts_at: "2031-11-11T23:00:00Z" };
    expect(await ours.post(start)).toMatchObject({ http: 200, roundTrips: 1 });
    expect((await theirs.post(there)).http).toBe(200);
    expect((await ours.post({ ...there, time_zone: "America/New_York" })).http).toBe(200);
  });

  test("is refused where they are not, also where another zone would make them one", async () => {
    const [ours, theirs] = [await planner(), await planner("America/New_York")];
    for (const refused of [
      await ours.post({ ...start, starts_at: "2031-11-11T17:00:01Z" }),
      await ours.post({ ...start, time_zone: "Europe/London" }),
      await theirs.post(start),
    ]) {
      expect([refused.http, refused.error?.issues]).toEqual([400, CONTRADICTION]);
    }
  });
});

describe("a change that says the start twice", () => {
  const was = { event_timestamp: "2031-11-11 18:00:00", starts_at: "2031-11-11T17:00:00.000Z" };
  const later = { event_timestamp: "2031-11-11 19:00:00", starts_at: "2031-11-11T18:00:00.000Z" };
  const startOf = async (event: Awaited<ReturnType<typeof made>>) => {
    const { event_timestamp, starts_at } = await read(event.admin, event.id);
    return { event_timestamp, starts_at };
  };

  test("and only repeats it is no change, in one round trip", async () => {
    const event = await made();
    expect(await put(event.admin, { id: event.id, ...was })).toMatchObject({ http: 200, roundTrips: 1 });
    expect(await startOf(event)).toEqual(was);
  });

  test("means the one that does not repeat what is stored, or both where they agree", async () => {
    for (const change of [
      { ...was, event_timestamp: later.event_timestamp },
      { ...was, starts_at: later.starts_at },
      later,
    ]) {
      const event = await made();
      expect(await put(event.admin, { id: event.id, ...change })).toMatchObject({ http: 200, roundTrips: 2 });
      expect(await startOf(event)).toEqual(later);
    }
  });

  test("is refused where both are new and disagree, and nothing is written", async () => {
    const event = await made();
    const json = { id: event.id, ...later, event_timestamp: "2031-11-11 20:00:00", is_budget: true };
    const refused = await put(event.admin, json);
    expect([refused.http, pathsOf(refused)]).toEqual([400, ["budget", "event_timestamp"]]);
    expect(refused.error!.issues).toContainEqual(CONTRADICTION[0]);
    expect(await startOf(event)).toEqual(was);
  });

  test("beside another zone keeps the wall time that is repeated, and reads the new one there", async () => {
    const time_zone = "Europe/London";
    const event = await made();
    expect((await put(event.admin, { id: event.id, ...was, time_zone })).http).toBe(200);
    expect(await startOf(event)).toEqual({ ...was, starts_at: later.starts_at });
    const moved = { event_timestamp: "2031-11-11 18:30:00", starts_at: "2031-11-11T17:30:00Z" };
    const again = { id: event.id, time_zone: "Europe/Warsaw", ...moved };
    expect((await put(event.admin, again)).http).toBe(200);
    expect(await startOf(event)).toEqual({ ...moved, starts_at: "2031-11-11T17:30:00.000Z" });
  });
});

test("an instant within the repeated hour of an autumn change is kept as its first happening", async () => {
  const { admin, post } = await planner();
  const { data } = await post({ starts_at: "2031-10-26T01:30:00Z" });
  expect(await read(admin, data.id)).toMatchObject({
    event_timestamp: "2031-10-26 02:30:00",
    starts_at: "2031-10-26T00:30:00.000Z",
  });
});

describe("beside other faults of a new event", () => {
  const tuesday = { event_timestamp: "2031-11-11 18:00:00", recurrence: "FREQ=WEEKLY;BYDAY=WE" };
  const post = async (json: object) => pathsOf(await (await planner()).post({ name: "", ...json }));

  test("a rule that does not give the start is named, and exceptions that it does not give", async () => {
    expect(await post(tuesday)).toEqual(["name", "recurrence"]);
    const exceptions = [{ occurrence: "2031-11-12 18:00:00", moved_to: null }];
    const daily = { event_timestamp: "2031-11-11 18:00:00", recurrence: "FREQ=DAILY;INTERVAL=2", exceptions };
    expect(await post(daily)).toEqual(["exceptions.0.occurrence", "name"]);
    expect(await post({ ...tuesday, exceptions: [{ occurrence: "never" }] })).toEqual(
      ["exceptions.0.moved_to", "exceptions.0.occurrence", "name", "recurrence"].sort(),
    );
  });

  test("so is a start that is said in two ways, where the zone is", async () => {
    const start = { event_timestamp: "2031-11-11 18:00:00", starts_at: "2031-11-11T18:00:00Z" };
    expect(await post({ ...start, time_zone: "Europe/Warsaw" })).toEqual(["event_timestamp", "name"]);
    expect(await post({ ...start, time_zone: "Europe/London" })).toEqual(["name"]);
  });

  test("a schedule is not judged by fields that are wrong themselves, or by a zone that is not said", async () => {
    expect(await post({ ...tuesday, event_timestamp: "soon" })).toEqual(["event_timestamp", "name"]);
    expect(await post({ ...tuesday, event_timestamp: undefined })).toEqual(["event_timestamp", "name"]);
    expect(await post({ ...tuesday, time_zone: "Mars" })).toEqual(["name", "time_zone"]);
    expect(await post({ ...tuesday, recurrence: "weekly" })).toEqual(["name", "recurrence"]);
    expect(await post({ recurrence: tuesday.recurrence, starts_at: "2031-11-11T23:30:00Z" })).toEqual(["name"]);
    const until = "FREQ=DAILY;UNTIL=20311111T173000Z";
    expect(await post({ ...tuesday, recurrence: until })).toEqual(["name"]);
    expect(await post({ ...tuesday, recurrence: until, time_zone: "Europe/London" })).toEqual(["name", "recurrence"]);
    expect(await post({ ...tuesday, recurrence: until, time_zone: "Europe/Warsaw" })).toEqual(["name"]);
  });
});
