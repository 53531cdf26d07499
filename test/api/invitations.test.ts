import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { type Answer, call, person, query, unique } from "../support/index.ts";

test("the caller's open invitations come newest first, with who invited, in one round trip", async () => {
  const [first, second, third] = [await groupOfEveryRole(), await groupOfEveryRole(), await groupOfEveryRole()];
  const ann = await person();
  const made: number[] = [];
  for (const { group_id, moderator } of [first, second, third]) {
    const { data } = await call("POST", "/group/members", { as: moderator, json: { group_id, user_id: ann.id } });
    made.push(data.group_invitation_logs_id);
  }
  const found = await call("GET", "/groups/invitation", { as: ann });
  expect(found).toMatchObject({ http: 200, roundTrips: 1, page: { next_cursor: null } });
  expect(found.data).toEqual(
    [third, second, first].map(({ group_id, name, moderator }, index) => ({
      group_id,
      name,
      email: moderator.email,
      group_invitation_logs_id: made[2 - index],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })),
  );
  expect(await call("GET", "/groups/invitation/count", { as: ann })).toMatchObject({
    http: 200,
    roundTrips: 1,
    data: { count: 3 },
  });

  const pages = [];
  let cursor: string | null = null;
  do {
    const page: Answer<unknown[]> = await call("GET", "/groups/invitation", {
      as: ann,
      query: { limit: 1, ...(cursor && { cursor }) },
    });
    pages.push(...page.data);
    cursor = page.page!.next_cursor;
  } while (cursor);
  expect(pages).toEqual(found.data);
});

test("an answered or withdrawn invitation is not open, and nobody sees another's", async () => {
  const { group_id, admin, invited, stranger } = await groupOfEveryRole();
  const count = async (as: typeof invited) => (await call("GET", "/groups/invitation/count", { as })).data.count;
  expect([await count(invited), await count(stranger), await count(admin)]).toEqual([1, 0, 0]);
  for (const status of ["confirmed", "rejected", "withdrawn"]) {
    await query(
      sql`update group_invitation_logs set status = ${status}::invitation_status where group_id = ${group_id}`,
    );
    expect(await count(invited)).toBe(0);
    expect((await call("GET", "/groups/invitation", { as: invited })).data).toEqual([]);
  }
  expect((await call("GET", "/groups/invitation")).http).toBe(401);
  expect((await call("GET", "/groups/invitation/count")).http).toBe(401);
});

test("the inviter's address is never null: where they are gone, the group's owner stands in", async () => {
  const { group_id, admin, moderator } = await groupOfEveryRole();
  const ann = await person();
  await call("POST", "/group/members", { as: moderator, json: { group_id, user_id: ann.id } });
  await query(sql`delete from users where id = ${moderator.id}`);
  expect((await call("GET", "/groups/invitation", { as: ann })).data).toMatchObject([{ email: admin.email }]);
});

test("an invitation to an address shows for whoever has it, even before its row names them", async () => {
  const { group_id, admin } = await groupOfEveryRole();
  const email = `${unique("late")}@torium.test`.toLowerCase();
  await call("POST", "/group/members", { as: admin, json: { group_id, email } });
  const late = await person({ email });
  expect((await call("GET", "/groups/invitation", { as: late })).data).toMatchObject([{ group_id }]);
  expect((await call("GET", "/groups/invitation/count", { as: late })).data).toEqual({ count: 1 });
  const json = { group_id, status: "confirmed" };
  expect((await call("PATCH", "/group/members/status", { as: late, json })).http).toBe(200);
  expect((await call("GET", "/groups", { as: late })).data).toMatchObject([{ group_id, status: "standard" }]);
});
