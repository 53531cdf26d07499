import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { person, query } from "../support/index.ts";
import { clockedDeps, event, group, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WARSAW = "Europe/Warsaw";

/** A person in a group of their own, at a given moment. */
async function at(iso: string) {
  const clock = { ms: Date.parse(iso) };
  const deps = clockedDeps(clock);
  const someone = await person();
  return { clock, deps, someone, group_id: await group(someone) };
}

/** The instants at which an event was reminded, and what its ledger calls the occurrences. */
const reminded = (event_id: number) =>
  query<{ due_at: string; event_timestamp: string }>(
    sql`select to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') as due_at, event_timestamp::text from event_reminders where event_id = ${event_id} order by due_at`,
  );

test("a weekly 09:00 in Warsaw stays 09:00 through both clock changes", async () => {
  const { deps, someone, group_id } = await at("2027-03-20T12:00:00Z");
  const json = {
    name: "Breakfast",
    description: "",
    is_budget: false,
    time_zone: WARSAW,
    reminder: "periodical",
    schedule_period: "1 week",
  };
  const spring = await event(
    someone,
    {
      group_id,
      at: 0,
      starts_at: undefined,
      recurrence: undefined,
      reminders: undefined,
      event_timestamp: "2027-03-22 09:00:00",
      ...json,
    },
    deps,
  );
  for (const day of ["2027-03-22T08:00:00Z", "2027-03-29T07:00:00Z", "2027-10-25T07:00:00Z", "2027-11-01T08:00:00Z"])
    await tick(deps, Date.parse(day));
  const found = await reminded(spring);
  expect(found.slice(0, 2)).toEqual([
    { due_at: "2027-03-22T08:00Z", event_timestamp: "2027-03-22 09:00:00" },
    { due_at: "2027-03-29T07:00Z", event_timestamp: "2027-03-29 09:00:00" },
  ]);
  expect(found.slice(-2)).toEqual([
    { due_at: "2027-10-25T07:00Z", event_timestamp: "2027-10-25 09:00:00" },
    { due_at: "2027-11-01T08:00Z", event_timestamp: "2027-11-01 09:00:00" },
  ]);
  expect(found).toHaveLength(33);
});

test("once reminds one period before the event, at the event where that is past, and never again", async () => {
  const { clock, deps, someone, group_id } = await at("2027-05-01T10:00:00Z");
  const once = {
    starts_at: undefined,
    recurrence: undefined,
    reminders: undefined,
    reminder: "once",
    schedule_period: "1 day",
    time_zone: WARSAW,
  };
  const ahead = await event(someone, { group_id, at: 0, ...once, event_timestamp: "2027-05-10 18:00:00" }, deps);
  const soon = await event(someone, { group_id, at: 0, ...once, event_timestamp: "2027-05-01 18:00:00" }, deps);
  for (let day = 0; day < 15; day++) await tick(deps, clock.ms + day * DAY);
  expect(await reminded(ahead)).toEqual([{ due_at: "2027-05-09T16:00Z", event_timestamp: "2027-05-10 18:00:00" }]);
  expect(await reminded(soon)).toEqual([{ due_at: "2027-05-01T16:00Z", event_timestamp: "2027-05-01 18:00:00" }]);
});

test("two ticks at once give one reminder, and so does the same tick again", async () => {
  const { clock, deps, someone, group_id } = await at("2027-06-01T10:00:00Z");
  const id = await event(someone, { group_id, at: clock.ms + HOUR }, deps);
  const other = clockedDeps(clock);
  await Promise.all([tick(deps, clock.ms + HOUR), tick(other, clock.ms + HOUR)]);
  await tick(deps, clock.ms + HOUR);
  expect(await reminded(id)).toHaveLength(1);
  await Promise.all([receive(deps, taken(deps)), receive(other, taken(other))]);
  const mine = [...taken(deps), ...taken(other)].filter(
    (message) => "recipients" in message && message.recipients[0]!.user_id === someone.id,
  );
  expect(mine).toHaveLength(1);
});

test("ticks that were missed lose no occurrence and double none", async () => {
  const { clock, deps, someone, group_id } = await at("2027-06-01T10:00:00Z");
  const daily = { recurrence: "FREQ=DAILY", time_zone: WARSAW };
  const id = await event(someone, { group_id, at: clock.ms + HOUR, ...daily }, deps);
  await tick(deps, clock.ms + HOUR);
  await tick(deps, clock.ms + 4 * DAY + HOUR);
  await tick(deps, clock.ms + 5 * DAY + HOUR);
  expect((await reminded(id)).map(({ event_timestamp }) => event_timestamp.slice(0, 10))).toEqual([
    "2027-06-01",
    "2027-06-02",
    "2027-06-03",
    "2027-06-04",
    "2027-06-05",
    "2027-06-06",
  ]);
});

test("a reminder is claimed up to 150 seconds ahead, and no earlier", async () => {
  const { clock, deps, someone, group_id } = await at("2027-06-01T10:00:00Z");
  const id = await event(someone, { group_id, at: clock.ms + HOUR }, deps);
  await tick(deps, clock.ms + HOUR - 151_000);
  expect(await reminded(id)).toHaveLength(0);
  await tick(deps, clock.ms + HOUR - 150_000);
  expect(await reminded(id)).toHaveLength(1);
});

test("a tick makes one round trip when nothing is due for it, and two for what is due", async () => {
  const { clock, deps, someone, group_id } = await at("2019-06-01T10:00:00Z");
  const quiet = deps.roundTrips();
  await tick(deps, clock.ms);
  expect(deps.roundTrips() - quiet).toBe(1);
  await event(someone, { group_id, at: clock.ms + HOUR }, deps);
  const due = deps.roundTrips();
  await tick(deps, clock.ms + HOUR);
  expect(deps.roundTrips() - due).toBe(2);
});
