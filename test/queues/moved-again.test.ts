/** Reminders whose event is moved, or only called otherwise, after they were picked or sent. */
import { expect, test } from "vitest";
import { wallTimeAt } from "../../src/domain/time.ts";
import { inbox } from "../support/index.ts";
import { drain, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { arranged, at, HOUR, inFlight, MINUTE, reached, runUntil } from "../support/replanned.ts";

const wall = (ms: number) => wallTimeAt(ms, "Europe/Warsaw");
const DAILY = { recurrence: "FREQ=DAILY" };

test("a reminder that was picked and is then moved says the budget of its new moment, or none", async () => {
  const budget = { is_budget: true, budget: "100.00" };
  const [dearer, free] = [await inFlight({ ...DAILY, ...budget }), await inFlight({ ...DAILY, ...budget })];
  const moved = [{ occurrence: wall(dearer.start), moved_to: wall(dearer.start + 20 * MINUTE) }];
  await dearer.put({ exceptions: moved, budget: "300.00" });
  await free.put({ exceptions: moved, is_budget: false });
  for (const one of [dearer, free]) await runUntil(one, one.start + 21 * MINUTE);
  const [[told], [untold]] = [await inbox("email", dearer.member.email), await inbox("email", free.member.email)];
  expect(told!.text).toContain("300.00");
  expect(told!.text).toContain("150.00");
  expect(untold!.text).not.toContain("100.00");
});

test("whom a lead told of the former time is told of the new one, also where the reminder at the start was left out already", async () => {
  const one = await arranged({ ...DAILY, reminders: [5] });
  await runUntil(one, one.start - 4 * MINUTE);
  const skipped = { occurrence: wall(one.start + 24 * HOUR), moved_to: null };
  await one.put({ exceptions: [skipped] });
  await runUntil(one, one.start - 1.5 * MINUTE);
  expect((await ledger(one.id)).slice(-1)).toMatchObject([{ picked: false, why: "already_reminded" }]);
  await one.put({ exceptions: [skipped, { occurrence: wall(one.start), moved_to: wall(one.start + 3 * MINUTE) }] });
  await runUntil(one, one.start + 4 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([2, 2]);
});

test("a reminder at the occurrence that somebody asks for goes out, though one for want of a lead was left out there", async () => {
  const one = await arranged({ reminders: [5] });
  await runUntil(one, one.start - 4 * MINUTE);
  await one.put({ reminders: [1440] });
  await runUntil(one, one.start - 1.5 * MINUTE);
  expect((await ledger(one.id)).slice(-1)).toMatchObject([{ picked: false, why: "already_reminded" }]);
  await one.put({ reminders: [0] });
  await runUntil(one, one.start + MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([2, 2]);
});

test("an occurrence that is only called otherwise after its reminder went out is not reminded again", async () => {
  const [once, series] = [await arranged({ reminders: [5] }), await arranged({ ...DAILY, reminders: [5] })];
  const later = { occurrence: wall(series.start), moved_to: wall(series.start + 10 * MINUTE) };
  await series.put({ exceptions: [later] });
  await runUntil(once, once.start - 4 * MINUTE);
  await runUntil(series, series.start + 6 * MINUTE);
  expect(await reached(once.admin, once.member, series.admin, series.member)).toEqual([1, 1, 1, 1]);
  await once.put({ time_zone: "Europe/London", ...at(once.start) });
  await series.put(at(series.start + 2 * MINUTE));
  for (const one of [once, series]) await runUntil(one, one.start + 11 * MINUTE);
  expect(await reached(once.admin, once.member, series.admin, series.member)).toEqual([1, 1, 1, 1]);
  for (const one of [once, series])
    expect((await ledger(one.id)).slice(-2)).toMatchObject([
      { picked: false, why: "already_reminded" },
      { picked: false, why: "already_reminded" },
    ]);
});

test("a reminder that is moved by a minute while it is on its way says the new time, whichever message comes first", async () => {
  for (const isOldFirst of [true, false]) {
    const one = await arranged({ ...DAILY, reminders: [5] });
    const due = one.start - 5 * MINUTE;
    one.clock.ms = due - MINUTE;
    await tick(one.deps, one.clock.ms);
    await receive(one.deps, taken(one.deps));
    const former = taken(one.deps);
    one.clock.ms = due - MINUTE / 2;
    const moved_to = wall(one.start + MINUTE);
    await one.put({ exceptions: [{ occurrence: wall(one.start), moved_to }] });
    await tick(one.deps, one.clock.ms);
    const picking = taken(one.deps);
    for (const messages of isOldFirst ? [former, picking] : [picking, former]) await receive(one.deps, messages);
    await drain(one.deps, one.clock);
    const mails = await inbox("email", one.member.email);
    expect(mails).toHaveLength(1);
    expect(mails[0]!.text).toContain(moved_to.slice(11, 16));
    expect(one.clock.ms).toBeLessThan(due + 2 * MINUTE);
  }
});

test("a delivery whose hour was over, of an occurrence that is then moved ahead, is pending again and goes out", async () => {
  const one = await inFlight(DAILY);
  one.clock.ms = one.start + 2 * HOUR;
  await receive(one.deps, taken(one.deps));
  expect(await ledger(one.id)).toMatchObject([{ status: "expired" }, { status: "expired" }]);
  const later = one.clock.ms + 20 * MINUTE;
  await one.put({ exceptions: [{ occurrence: wall(one.start), moved_to: wall(later) }] });
  await runUntil(one, later + MINUTE);
  expect((await ledger(one.id)).slice(0, 2)).toMatchObject([{ status: "sent" }, { status: "sent" }]);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});

test("a delivery whose reminder was claimed anew, and whose messages were all lost, is settled once its hour is over", async () => {
  const one = await inFlight(DAILY);
  const moved = one.start + 20 * MINUTE;
  await one.put({ exceptions: [{ occurrence: wall(one.start), moved_to: wall(moved) }] });
  one.clock.ms = moved - MINUTE;
  await tick(one.deps, one.clock.ms);
  taken(one.deps);
  one.clock.ms = moved + 2 * HOUR;
  await runUntil(one, one.clock.ms + 2 * MINUTE);
  expect((await ledger(one.id)).slice(0, 2)).toMatchObject([{ status: "expired" }, { status: "expired" }]);
});

test("a sweep that begins in the middle of the people of a reminder claimed anew loses none of those before", async () => {
  const one = await inFlight(DAILY);
  taken(one.deps);
  await one.put({ exceptions: [{ occurrence: wall(one.start + 24 * HOUR), moved_to: null }] });
  const [own] = taken(one.deps);
  expect(own).toMatchObject({ type: "schedule-notifications" });
  await receive(one.deps, [{ ...own, after_user_id: one.admin.id }]);
  await runUntil(one, one.start + 5 * MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});
