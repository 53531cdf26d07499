/** GET /event/comment told again: the isolate has the page still, and each change of it is told at once all the same. */
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { base, made, put } from "../support/changed-events.ts";
import { call, type Person, person, query, testDeps } from "../support/index.ts";
import { remove } from "../support/membership.ts";
import { askedOf } from "../support/told-again.ts";

const PATH = "/event/comment";
const say = async (as: Person, event_id: number, comment: string) =>
  (await call("POST", PATH, { as, json: { event_id, comment } })).data.events_comments_id as number;

/** An event of two with three comments, the member's between the admin's. */
async function discussed() {
  const world = await made();
  const [first, second, third] = [
    await say(world.admin, world.id, "Who brings the cake?"),
    await say(world.member, world.id, "I do."),
    await say(world.admin, world.id, "Good."),
  ];
  await ended(world.id);
  return { ...world, first, second, third };
}
type Discussed = Awaited<ReturnType<typeof discussed>>;

/** What the pipeline does once a comment's pushes are handed on, so that nothing but the test writes its row. */
const ended = (event_id: number) =>
  query(
    sql`update events_comments set handed_on_at = now(), next_attempt_at = null, created_at = created_at - interval '1 hour' where event_id = ${event_id}`,
  );
const asked = (as: Person, event_id: number, parameters: object = {}, given = testDeps()) =>
  askedOf(PATH, as, { event_id, ...parameters }, given);

let limit = 100;
/** The same page by a limit that nobody asked with before: more than there are comments. */
const anew = async (as: Person, event_id: number, parameters: object = {}) => {
  const answer = await asked(as, event_id, { ...parameters, limit: --limit });
  expect(answer.anew).toEqual([true]);
  return answer.data;
};

test("a page to which nothing happened is told again for one round trip and without being read, also to others who take part", async () => {
  const { admin, member, id } = await discussed();
  const first = await asked(admin, id);
  expect([first.http, first.anew, first.data.length]).toEqual([200, [true], 3]);
  for (const as of [admin, member])
    expect(await asked(as, id)).toMatchObject({ http: 200, roundTrips: 1, anew: [false], data: first.data });
});

test("where nobody has said anything, nothing is told again", async () => {
  const { admin, id } = await made();
  for (const isAnew of [true, false])
    expect(await asked(admin, id)).toMatchObject({ http: 200, anew: [isAnew], data: [], page: { next_cursor: null } });
});

const rename = ({ id }: Person) => query(sql`update users set username = 'Zoe' where id = ${id}`);
const changes: [string, object, (world: Discussed) => Promise<unknown>][] = [
  ["somebody says something", {}, ({ member, id }) => say(member, id, "See you.")],
  [
    "its author changes one",
    {},
    ({ member, second }) => call("PUT", PATH, { as: member, json: { id: second, comment: "I do not." } }),
  ],
  ["its author deletes one", {}, ({ member, second }) => call("DELETE", PATH, { as: member, query: { id: second } })],
  [
    "who looks after the group deletes one",
    {},
    ({ admin, second }) => call("DELETE", PATH, { as: admin, query: { id: second } }),
  ],
  ["the oldest is deleted", {}, ({ admin, first }) => call("DELETE", PATH, { as: admin, query: { id: first } })],
  ["an author's account is erased", {}, ({ member }) => call("DELETE", "/users", { as: member })],
  ["an author has another name", {}, ({ member }) => rename(member)],
  [
    "an author who left the group has another name",
    {},
    async ({ member, group_id }) => {
      await remove(member, group_id, member);
      await rename(member);
    },
  ],
  [
    "an author takes part no more",
    { participants_only: true },
    ({ admin, id }) => put(admin, { id, users: [admin.id] }),
  ],
  ["an author leaves", { participants_only: true }, ({ member, group_id }) => remove(member, group_id, member)],
];

