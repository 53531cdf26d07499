/** What the simulator found, each as a scene of its own. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { wallTimeAt } from "../../src/domain/time.ts";
import { fault, inbox, person, query, uniqueNumber } from "../support/index.ts";
import { clockedDeps, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { arranged, clockAt, HOUR, MINUTE, reached, runUntil } from "../support/replanned.ts";

const wall = (ms: number) => wallTimeAt(ms, "Europe/Warsaw");

test("an SMS that is throttled after a lost answer gives its own price back, and the lost one's stays counted", async () => {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const mobile_number = uniqueNumber();
  const someone = await person({ reminder_preferences: "SMS", mobile_number });
  const id = await event(someone, { group_id: await group(someone), at: clock.ms + MINUTE }, deps);
  await tick(deps, clock.ms);
  await receive(deps, taken(deps));
  clock.ms += MINUTE;
  const costs: (string | null)[] = [];
  for (const kind of ["drop_answer", "throttle", null]) {
    if (kind) await fault({ channel: "sms", kind, to: mobile_number, times: 1 });
    clock.ms += 10_000;
    await receive(deps, taken(deps));
    const [row] = await query<{ cost: string | null }>(
      sql`select l.cost_usd::text as cost from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id where er.event_id = ${id}`,
    );
    costs.push(row!.cost);
  }
  expect(costs).toEqual(["0.03930", "0.03930", "0.07860"]);
  expect(await inbox("sms", mobile_number)).toHaveLength(2);
});

test("an occurrence whose reminder expired in an outage, and that is then moved ahead, is reminded", async () => {
  const one = await arranged({ recurrence: "FREQ=DAILY", reminders: [0] });
  one.clock.ms = one.start + 2 * HOUR;
  await tick(one.deps, one.clock.ms);
  expect(await ledger(one.id)).toMatchObject([{ reminder_status: "expired" }, { reminder_status: "expired" }]);
  const later = one.clock.ms + 20 * MINUTE;
  await one.put({ exceptions: [{ occurrence: wall(one.start), moved_to: wall(later) }] });
  await runUntil(one, later + MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
});

test("at the start, for want of a lead, those are reminded whom no lead reached, and only they", async () => {
  const one = await arranged({ recurrence: "FREQ=DAILY", reminders: [5] });
  await fault({ channel: "email", kind: "throttle", to: one.member.email, times: 1 });
  one.clock.ms = one.start - 6 * MINUTE;
  await tick(one.deps, one.clock.ms);
  await receive(one.deps, taken(one.deps));
  one.clock.ms = one.start - 5 * MINUTE + 10;
  await receive(one.deps, taken(one.deps));
  expect(await reached(one.admin, one.member)).toEqual([1, 0]);
  const tomorrow = one.start + 24 * HOUR;
  await one.put({ exceptions: [{ occurrence: wall(tomorrow), moved_to: null }] });
  await runUntil(one, one.start + MINUTE);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
  expect((await ledger(one.id)).slice(-2)).toMatchObject([
    { picked: false, why: "already_reminded", status: null },
    { picked: true, status: "sent" },
  ]);
});

test("a reminder that became late between its claim and its send says so", async () => {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const someone = await person();
  await event(someone, { group_id: await group(someone), at: clock.ms + MINUTE }, deps);
  await tick(deps, clock.ms);
  await receive(deps, taken(deps));
  clock.ms += 16 * MINUTE - 5_000;
  const before = deps.roundTrips();
  const slow = { ...deps, now: () => clock.ms + (deps.roundTrips() > before ? 10_000 : 0) };
  await receive(slow, taken(deps));
  const [message] = await inbox("email", someone.email);
  expect(message!.text).toMatch(/late/i);
});

test("who leaves before a budget reminder is picked anew holds up nobody", async () => {
  const one = await arranged({ reminders: [5], is_budget: true, budget: "100.00" });
  one.clock.ms = one.start - 6 * MINUTE;
  await tick(one.deps, one.clock.ms);
  await receive(one.deps, taken(one.deps));
  taken(one.deps);
  await one.put({ reminders: [5, 1] });
  await query(sql`delete from events_users where event_id = ${one.id} and user_id = ${one.member.id}`);
  await runUntil(one, one.start + 2 * MINUTE);
  expect(await reached(one.member)).toEqual([0]);
  expect(await reached(one.admin)).toEqual([2]);
});
