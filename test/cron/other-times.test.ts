import { expect, test } from "vitest";
import { person } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test("a schedule run for another time hands its reminders on at once, and holds nothing back by the machine's clock", async () => {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const someone = await person();
  const far = clock.ms + 400 * DAY;
  const id = await event(someone, { group_id: await group(someone), at: far }, deps);
  await tick(deps, far);
  const started = clock.ms;
  await drain(deps, clock);
  expect(clock.ms - started).toBeLessThan(5_000);
  expect(await ledger(id)).toMatchObject([{ status: "sent" }]);
});

test("a schedule run for a moment after an outage judges lateness by its own now", async () => {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const someone = await person();
  const group_id = await group(someone);
  const far = clock.ms + 400 * DAY;
  const stale = await event(someone, { group_id, at: far - 61 * MINUTE }, deps);
  const late = await event(someone, { group_id, at: far - 30 * MINUTE }, deps);
  await tick(deps, far);
  await drain(deps, clock);
  expect(await ledger(stale)).toMatchObject([{ reminder_status: "expired" }]);
  expect(await ledger(late)).toMatchObject([{ status: "sent" }]);
});

test("an event whose reminder falls due before the next tick is claimed when it is made", async () => {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE + 30_000 };
  const deps = clockedDeps(clock);
  const someone = await person();
  const id = await event(someone, { group_id: await group(someone), at: clock.ms + 20_000 }, deps);
  expect(await ledger(id)).toMatchObject([{ reminder_status: "pending" }]);
  await drain(deps, clock);
  expect(await ledger(id)).toMatchObject([{ status: "sent" }]);
});
