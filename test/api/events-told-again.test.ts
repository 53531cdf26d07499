/** GET /event told again: the isolate has the page still, and each change of it is told at once all the same. */
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { base, made, put } from "../support/changed-events.ts";
import { call, type Person, person, query, testDeps } from "../support/index.ts";
import { promote, remove } from "../support/membership.ts";
import { clockedDeps, event, group, tick } from "../support/pipeline.ts";
import { askedOf } from "../support/told-again.ts";

type Made = Awaited<ReturnType<typeof made>>;
const weekly = { ...base, reminder: "periodical", schedule_period: "1 week", recurrence: "FREQ=WEEKLY" };

const asked = (as: Person, parameters: object = {}, given = testDeps()) => askedOf("/event", as, parameters, given);

let limit = 100;
/** The same page by a limit that nobody asked with before. */
const anew = (as: Person, parameters: object = {}, given = testDeps()) =>
  asked(as, { ...parameters, limit: ++limit }, given);

test("a page to which nothing happened is told again as it was, for one round trip and without being read", async () => {
  const { admin } = await made(weekly);
  const first = await asked(admin);
  expect([first.http, first.anew, first.data.length]).toEqual([200, [true], 1]);
  const again = await asked(admin);
  expect(again).toMatchObject({ http: 200, roundTrips: 1, anew: [false], data: first.data, page: first.page });
});

const changes: [string, (made: Made) => Promise<unknown>][] = [
  ["its event is renamed", ({ admin, id }) => put(admin, { id, name: "Supper" })],
  ["it is described otherwise", ({ admin, id }) => put(admin, { id, description: "At Bob's" })],
  ["it has a budget", ({ admin, id }) => put(admin, { id, is_budget: true, budget: "12.50", currency: "EUR" })],
  ["it is moved", ({ admin, id }) => put(admin, { id, event_timestamp: "2031-11-12 19:00:00" })],
  ["it is in another zone", ({ admin, id }) => put(admin, { id, time_zone: "Asia/Tokyo" })],
  ["it comes once", ({ admin, id }) => put(admin, { id, reminder: "once", recurrence: null })],
  ["it has other reminders", ({ admin, id }) => put(admin, { id, reminders: [5, 90] })],
  [
    "it leaves a day out",
    ({ admin, id }) => put(admin, { id, exceptions: [{ occurrence: "2031-11-18 18:00:00", moved_to: null }] }),
  ],
  ["fewer take part", ({ admin, id }) => put(admin, { id, users: [admin.id] })],
  [
    "another one is planned",
    ({ admin, group_id }) => call("POST", "/event", { as: admin, json: { ...base, group_id } }),
  ],
  ["it is deleted", ({ admin, id }) => call("DELETE", "/event", { as: admin, query: { id } })],
  [
    "its group is renamed",
    ({ admin, group_id }) =>
      call("PUT", "/groups", { as: admin, json: { id: group_id, name: "Others", description: "" } }),
  ],
  ["its group is deleted", ({ admin, group_id }) => call("DELETE", "/groups", { as: admin, query: { id: group_id } })],
  ["somebody is removed", ({ admin, member, group_id }) => remove(admin, group_id, member)],
  ["somebody leaves", ({ member, group_id }) => remove(member, group_id, member)],
  ["somebody's account is erased", ({ member }) => call("DELETE", "/users", { as: member })],
  ["somebody has another name", ({ member }) => query(sql`update users set username = 'Zoe' where id = ${member.id}`)],
  [
    "somebody has another address",
    ({ member }) => query(sql`update users set email = 'new-' || email where id = ${member.id}`),
  ],
  ["a tick has looked further ahead", ({ id }) => query(sql`update events set upcoming = '[]' where id = ${id}`)],
];

