/** What a change of an event does to a reminder that is on its way, or has gone out. */
import { expect, test } from "vitest";
import { wallTimeAt } from "../../src/domain/time.ts";
import { inbox } from "../support/index.ts";
import { drain, ledger, tick } from "../support/pipeline.ts";
import { type Arranged, arranged, at, HOUR, inFlight, MINUTE, reached, runUntil } from "../support/replanned.ts";

const DAY = 24 * HOUR;
const wall = (ms: number) => wallTimeAt(ms, "Europe/Warsaw");
const suppressed = { status: "suppressed", last_error: "event_moved" };
const sent = { status: "sent", last_error: null };
const states = async (one: Arranged) =>
  (await ledger(one.id)).map(({ status, last_error }) => ({ status, last_error }));

test("a name and a budget that change before the words are made are in them", async () => {
  const one = await arranged();
  one.clock.ms = one.start - MINUTE;
  await tick(one.deps, one.clock.ms);
  await one.put({ name: "Supper", is_budget: true, budget: "20.50" });
  await drain(one.deps, one.clock);
  const [message] = await inbox("email", one.member.email);
  expect(message).toMatchObject({ subject: expect.stringContaining("Supper"), text: expect.stringContaining("20.50") });
});

test("a skipped occurrence's reminder in flight is suppressed, and pending again where it is not skipped after all", async () => {
  const [gone, back] = [await inFlight({ recurrence: "FREQ=DAILY" }), await inFlight({ recurrence: "FREQ=DAILY" })];
  for (const one of [gone, back]) await one.put({ exceptions: [{ occurrence: wall(one.start), moved_to: null }] });
  await runUntil(gone, gone.start + MINUTE);
  expect(await reached(gone.admin, gone.member)).toEqual([0, 0]);
  expect(await states(gone)).toEqual([suppressed, suppressed]);
  await back.put({ exceptions: [] });
  await runUntil(back, back.start + MINUTE);
  expect(await reached(back.admin, back.member)).toEqual([1, 1]);
  expect(await states(back)).toEqual([sent, sent]);
});

test("a moved occurrence's reminder in flight goes out when it is now, once", async () => {
  const one = await inFlight({ recurrence: "FREQ=DAILY" });
  await one.put({ exceptions: [{ occurrence: wall(one.start), moved_to: wall(one.start + 20 * MINUTE) }] });
  await runUntil(one, one.start + 17 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([0, 0]);
  await runUntil(one, one.start + 21 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});

test("in another zone the same wall time is the same occurrence: a reminder in flight goes out then, one that went out does not again", async () => {
  const [flying, gone] = [await inFlight(), await arranged({ reminders: [5] })];
  await runUntil(gone, gone.start - 4 * MINUTE);
  for (const one of [flying, gone]) await one.put({ time_zone: "Europe/London" });
  await runUntil(flying, flying.start + 57 * MINUTE);
  expect(await reached(flying.admin, flying.member)).toEqual([0, 0]);
  for (const one of [flying, gone]) await runUntil(one, one.start + 61 * MINUTE);
  expect(await reached(flying.admin, flying.member, gone.admin, gone.member)).toEqual([1, 1, 1, 1]);
});

test("a rule taken away leaves the reminder of the start on its way, and suppresses that of a later occurrence", async () => {
  const first = await inFlight({ recurrence: "FREQ=DAILY" });
  const { start } = first;
  const later = await inFlight({ recurrence: "FREQ=DAILY", at: start - DAY });
  for (const one of [first, later]) {
    await one.put({ recurrence: null });
    await runUntil(one, start + MINUTE);
  }
  expect(await states(first)).toEqual([sent, sent]);
  expect(await states(later)).toEqual([suppressed, suppressed]);
  expect(await reached(first.admin, first.member, later.admin, later.member)).toEqual([1, 1, 0, 0]);
});

test("a lead in flight that stays among others goes out at its second, once", async () => {
  const one = await inFlight();
  await one.put({ reminders: [0, 30, "P1D"] });
  await runUntil(one, one.start + MINUTE);
  expect(await states(one)).toEqual([sent, sent]);
});

test("a lead in flight that is taken away is suppressed where another is ahead", async () => {
  const one = await inFlight({ at: Math.floor(Date.now() / MINUTE) * MINUTE + 20 * MINUTE, reminders: [10] });
  await one.put({ reminders: [2] });
  await runUntil(one, one.clock.ms + 11 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
  expect(await states(one)).toEqual([suppressed, suppressed, sent, sent]);
});

test("a start moved after its reminder went out is a new occurrence, reminded once more; moved back, it is not repeated", async () => {
  const [moved, back] = [await arranged({ reminders: [5] }), await arranged({ reminders: [5] })];
  for (const one of [moved, back]) {
    await runUntil(one, one.start - 4 * MINUTE);
    expect(await reached(one.admin, one.member)).toEqual([1, 1]);
    await one.put(at(one.start + 30 * MINUTE));
  }
  await back.put(at(back.start));
  for (const one of [moved, back]) await runUntil(one, one.start + 31 * MINUTE);
  expect(await reached(moved.admin, moved.member)).toEqual([2, 2]);
  expect(await reached(back.admin, back.member)).toEqual([1, 1]);
});

test("a change between a reminder and its occurrence brings no second one, and the ledger says why", async () => {
  const one = await arranged({ recurrence: "FREQ=DAILY", reminders: [5] });
  await runUntil(one, one.start - 4 * MINUTE);
  await one.put({ exceptions: [{ occurrence: wall(one.start + DAY), moved_to: null }] });
  await runUntil(one, one.start + MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
  const unneeded = { reminder_status: "suppressed", picked: false, why: "already_reminded", status: null };
  expect((await ledger(one.id)).slice(2)).toMatchObject([unneeded, unneeded]);
});

test("the skip of a day stays through a change of the time of day, for what is in flight too", async () => {
  const one = await arranged({
    recurrence: "FREQ=DAILY",
    at: Math.floor(Date.now() / MINUTE) * MINUTE - DAY + 20 * MINUTE,
  });
  const today = one.start + 10 * MINUTE;
  await one.put({ exceptions: [{ occurrence: wall(today), moved_to: null }] });
  await one.put(at(today - DAY - 5 * MINUTE));
  await runUntil(one, today + MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([0, 0]);
});
