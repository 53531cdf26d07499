/** What a tick must bear: much at once, a database that is at fault itself, and a clock that is not quite the schedule's. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { findDue } from "../../src/domain/due.ts";
import { inbox, person, query } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, taken, tick } from "../support/pipeline.ts";
import { arranged, MINUTE } from "../support/replanned.ts";

const DAY = 24 * 60 * MINUTE;
const ANSWER_BYTES = 10 * 1024 * 1024;

test("a fault of the database's own takes nobody out of the schedule: the next tick claims", async () => {
  for (const code of ["42703", "57014", "XX000"]) {
    const one = await arranged();
    let calls = 0;
    const db = new Proxy(one.deps.db, {
      get: (target, name) => {
        // What finds passes, what claims does not.
        if (name === "execute" && ++calls === 2) throw Object.assign(new Error("fault"), { code });
        return Reflect.get(target, name);
      },
    });
    await tick({ ...one.deps, db }, one.start - MINUTE).catch(() => {});
    expect(taken(one.deps)).toEqual([]);
    await tick(one.deps, one.start);
    expect(await ledger(one.id), code).toHaveLength(1);
  }
});

test("a tick whose moment is a little ahead of the machine's clock sends nothing early", async () => {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE + DAY };
  const deps = clockedDeps(clock);
  const someone = await person();
  const at = clock.ms + 10 * MINUTE;
  await event(someone, { group_id: await group(someone), at }, deps);
  clock.ms = at - MINUTE - 400;
  await tick(deps, at - MINUTE);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(clock.ms).toBeGreaterThanOrEqual(at);
});

test("two hundred events with as many exceptions as they may have are no answer of the database over 10 MiB, and are claimed in turns", async () => {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const someone = await person();
  const at = clock.ms + 10 * MINUTE;
  const id = await event(someone, { group_id: await group(someone), at, recurrence: "FREQ=DAILY" }, deps);
  const columns = sql.raw(
    "group_id, created_by, name, description, event_timestamp, time_zone, starts_at, recurrence, schedule_period, is_budget, budget, currency, planned_at, upcoming",
  );
  const copies = await query<{ id: number }>(
    sql`insert into events (${columns}) select ${columns} from events, generate_series(1, 199) where id = ${id} returning id`,
  );
  const ids = sql`${sql.param([id, ...copies.map((one) => one.id)])}::bigint[]`;
  await query(
    sql`insert into event_leads (event_id, lead, fallback, next_due_at, next_event_timestamp, next_starts_at)
        select e.id, l.lead, l.fallback, l.next_due_at, l.next_event_timestamp, l.next_starts_at from event_leads l, events e where l.event_id = ${id} and e.id = any(${ids}) and e.id <> ${id}`,
  );
  await query(
    sql`insert into event_exceptions (event_id, event_timestamp, moved_to)
        select e.id, e.event_timestamp + n * interval '1 day', e.event_timestamp + n * interval '1 day' + interval '1 hour' from events e, generate_series(1, 500) n where e.id = any(${ids})`,
  );
  const found = await findDue(deps.db, null, at, at);
  expect(JSON.stringify(found).length).toBeLessThan(ANSWER_BYTES / 2);
  // Enough for a second turn, and no more: expanding is what takes long here.
  const claimed = 101;
  await query(sql`update event_leads set next_due_at = null where event_id = any((${ids})[${claimed + 1}:])`);
  await tick(deps, at);
  const [made] = await query<{ n: number }>(
    sql`select count(*)::int as n from event_reminders where event_id = any(${ids})`,
  );
  expect(made).toEqual({ n: claimed });
});