describe("told anew at once", () => {
  test.each(changes)("when %s", async (_, change) => {
    const world = await made(weekly);
    const before = await asked(world.admin);
    expect((await asked(world.admin)).anew).toEqual([false]);
    const answer = (await change(world)) as { http?: number };
    if (answer.http !== undefined) expect(answer.http).toBe(200);
    const after = await asked(world.admin);
    expect([after.http, after.anew]).toEqual([200, [true]]);
    expect(after.data).not.toEqual(before.data);
    expect(after.data).toEqual((await anew(world.admin)).data);
    expect(await asked(world.admin)).toMatchObject({ anew: [false], data: after.data });
  });

  test("when more take part", async () => {
    const { admin, member, id } = await made({ ...weekly, users: [] });
    const told = async (as: Person) => (await asked(as)).data.map(({ users }: { users: unknown[] }) => users.length);
    expect([await told(admin), await told(member)]).toEqual([[], []]);
    await put(admin, { id, users: [admin.id, member.id] });
    expect([await told(admin), await told(member)]).toEqual([[2], [2]]);
  });

  test("when the asker's own role is another", async () => {
    const { admin, member, group_id } = await made();
    const role = async () => (await asked(member)).data[0].status;
    expect([await role(), await role()]).toEqual(["standard", "standard"]);
    await promote(admin, group_id, member, "moderator");
    expect(await role()).toBe("moderator");
  });

  test("to nobody who left: their page is empty then, and an erased person's is refused", async () => {
    const { admin, member, group_id } = await made();
    expect((await asked(member)).data).toHaveLength(1);
    await remove(admin, group_id, member);
    expect((await asked(member)).data).toEqual([]);
    const other = await made();
    await asked(other.member);
    await call("DELETE", "/users", { as: other.member });
    expect((await asked(other.member)).http).toBe(401);
  });
});

test("filters, pages and people have a page each, with the role of whom it is told", async () => {
  const [admin, member] = [await person(), await person()];
  const groups = [await group(admin, member), await group(admin)];
  const ids: number[] = [];
  const deps = testDeps();
  for (const [n, group_id] of [...groups, groups[0]!].entries())
    ids.push(await event(admin, { group_id, at: Date.parse(`2031-11-1${n}T18:00:00Z`) }, deps));
  const first = await asked(admin, { limit: 1 });
  const pages: [Person, object, number[]][] = [
    [admin, {}, ids],
    [member, {}, [ids[0]!, ids[2]!]],
    [admin, { group_id: groups[0]! }, [ids[0]!, ids[2]!]],
    [member, { group_id: groups[0]! }, [ids[0]!, ids[2]!]],
    [admin, { group_id: groups[1]! }, [ids[1]!]],
    [admin, { id: ids[2]! }, [ids[2]!]],
    [admin, { limit: 1 }, [ids[0]!]],
    [admin, { limit: 1, cursor: first.page!.next_cursor }, [ids[1]!]],
    [admin, { limit: 2 }, ids.slice(0, 2)],
  ];
  for (const times of [1, 2]) {
    for (const [as, parameters, expected] of pages) {
      const { data, page } = await asked(as, parameters);
      const role = as === admin ? "admin" : "standard";
      expect(data.map(({ id, status }: { id: number; status: string }) => [id, status])).toEqual(
        expected.map((id) => [id, role]),
      );
      if (times === 2) expect(await asked(as, parameters)).toMatchObject({ anew: [false], data, page });
    }
  }
});

test("a page is told anew once its first occurrence has begun, and where the clock goes back", async () => {
  const admin = await person();
  const at = Date.parse("2031-11-11T18:00:00Z");
  const clock = { ms: at - 60_000 };
  const deps = clockedDeps(clock);
  const group_id = await group(admin);
  await event(admin, { group_id, at, recurrence: "FREQ=DAILY" }, deps);
  const next = async () => {
    const { data, anew: isAnew } = await asked(admin, {}, deps);
    expect(data).toEqual((await anew(admin, {}, deps)).data);
    return [data[0].next_at, isAnew[0]];
  };
  const [today, tomorrow] = [new Date(at).toISOString(), new Date(at + 86_400_000).toISOString()];
  expect([await next(), await next()]).toEqual([
    [today, true],
    [today, false],
  ]);
  clock.ms = at - 1;
  expect(await next()).toEqual([today, false]);
  clock.ms = at;
  expect(await next()).toEqual([tomorrow, true]);
  await tick(deps, at);
  expect((await next())[0]).toEqual(tomorrow);
  clock.ms = at - 2;
  expect(await next()).toEqual([today, true]);
});
