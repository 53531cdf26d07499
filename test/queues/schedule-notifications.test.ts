import { expect, test } from "vitest";
import { inbox, person } from "../support/index.ts";
import { type Clock, clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

test("reminders of many moments that are picked in one batch each reach their channel at their own second", async () => {
  const start = Math.floor(Date.now() / MINUTE) * MINUTE;
  const clock: Clock = { ms: start };
  const deps = clockedDeps(clock);
  const someone = await person();
  const group_id = await group(someone);
  const first = start + 10 * MINUTE;
  const dues = Array.from({ length: 20 }, (_, n) => first + n * 3_000);
  for (const at of dues) await event(someone, { group_id, at }, deps);
  clock.ms = first - 20_000 + 317;
  await tick(deps, clock.ms);
  const picking = clock.ms;
  await receive(deps, taken(deps));
  expect(clock.ms - picking).toBeLessThanOrEqual(1_010);
  const arrivals = taken(deps).map(({ delaySeconds }) => clock.ms + delaySeconds * 1000);
  expect(arrivals.map((at) => Math.floor(at / 1000) * 1000)).toEqual(dues);
  for (const at of arrivals) expect(at % 1000).toBeLessThan(50);
});

test("what a tick of another hour claims within its hour comes to rest, though that hour passes before it is sent", async () => {
  const clock: Clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const someone = await person();
  const at = clock.ms + 120 * MINUTE;
  const event_id = await event(someone, { group_id: await group(someone), at }, deps);
  await tick(deps, at + 60 * MINUTE - 10_000);
  await receive(deps, taken(deps));
  clock.ms += 20_000;
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([{ status: "sent" }]);
  expect(await inbox("email", someone.email)).toHaveLength(1);
});
