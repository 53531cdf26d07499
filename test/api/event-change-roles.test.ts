import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { base, put, read } from "../support/changed-events.ts";
import { call, query } from "../support/index.ts";

test("moderators change events, admins delete them; a stranger learns of neither", async () => {
  const all = await groupOfEveryRole();
  const elsewhere = (await groupOfEveryRole()).admin;
  const make = async () => {
    const json = { ...base, group_id: all.group_id, users: [all.standard.id] };
    return (await call("POST", "/event", { as: all.admin, json })).data.id as number;
  };
  const expected = {
    nobody: [401, 401],
    stranger: [404, 404],
    elsewhere: [404, 404],
    invited: [404, 404],
    standard: [403, 403],
    moderator: [200, 403],
    admin: [200, 200],
  } as const;
  for (const [who, codes] of Object.entries(expected)) {
    const as = { ...all, elsewhere, nobody: undefined }[who as keyof typeof expected];
    const id = await make();
    const changed = await put(as, { id, event_timestamp: "2031-12-01 10:00:00" });
    const deleted = await call("DELETE", "/event", { ...(as && { as }), query: { id } });
    expect([who, changed.http, deleted.http]).toEqual([who, ...codes]);
    const [row] = await query<{ revision: number }>(sql`select revision from events where id = ${id}`);
    expect([who, row?.revision]).toEqual([who, codes[1] === 200 ? undefined : codes[0] === 200 ? 2 : 1]);
  }
  const id = await make();
  expect((await put(all.standard, { id, users: [all.stranger.id] })).http).toBe(400);
  expect((await put(all.admin, { id: 9e15, name: "Nothing" })).http).toBe(404);
  expect((await put(all.stranger, { id: await make(), users: [all.admin.id] })).error?.code).toBe("not_found");
});

test("a moderator who was demoted changes events no more", async () => {
  const { group_id, moderator, admin } = await groupOfEveryRole();
  const { data } = await call("POST", "/event", { as: admin, json: { ...base, group_id } });
  expect((await put(moderator, { id: data.id, name: "Mine" })).http).toBe(200);
  await query(
    sql`update group_members set status = 'standard' where group_id = ${group_id} and user_id = ${moderator.id}`,
  );
  expect((await put(moderator, { id: data.id, name: "Still mine" })).http).toBe(403);
  expect((await read(admin, data.id)).name).toBe("Mine");
});