describe("told anew at once", () => {
  test.each(changes)("when %s", async (_, parameters, change) => {
    const world = await discussed();
    const before = await asked(world.admin, world.id, parameters);
    expect((await asked(world.admin, world.id, parameters)).anew).toEqual([false]);
    const answer = (await change(world)) as { http?: number };
    if (answer?.http !== undefined) expect(answer.http).toBe(200);
    const after = await asked(world.admin, world.id, parameters);
    expect([after.http, after.anew]).toEqual([200, [true]]);
    expect(after.data).not.toEqual(before.data);
    expect(after.data).toEqual(await anew(world.admin, world.id, parameters));
    expect(await asked(world.admin, world.id, parameters)).toMatchObject({ anew: [false], data: after.data });
  });

  test("when an author takes part again", async () => {
    const { admin, member, id } = await discussed();
    await put(admin, { id, users: [admin.id] });
    const told = async () => (await asked(admin, id, { participants_only: true })).data.length;
    expect([await told(), await told()]).toEqual([2, 2]);
    await put(admin, { id, users: [admin.id, member.id] });
    expect(await told()).toBe(3);
  });

  test("when one goes of many that were written by one statement", async () => {
    const { admin, id } = await made();
    await query(
      sql`insert into events_comments (event_id, user_id, comment, created_at)
          select ${id}, ${admin.id}, 'No. ' || n, now() - make_interval(mins => n) from generate_series(1, 4) n`,
    );
    const told = async () =>
      (await asked(admin, id, { limit: 2 })).data.map(({ comment }: { comment: string }) => comment);
    expect(await told()).toEqual(["No. 1", "No. 2"]);
    await query(sql`delete from events_comments where event_id = ${id} and comment = 'No. 1'`);
    expect(await told()).toEqual(["No. 2", "No. 3"]);
  });

  test("when the last of it is gone", async () => {
    const { admin, id, first, second, third } = await discussed();
    await asked(admin, id);
    for (const one of [first, second, third]) await call("DELETE", PATH, { as: admin, query: { id: one } });
    expect((await asked(admin, id)).data).toEqual([]);
  });
});

test("nobody is told a page because it is kept", async () => {
  const { admin, member, group_id, id } = await discussed();
  const [beside, stranger] = [await person(), await person()];
  await query(sql`insert into group_members (group_id, user_id, status) values (${group_id}, ${beside.id}, 'admin')`);
  await asked(admin, id);
  expect((await asked(member, id)).anew).toEqual([false]);
  expect([(await asked(beside, id)).http, (await asked(stranger, id)).http]).toEqual([403, 404]);
  await put(admin, { id, users: [admin.id] });
  expect((await asked(member, id)).http).toBe(403);
  await remove(admin, group_id, member);
  expect((await asked(member, id)).http).toBe(404);
  await call("DELETE", "/users", { as: member });
  expect((await asked(member, id)).http).toBe(401);
  await call("DELETE", "/event", { as: admin, query: { id } });
  expect((await asked(admin, id)).http).toBe(404);
});

test("how old a comment is, and the word for who is gone, are of the moment and of the reader", async () => {
  const { admin, member, id } = await discussed();
  await query(sql`update events_comments set user_id = null where event_id = ${id} and user_id = ${member.id}`);
  await query(
    sql`update users set locale = case id when ${member.id} then 'pl' else 'en' end where id in (${member.id}, ${admin.id})`,
  );
  const [{ created_at }] = (await asked(admin, id, { limit: 50 })).data as [{ created_at: string }];
  const words = async (as: Person, seconds: number) => {
    const now = Date.parse(created_at) + seconds * 1000;
    const { data, anew } = await asked(as, id, {}, testDeps({ now: () => now }));
    return [anew[0], data[0].event_timestamp, data[1].username];
  };
  expect(await words(admin, 30)).toEqual([true, "30s ago", "Somebody"]);
  expect(await words(admin, 90)).toEqual([false, "1min ago", "Somebody"]);
  expect(await words(member, 200)).toEqual([false, "3min ago", "Ktoś"]);
});

test("each event, limit, filter and page has one of its own", async () => {
  const { admin, group_id, id, first, second, third } = await discussed();
  const other = (await call("POST", "/event", { as: admin, json: { ...base, group_id } })).data.id as number;
  const alone = await say(admin, other, "Nobody here?");
  await put(admin, { id, users: [admin.id] });
  const cursor = (await asked(admin, id, { limit: 1 })).page!.next_cursor;
  const pages: [object, number[]][] = [
    [{}, [third, second, first]],
    [{ event_id: other }, [alone]],
    [{ participants_only: true }, [third, first]],
    [{ participants_only: false }, [third, second, first]],
    [{ limit: 1 }, [third]],
    [{ limit: 1, cursor }, [second]],
    [{ limit: 2, cursor }, [second, first]],
    [{ limit: 2, cursor, participants_only: true }, [first]],
  ];
  for (const _ of [1, 2]) {
    for (const [parameters, ids] of pages) {
      const { data, page } = await asked(admin, id, parameters);
      expect(data.map((one: { id: number }) => one.id)).toEqual(ids);
      expect(await asked(admin, id, parameters)).toMatchObject({ anew: [false], data, page });
    }
  }
});
