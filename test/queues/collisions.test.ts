/** The tick beside others who write the same rows at the same time. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { transactAll } from "../../src/clients/neon.ts";
import { findDue } from "../../src/domain/due.ts";
import { claimDue, expandDue } from "../../src/domain/due-claims.ts";
import { CLAIM_AHEAD_MS } from "../../src/domain/rules.ts";
import { wallTimeAt } from "../../src/domain/time.ts";
import { inbox, query } from "../support/index.ts";
import { drain, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { arranged, MINUTE, reached } from "../support/replanned.ts";

const wall = (ms: number) => wallTimeAt(ms, "Europe/Warsaw");

test("a tick that the database rolls back for a deadlock claims at once, not a minute later", async () => {
  const one = await arranged();
  const calls: unknown[] = [];
  const db = new Proxy(one.deps.db, {
    get: (target, name) => {
      // The first try of what finds, and of what claims.
      if (name === "execute" && [1, 3].includes(calls.push(name)))
        throw Object.assign(new Error("deadlock detected"), { code: "40P01" });
      return Reflect.get(target, name);
    },
  });
  await tick({ ...one.deps, db }, one.start - MINUTE);
  expect(calls).toHaveLength(4);
  expect(await ledger(one.id)).toHaveLength(1);
  expect(taken(one.deps)).toMatchObject([{ type: "schedule-notifications", event_id: one.id }]);
});

test("a tick locks reminders in the order in which they are picked, whichever is due first by now", async () => {
  const first = await arranged({ recurrence: "FREQ=DAILY" });
  const second = await arranged({ recurrence: "FREQ=DAILY", at: first.start + MINUTE });
  const both = [first, second];
  await tick(first.deps, first.start - MINUTE);
  const moved = first.start + 20 * MINUTE;
  for (const [later, one] of both.entries()) {
    const moved_to = wall(moved - later * MINUTE);
    await one.put({ exceptions: [{ occurrence: wall(first.start + later * MINUTE), moved_to }] });
  }
  const { db } = first.deps;
  const { events } = await findDue(db, null, moved, moved);
  const claims = events.flatMap((event) => expandDue(event, moved + CLAIM_AHEAD_MS, moved, 100));
  const rows = await query<{ id: number; event_id: number }>(
    sql`select id, event_id from event_reminders where event_id in (${first.id}, ${second.id}) order by id`,
  );
  expect(rows.map(({ event_id }) => event_id)).toEqual([first.id, second.id]);
  const picking = transactAll(
    db,
    sql`select from event_reminders where id = ${rows[0]!.id} for update`,
    sql.raw(`do $$ begin
      while not exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') loop
        perform pg_sleep(0.005), pg_stat_clear_snapshot();
      end loop; end $$`),
    sql`select from event_reminders where id = ${rows[1]!.id} for update`,
  );
  const [, claimed] = await Promise.all([picking, claimDue(db, claims, moved, moved)]);
  expect(claimed).toHaveLength(2);
});

test("a reminder that is claimed anew while its former people are looked at is picked for its new moment, once", async () => {
  const one = await arranged({ recurrence: "FREQ=DAILY" });
  one.clock.ms = one.start - MINUTE;
  await tick(one.deps, one.clock.ms);
  const former = taken(one.deps);
  await receive(one.deps, former);
  taken(one.deps);
  const moved = one.start + 20 * MINUTE;
  await one.put({
    exceptions: [{ occurrence: wall(one.start), moved_to: wall(moved) }],
    is_budget: true,
    budget: "90",
  });
  one.clock.ms = moved - MINUTE;
  const db = new Proxy(one.deps.db, {
    get: (target, name) => {
      if (name !== "batch") return Reflect.get(target, name);
      return async ([first, ...others]: [Promise<unknown>, Promise<unknown>]) => {
        const before = await first;
        await tick(one.deps, one.clock.ms);
        return [before, ...(await target.batch(others as never))];
      };
    },
  });
  await receive({ ...one.deps, db }, former);
  await drain(one.deps, one.clock);
  expect(await reached(one.admin, one.member)).toEqual([1, 1]);
  const [message] = await inbox("email", one.member.email);
  expect(message!.text).toContain("45.00");
});
