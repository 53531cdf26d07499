import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { call, query } from "../support/index.ts";
import { clockedDeps, drain, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { arranged, at, clockAt, HOUR, inFlight, MINUTE, reached, runUntil } from "../support/replanned.ts";

test("a reminder in flight of a moved event is suppressed with the reason, and the event is reminded when it is now", async () => {
  const one = await inFlight();
  await one.put(at(one.start + 20 * MINUTE));
  await drain(one.deps, one.clock);
  expect(await reached(one.admin, one.member)).toEqual([0, 0]);
  const moved = { status: "suppressed", last_error: "event_moved" };
  expect(await ledger(one.id)).toMatchObject([moved, moved]);
  await runUntil(one, one.start + 21 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});

test("moved away and back, a reminder in flight goes out once, at its second", async () => {
  const one = await inFlight();
  await one.put(at(one.start + 20 * MINUTE));
  await one.put(at(one.start));
  await runUntil(one, one.start + 21 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
  expect(await ledger(one.id)).toMatchObject([
    { status: "sent", reminder_status: "picked" },
    { status: "sent", reminder_status: "picked" },
  ]);
});

test("moved away, suppressed, and moved back in time, it is pending again and goes out once", async () => {
  const one = await inFlight();
  await one.put(at(one.start + 20 * MINUTE));
  for (const message of taken(one.deps)) await receive(one.deps, [message]);
  one.clock.ms = one.start - MINUTE + 10_000;
  await one.put({ ...at(one.start + 20 * MINUTE), name: "Supper" });
  await one.put(at(one.start));
  expect(one.deps.sent).toMatchObject([{ type: "schedule-notifications", event_id: one.id }]);
  await runUntil(one, one.start + 21 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});

test("what went out for an occurrence is not repeated by a change of the plan, and what is ahead is planned anew", async () => {
  const start = clockAt().ms + 2 * HOUR;
  const one = await arranged({ at: start, recurrence: "FREQ=DAILY", reminders: [115, 30] });
  await runUntil(one, start - 114 * MINUTE);
  expect(await reached(one.admin)).toEqual([1]);
  await one.put({ reminders: [115, 15] });
  await one.put({ reminders: [15, 10, 115] });
  await runUntil(one, start);
  expect(await reached(one.admin)).toEqual([3]);
  const rows = await query(
    sql`select reminder, (starts_at - due_at)::text as ahead from event_reminders where event_id = ${one.id} order by due_at`,
  );
  expect(rows).toEqual([
    { reminder: "115", ahead: "01:55:00" },
    { reminder: "15", ahead: "00:15:00" },
    { reminder: "10", ahead: "00:10:00" },
  ]);
});

test("an occurrence moved after its reminder went out is not reminded of a second time", async () => {
  const one = await arranged({ recurrence: "FREQ=DAILY", reminders: [5] });
  await runUntil(one, one.start - 4 * MINUTE);
  expect(await reached(one.admin)).toEqual([1]);
  const { data } = await call("GET", "/event", { as: one.admin, query: { id: one.id } });
  const wall = data[0].event_timestamp;
  const later = new Date(Date.parse(`${wall.replace(" ", "T")}Z`) + 30 * MINUTE).toISOString().slice(0, 19);
  await one.put({ exceptions: [{ occurrence: wall, moved_to: later }] });
  await runUntil(one, one.start + 31 * MINUTE);
  expect(await reached(one.admin)).toEqual([1]);
});

test("nothing before the moment of change is reminded: a lead that is past is dropped, and the occurrence itself is reminded of", async () => {
  const one = await arranged({ at: clockAt().ms + 5 * HOUR, reminders: [60] });
  await one.put({ ...at(one.clock.ms + 30 * MINUTE), reminders: [60] });
  const until = one.clock.ms + 31 * MINUTE;
  await runUntil(one, until);
  expect(await ledger(one.id)).toMatchObject([{ status: "sent" }, { status: "sent" }]);
  const [row] = await query<{ at_start: boolean }>(
    sql`select due_at = starts_at as at_start from event_reminders where event_id = ${one.id}`,
  );
  expect(row).toEqual({ at_start: true });
});

test("a new plan that is due before a tick could claim it is handed on at once", async () => {
  const one = await arranged({ at: clockAt().ms + 5 * HOUR });
  expect(one.deps.sent).toEqual([]);
  await one.put(at(one.clock.ms + MINUTE));
  expect(taken(one.deps)).toMatchObject([{ type: "schedule-notifications", event_id: one.id }]);
  await one.put({ name: "Supper" });
  await one.put(at(one.clock.ms + 4 * MINUTE));
  expect(one.deps.sent).toEqual([]);
});

test("a tick that read the plan before it was changed claims nothing of it", async () => {
  const one = await arranged();
  one.clock.ms = one.start - 2 * MINUTE;
  const [lead] = await query<{ id: number }>(sql`select id from event_leads where event_id = ${one.id}`);
  await Promise.all([one.put({ reminders: [0, 1] }), tick(one.deps, one.clock.ms), tick(one.deps, one.clock.ms)]);
  expect(await query(sql`select from event_leads where id = ${lead!.id}`)).toEqual([]);
  await runUntil(one, one.start + MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([2, 2]);
});

test("a tick and a deletion that meet at one event do not block each other", async () => {
  const one = await arranged({ recurrence: "FREQ=DAILY" });
  one.clock.ms = one.start - MINUTE;
  const errors: unknown[] = [];
  const log = { ...one.deps.log, error: (...error: unknown[]) => void errors.push(error) };
  const deps = clockedDeps(one.clock, { log });
  // Both wait for the event's row, and meet in the middle of their work.
  const held = query(sql`select pg_sleep(0.3) from (select from events where id = ${one.id} for update) event`);
  const gone = call("DELETE", "/event", { as: one.admin, query: { id: one.id }, deps });
  await Promise.all([held, gone, tick(deps, one.clock.ms)]);
  expect((await gone).http).toBe(200);
  expect(errors).toEqual([]);
});

test("a change of name, budget or participants leaves a reminder in flight on its way", async () => {
  const one = await inFlight();
  await one.put({ name: "Supper", is_budget: true, budget: "10", users: [one.admin.id, one.member.id] });
  await drain(one.deps, one.clock);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});

test("whoever is taken out of an event gets no reminder that was already on its way", async () => {
  const one = await inFlight();
  await one.put({ users: [one.admin.id] });
  await drain(one.deps, one.clock);
  expect(await reached(one.admin, one.member)).toEqual([1, 0]);
  expect(await ledger(one.id)).toMatchObject([
    { user_id: one.admin.id, status: "sent" },
    { user_id: one.member.id, status: "suppressed", last_error: "no_participant" },
  ]);
});

test("whoever is put into an event before its reminder is picked is reminded too", async () => {
  const one = await arranged();
  await one.put({ users: [one.admin.id] });
  await one.put({ users: [one.member.id] });
  await runUntil(one, one.start);
  expect(await reached(one.admin, one.member)).toEqual([0, 1]);
});

test("deleting an event stops its reminders, on their way or claimed, and the ledger says why", async () => {
  const [sending, claimed] = [await inFlight(), await arranged()];
  claimed.clock.ms = claimed.start - MINUTE;
  await tick(claimed.deps, claimed.clock.ms);
  for (const one of [sending, claimed]) {
    const gone = await call("DELETE", "/event", { as: one.admin, query: { id: one.id }, deps: one.deps });
    expect(gone.http).toBe(200);
    await runUntil(one, one.start + MINUTE);
    expect(await reached(one.admin, one.member)).toEqual([0, 0]);
  }
  const suppressed = { status: "suppressed", last_error: "event_deleted" };
  expect(await ledger(sending.id)).toMatchObject([suppressed, suppressed]);
  const [reminder] = await query(sql`select status, reason from event_reminders where event_id = ${claimed.id}`);
  expect(reminder).toEqual({ status: "suppressed", reason: "event_deleted" });
});
