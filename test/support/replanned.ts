/** Events whose plan is changed while their reminders are near, or on their way. */
import { expect } from "vitest";
import { call, inbox, type Person, person } from "./index.ts";
import { type Clock, clockedDeps, drain, event, group, receive, taken, tick } from "./pipeline.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** Near the real now: the stand-in refuses signatures of other days. On a whole minute, as wall times are. */
export const clockAt = (): Clock => ({ ms: Math.floor(Date.now() / MINUTE) * MINUTE });
export const at = (ms: number) => ({ starts_at: new Date(ms).toISOString() });

/** An event ten minutes ahead, or where `given` says, of an admin and a member. */
export async function arranged(given: object = {}) {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const [admin, member] = [await person(), await person()];
  const group_id = await group(admin, member);
  const start = clock.ms + 10 * MINUTE;
  const id = await event(admin, { group_id, at: start, ...given }, deps);
  const put = async (json: object) => {
    expect(await call("PUT", "/event", { as: admin, deps, json: { id, ...json } })).toMatchObject({ http: 200 });
  };
  return { clock, deps, admin, member, group_id, id, start, put };
}
export type Arranged = Awaited<ReturnType<typeof arranged>>;

/** The same with its reminder claimed, picked, and on its way in its channel's queue. */
export async function inFlight(given: object = {}) {
  const one = await arranged(given);
  one.clock.ms = one.start - MINUTE;
  await tick(one.deps, one.clock.ms);
  await receive(one.deps, taken(one.deps));
  expect(one.deps.sent).not.toHaveLength(0);
  return one;
}
/** Ticks each minute, and has everything delivered that is then in the queues. */
export const runUntil = async ({ clock, deps }: Arranged, ms: number) => {
  for (; clock.ms <= ms; clock.ms += MINUTE) {
    await tick(deps, clock.ms);
    await drain(deps, clock);
  }
};
/** How many e-mails each has. */
export const reached = async (...people: Person[]) =>
  Promise.all(people.map(async ({ email }) => (await inbox("email", email)).length));
