import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { arrangedEvent, groupOfEveryRole } from "../support/arranged.ts";
import { call, type Person, query, testDeps } from "../support/index.ts";

async function discussed() {
  const group = await groupOfEveryRole();
  const event = await arrangedEvent(group.group_id, [group.admin, group.standard]);
  return { ...group, event_id: event.id };
}
const say = (as: Person | undefined, event_id: number, comment: string, now?: number) =>
  call("POST", "/event/comment", {
    ...(as && { as }),
    json: { event_id, comment },
    ...(now && { deps: testDeps({ now: () => now }) }),
  });

describe("POST /event/comment", () => {
  test("writes the comment in one round trip, then sends one message", async () => {
    const { event_id, standard } = await discussed();
    const now = Date.now();
    const made = await say(standard, event_id, "  Who brings the cake?  ", now);
    expect(made).toMatchObject({ http: 200, roundTrips: 1, data: { events_comments_id: expect.any(Number) } });
    expect(made.sent).toEqual([
      {
        type: "schedule-push-comments",
        version: 1,
        user_id: standard.id,
        event_id,
        events_comments_id: made.data.events_comments_id,
        comment: "Who brings the cake?",
        timestamp: new Date(now).toISOString(),
        delaySeconds: 0,
      },
    ]);
    const [row] = await query(
      sql`select user_id, handed_on_at, next_attempt_at = ${new Date(now + 60_000).toISOString()}::timestamptz as swept_a_minute_later
          from events_comments where id = ${made.data.events_comments_id}`,
    );
    expect(row).toEqual({ user_id: standard.id, handed_on_at: null, swept_a_minute_later: true });
  });

  test.each([
    ["500 characters", "ż".repeat(500), 200],
    ["501 characters", "ż".repeat(501), 400],
    ["blanks alone", "   ", 400],
    ["a lone surrogate", "\ud800", 400],
  ])("with %s", async (_, comment, http) => {
    const { event_id, admin } = await discussed();
    expect((await say(admin, event_id, comment)).http).toBe(http);
  });

  test("succeeds where the queue is away: the sweep hands it on", async () => {
    const { event_id, admin } = await discussed();
    const deps = testDeps();
    const away = { sendBatch: () => Promise.reject(new Error("away")) } as unknown as Queue;
    deps.bindings = { ...deps.bindings, SCHEDULE_PUSH_COMMENTS: away };
    const made = await call("POST", "/event/comment", { as: admin, deps, json: { event_id, comment: "Hello" } });
    expect(made.http).toBe(200);
  });
});

test("comments are for who takes part: 403 for other members whatever their role, 404 for everyone else", async () => {
  const { event_id, ...all } = await discussed();
  const elsewhere = (await discussed()).admin;
  const expected = { admin: 200, standard: 200, moderator: 403, invited: 404, stranger: 404, elsewhere: 404 };
  for (const [who, http] of Object.entries(expected)) {
    const as = { ...all, elsewhere }[who as keyof typeof expected];
    expect([who, (await say(as, event_id, "Hello")).http]).toEqual([who, http]);
    expect([who, (await call("GET", "/event/comment", { as, query: { event_id } })).http]).toEqual([who, http]);
  }
  expect((await say(undefined, event_id, "Hello")).http).toBe(401);
  expect((await call("GET", "/event/comment", { query: { event_id } })).http).toBe(401);
  expect((await say(all.admin, 9e15, "Hello")).http).toBe(404);
  const written = await query(sql`select from events_comments where event_id = ${event_id}`);
  expect(written).toHaveLength(2);
});

describe("GET /event/comment", () => {
  test("answers newest first with a short age and the instant, in one round trip, page by page", async () => {
    const { event_id, admin, standard } = await discussed();
    const now = Date.parse("2026-03-01T12:00:00.000Z");
    const ages: [number, string][] = [
      [3 * 86_400_000, "3d ago"],
      [7_300_000, "2h ago"],
      [0, "1s ago"],
    ];
    const ids: number[] = [];
    for (const [age] of ages) {
      ids.push((await say(standard, event_id, `said ${age} ms ago`, now - age)).data.events_comments_id);
    }
    const deps = () => testDeps({ now: () => now });
    const found = await call("GET", "/event/comment", { as: admin, query: { event_id }, deps: deps() });
    expect(found).toMatchObject({ http: 200, roundTrips: 1, page: { next_cursor: null } });
    expect(found.data).toEqual(
      ages
        .map(([age, event_timestamp], index) => ({
          id: ids[index],
          event_id,
          user_id: standard.id,
          username: standard.username,
          comment: `said ${age} ms ago`,
          event_timestamp,
          created_at: new Date(now - age).toISOString(),
        }))
        .reverse(),
    );
    const first = await call("GET", "/event/comment", { as: admin, query: { event_id, limit: 2 }, deps: deps() });
    const second = await call("GET", "/event/comment", {
      as: admin,
      query: { event_id, limit: 2, cursor: first.page!.next_cursor },
      deps: deps(),
    });
    expect([...first.data, ...second.data]).toEqual(found.data);
    expect(second.page).toEqual({ next_cursor: null });
  });

  test("leaves out, where asked, authors who take part no more", async () => {
    const { event_id, group_id, admin, standard } = await discussed();
    await say(standard, event_id, "I am leaving");
    await say(admin, event_id, "I stay");
    await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${standard.id}`);
    const texts = async (more: object) =>
      (await call("GET", "/event/comment", { as: admin, query: { event_id, ...more } })).data.map(
        ({ comment }: { comment: string }) => comment,
      );
    expect(await texts({})).toEqual(["I stay", "I am leaving"]);
    expect(await texts({ participants_only: false })).toEqual(["I stay", "I am leaving"]);
    expect(await texts({ participants_only: true })).toEqual(["I stay"]);
    expect((await call("GET", "/event/comment", { as: standard, query: { event_id } })).http).toBe(404);
  });

  test("an author who is gone is somebody without an id, in the reader's language", async () => {
    const { event_id, admin, standard } = await discussed();
    await say(standard, event_id, "Farewell");
    await query(sql`delete from users where id = ${standard.id}`);
    const read = async () => (await call("GET", "/event/comment", { as: admin, query: { event_id } })).data;
    expect(await read()).toMatchObject([{ user_id: null, username: "Somebody", comment: "Farewell" }]);
    await query(sql`update users set locale = 'pl' where id = ${admin.id}`);
    expect(await read()).toMatchObject([{ user_id: null, username: "Ktoś" }]);
    const present = await call("GET", "/event/comment", { as: admin, query: { event_id, participants_only: true } });
    expect(present.data).toEqual([]);
  });

  test("names every fault of its query at once", async () => {
    const { admin } = await discussed();
    const query = { event_id: "x", participants_only: "maybe", limit: "0" };
    const refused = await call("GET", "/event/comment", { as: admin, query });
    expect(refused.error?.issues?.map(({ path }) => path).sort()).toEqual(["event_id", "limit", "participants_only"]);
  });
});
