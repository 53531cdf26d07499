import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { made, put, read, standing } from "../support/changed-events.ts";
import { type Person, query } from "../support/index.ts";

/** Changes that all wait for the event's row, or for who waits for it, before they read: they meet in the middle of their work. */
async function atOnce(as: Person, id: number, changes: object[]) {
  const held = query(
    sql.raw(`do $$ begin
      perform from events where id = ${id} for update;
      for turn in 1..300 loop
        exit when ${changes.length} <= (
          select count(distinct w.pid) from pg_locks w join pg_locks own on own.pid = w.pid
          where not w.granted and own.database = (select oid from pg_database where datname = current_database()));
        perform pg_sleep(0.01);
      end loop;
    end $$`),
  );
  const answers = await Promise.all(changes.map((one) => put(as, { id, ...one })));
  await held;
  return answers;
}

/** As whoever takes part reads it. */
const seen = async (id: number, one: Person, other: Person) => (await read(one, id)) ?? (await read(other, id));

describe("people who change events at once", () => {
  test("on different fields, each change stands, also those of time", async () => {
    const { admin, id } = await made({ recurrence: "FREQ=DAILY" });
    const changes = [{ event_timestamp: "2031-11-20 09:00:00" }, { reminders: [15] }, { name: "Breakfast" }];
    const answers = await atOnce(admin, id, changes);
    expect(answers.map(({ http }) => http)).toEqual([200, 200, 200]);
    expect(Math.max(...answers.map(({ roundTrips }) => roundTrips))).toBeLessThanOrEqual(3);
    expect(await read(admin, id)).toMatchObject({
      name: "Breakfast",
      event_timestamp: "2031-11-20 09:00:00",
      reminders: [15],
      recurrence: "FREQ=DAILY",
    });
    const { revision, leads } = await standing(id);
    expect(revision).toBe(3);
    expect(leads).toMatch(/^\d+:15@2031-11-20 07:45:00\+00$/);
  });

  test("on the same fields, one of them stands whole", async () => {
    const { admin, member, id } = await made();
    const one = { name: "One", event_timestamp: "2031-11-20 09:00:00", reminders: [1, 2], users: [admin.id] };
    const two = { name: "Two", event_timestamp: "2031-11-21 10:00:00", reminders: [3], users: [member.id] };
    const answers = await atOnce(admin, id, [one, two]);
    expect(answers.map(({ http }) => http)).toEqual([200, 200]);
    const { name, event_timestamp, reminders, users } = await seen(id, admin, member);
    const found = { name, event_timestamp, reminders, users: users.map((user: { id: number }) => user.id) };
    expect([one, two]).toContainEqual(found);
  });
});

test("participants named by two at once are those of one of them", async () => {
  const { admin, member, id } = await made();
  await put(admin, { id, users: [] });
  const [one, two] = [[admin.id], [member.id]];
  await atOnce(admin, id, [{ users: one }, { users: two }]);
  const users = (await seen(id, admin, member)).users.map((user: { id: number }) => user.id);
  expect([one, two]).toContainEqual(users);
});
