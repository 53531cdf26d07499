import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { arrangedEvent, groupOfEveryRole } from "../support/arranged.ts";
import { commented, count, MINUTE, received } from "../support/commented.ts";
import { call, inbox, type Person, query } from "../support/index.ts";

async function discussed() {
  const group = await groupOfEveryRole();
  const event = await arrangedEvent(group.group_id, [group.admin, group.standard]);
  return { ...group, event_id: event.id };
}
const say = async (as: Person, event_id: number, comment = "Who brings the cake?") =>
  (await call("POST", "/event/comment", { as, json: { event_id, comment } })).data.events_comments_id as number;
const change = (as: Person | undefined, id: number, comment = "I bring the cake") =>
  call("PUT", "/event/comment", { ...(as && { as }), json: { id, comment } });
const remove = (as: Person | undefined, id: number) =>
  call("DELETE", "/event/comment", { ...(as && { as }), query: { id } });
const texts = async (as: Person, event_id: number) =>
  (await call("GET", "/event/comment", { as, query: { event_id } })).data.map(
    (one: { comment: string }) => one.comment,
  );

test("its author changes a comment, in one round trip; its place and its author stay", async () => {
  const { event_id, admin, standard } = await discussed();
  const id = await say(standard, event_id);
  await say(admin, event_id, "Anybody else?");
  expect(await change(standard, id, "  I bring it ")).toMatchObject({ http: 200, data: null, roundTrips: 1, sent: [] });
  expect(await texts(admin, event_id)).toEqual(["Anybody else?", "I bring it"]);
});

test("its author deletes a comment, in one round trip; the others stay, and a second time there is none", async () => {
  const { event_id, admin, standard } = await discussed();
  const id = await say(standard, event_id);
  await say(standard, event_id, "This one stays");
  expect(await remove(standard, id)).toMatchObject({ http: 200, data: null, roundTrips: 1, sent: [] });
  expect(await texts(admin, event_id)).toEqual(["This one stays"]);
  expect((await remove(standard, id)).http).toBe(404);
  expect((await change(standard, id)).http).toBe(404);
});

test("a comment is changed by its author alone, and deleted by moderators too; a stranger learns of neither", async () => {
  const { event_id, group_id, ...all } = await discussed();
  const elsewhere = (await discussed()).admin;
  const other = await say(all.admin, event_id);
  const expected = {
    nobody: [401, 401],
    stranger: [404, 404],
    elsewhere: [404, 404],
    invited: [404, 404],
    moderator: [403, 200],
    admin: [403, 200],
    standard: [200, 200],
  } as const;
  for (const [who, codes] of Object.entries(expected)) {
    const id = await say(all.standard, event_id);
    const as = { ...all, elsewhere, nobody: undefined }[who as keyof typeof expected];
    const [changed, removed] = [await change(as, id), await remove(as, id)];
    expect([who, changed.http, removed.http]).toEqual([who, ...codes]);
    const kept = await query(sql`select comment from events_comments where id = ${id}`);
    expect(kept).toEqual(codes[1] === 200 ? [] : [{ comment: "Who brings the cake?" }]);
  }
  expect([(await change(all.standard, other)).http, (await remove(all.standard, other)).http]).toEqual([403, 403]);
  const [row] = await query(sql`select comment from events_comments where id = ${other}`);
  expect(row).toEqual({ comment: "Who brings the cake?" });
});

test("an author who takes part no more takes their words back, but changes them no more; one who left does neither", async () => {
  const { event_id, group_id, standard } = await discussed();
  const [one, two] = [await say(standard, event_id), await say(standard, event_id)];
  await query(sql`delete from events_users where event_id = ${event_id} and user_id = ${standard.id}`);
  expect((await change(standard, one)).http).toBe(403);
  expect((await remove(standard, one)).http).toBe(200);
  await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${standard.id}`);
  expect((await change(standard, two)).http).toBe(404);
  expect((await remove(standard, two)).http).toBe(404);
});

test("a comment whose author is gone is nobody's to change, and moderators still delete it", async () => {
  const { event_id, admin, moderator, standard } = await discussed();
  const id = await say(standard, event_id);
  await query(sql`delete from users where id = ${standard.id}`);
  expect((await change(admin, id)).http).toBe(403);
  expect((await remove(moderator, id)).http).toBe(200);
});

test("every fault is named at once, and what is no text is refused", async () => {
  const { event_id, admin } = await discussed();
  const faults = async (json: object) => {
    const answer = await call("PUT", "/event/comment", { as: admin, json });
    expect(answer.http).toBe(400);
    return answer.error!.issues!.map(({ path }) => path).sort();
  };
  expect(await faults({})).toEqual(["comment", "id"]);
  expect(await faults({ id: "x", comment: " " })).toEqual(["comment", "id"]);
  const id = await say(admin, event_id);
  for (const comment of ["ż".repeat(501), "\ud800", "a\u0000b", 5, null]) {
    expect(await faults({ id, comment })).toEqual(["comment"]);
  }
  expect((await change(admin, id, "ż".repeat(500))).http).toBe(200);
  const refused = await call("DELETE", "/event/comment", { as: admin, query: { id: "x" } });
  expect(refused.error?.issues).toMatchObject([{ path: "id" }]);
});

test("in the app's dialect ids come as text, in a body or a header", async () => {
  const { event_id, admin } = await discussed();
  const id = String(await say(admin, event_id));
  const headers = { "trm-user-id": String(admin.id) };
  const app = (method: string, more: object) => call(method, "/event/comment", { as: admin, headers, ...more });
  expect(await app("PUT", { json: { id, comment: "Changed" } })).toMatchObject({ http: 200, status: { code: 200 } });
  expect(await texts(admin, event_id)).toEqual(["Changed"]);
  expect(await app("DELETE", { json: {} })).toMatchObject({ http: 200, status: { code: 400 } });
  expect(await app("DELETE", { json: { id } })).toMatchObject({ http: 200, status: { code: 200 }, data: null });
  const another = String(await say(admin, event_id));
  expect(await app("DELETE", { headers: { "trm-id": another } })).toMatchObject({ status: { code: 200 } });
  expect(await texts(admin, event_id)).toEqual([]);
});

test("a comment deleted before it was handed on reaches nobody, and one changed before says what it says now", async () => {
  const [deleted, changed] = [await commented(), await commented()];
  expect((await remove(deleted.admin, deleted.id)).http).toBe(200);
  await received(deleted.deps, [deleted.message]);
  expect(await count(deleted.one)).toBe(0);
  expect((await change(changed.admin, changed.id, "Nobody, then")).http).toBe(200);
  changed.clock.ms += MINUTE;
  await received(changed.deps, [changed.message]);
  expect(JSON.stringify(await inbox("push", changed.one.token))).toContain("Nobody, then");
});
