import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { call, idToken, query, testDeps, unique } from "../support/index.ts";
import { count, instant, prune } from "../support/pruned.ts";
import { newSub, signUp } from "../support/triggers.ts";

const DAY = 86_400_000;

/** As an import leaves somebody whom the first Torium never saw confirm their address, though they own a group. */
async function unconfirmedOwner(created: number) {
  const [sub, email] = [newSub(), `${unique("owner")}@torium.test`.toLowerCase()];
  const [made] = await query<{ id: number; group_id: number }>(sql`
    with u as (
      insert into users (cognito_user_id, email, username, created_at) values (${sub}, ${email}, 'Owner', ${instant(created)}) returning id
    ), g as (
      insert into groups (name, description, admin_id) select 'Theirs', '', id from u returning id
    ), m as (
      insert into group_members (group_id, user_id, status) select g.id, u.id, 'admin' from g, u
    ) select u.id, g.id as group_id from u, g`);
  return { sub, email, ...made! };
}

test("who is in a group is not forgotten, though they never confirmed, and holds up no other's going", async () => {
  const now = Date.parse("2036-06-01T03:17:00Z");
  const owner = await unconfirmedOwner(now - 900 * DAY);
  const passing = `${unique("passing")}@torium.test`.toLowerCase();
  await query(
    sql`insert into users (cognito_user_id, email, username, created_at) values (${passing}, ${passing}, 'Passing', ${instant(now - 8 * DAY)})`,
  );
  await prune(testDeps(), now);
  expect(await count("users", sql`email = ${passing}`)).toBe(0);
  expect(await count("users", sql`id = ${owner.id}`)).toBe(1);
  const groups = await call("GET", "/groups", { as: await idToken(owner.sub, owner.email) });
  expect(groups.data).toMatchObject([{ group_id: owner.group_id, status: "admin" }]);
});

test("nor do they give way to another sign-up of their address, which is told that it is taken", async () => {
  const owner = await unconfirmedOwner(Date.now());
  expect(await signUp(newSub(), owner.email)).toMatchObject({ http: 409 });
  expect(await count("group_members", sql`user_id = ${owner.id}`)).toBe(1);
});
