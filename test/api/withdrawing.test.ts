import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { call, inbox, type Person, person, query, testDeps, unique } from "../support/index.ts";
import { doubledGroup, invitations, state } from "../support/membership.ts";
import { receive, taken } from "../support/pipeline.ts";

const address = () => `${unique("nobody")}@torium.test`.toLowerCase();
const removeByEmail = (as: Person | undefined, group_id: number, email: string) =>
  call("DELETE", "/group/members", { ...(as && { as }), query: { group_id, email } });

/** A group, and an address without an account that is invited to it; its message in `message`. */
async function addressInvited() {
  const group = await groupOfEveryRole();
  const [email, deps] = [address(), testDeps()];
  await call("POST", "/group/members", { as: group.admin, deps, json: { group_id: group.group_id, email } });
  const [message] = taken(deps);
  const statuses = async () => (await invitations(group.group_id)).map(({ status }) => status);
  return { ...group, email, message: message!, statuses };
}

test("an invitation to an address is withdrawn by it, a moderator's and an admin's: its letter is not sent, and the address can be invited again", async () => {
  for (const by of ["moderator", "admin"] as const) {
    const { group_id, email, message, statuses, ...all } = await addressInvited();
    expect((await removeByEmail(all.standard, group_id, email)).http).toBe(403);
    expect(await statuses()).toEqual(["open", "open"]);
    const done = await removeByEmail(all[by], group_id, ` ${email.toUpperCase()} `);
    expect(done).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await invitations(group_id)).toMatchObject([
      { status: "open" },
      { status: "withdrawn", delivery_status: "suppressed", last_error: "withdrawn", next_attempt_at: null },
    ]);
    expect(await receive(testDeps(), [message])).toMatchObject([{ outcome: "ack" }]);
    expect(await inbox("email", email)).toEqual([]);
    expect((await removeByEmail(all[by], group_id, email)).http).toBe(404);
    const late = await person({ email });
    expect((await call("GET", "/groups/invitation/count", { as: late })).data).toEqual({ count: 0 });
    const again = await call("POST", "/group/members", { as: all[by], json: { group_id, email } });
    expect(again.http).toBe(200);
  }
});

test("it is hidden from strangers, invitees and admins elsewhere, who learn of no address", async () => {
  const { group_id, email, statuses, ...all } = await addressInvited();
  const elsewhere = (await groupOfEveryRole()).admin;
  for (const as of [all.stranger, all.invited, elsewhere]) {
    for (const named of [email, all.admin.email, all.invited.email, as.email, address()]) {
      expect(await removeByEmail(as, group_id, named)).toMatchObject({ http: 404, error: { code: "not_found" } });
    }
  }
  expect((await removeByEmail(undefined, group_id, email)).http).toBe(401);
  expect(await statuses()).toEqual(["open", "open"]);
});

test("an address that is invited nowhere here is not found, though it has an account or is invited elsewhere", async () => {
  const [{ group_id, admin, stranger }, elsewhere] = [await groupOfEveryRole(), await addressInvited()];
  for (const email of [stranger.email, elsewhere.email, address()]) {
    expect((await removeByEmail(admin, group_id, email)).http).toBe(404);
  }
  expect(await elsewhere.statuses()).toEqual(["open", "open"]);
});

test("whoever has the address stands for it: an invitee's invitation is withdrawn, a member removed, as by id", async () => {
  const { group_id, admin, moderator, standard, invited, others } = await doubledGroup();
  expect((await removeByEmail(moderator, group_id, invited.email)).http).toBe(200);
  expect(await invitations(group_id)).toMatchObject([{ status: "withdrawn" }]);
  expect((await removeByEmail(moderator, group_id, others.admin.email)).http).toBe(403);
  expect((await removeByEmail(moderator, group_id, standard.email.toUpperCase())).http).toBe(200);
  expect((await removeByEmail(others.standard, group_id, others.standard.email)).http).toBe(200);
  expect((await removeByEmail(admin, group_id, admin.email)).http).toBe(200);
  const now = (await state(group_id))!;
  expect([now.admin_id, now.roles]).toEqual([
    others.admin.id,
    { [moderator.id]: "moderator", [others.moderator.id]: "moderator", [others.admin.id]: "admin" },
  ]);
  for (const one of [moderator, others.moderator]) {
    expect((await removeByEmail(others.admin, group_id, one.email)).http).toBe(200);
  }
  expect((await removeByEmail(others.admin, group_id, others.admin.email)).http).toBe(200);
  expect(await state(group_id)).toBeUndefined();
});

test("somebody who is not confirmed does not have their address yet", async () => {
  const { group_id, admin, email, statuses } = await addressInvited();
  const hidden = await person({ email });
  await query(sql`update users set confirmed_at = null where id = ${hidden.id}`);
  expect((await removeByEmail(admin, group_id, email)).http).toBe(200);
  expect(await statuses()).toEqual(["open", "withdrawn"]);
});

test.each([
  ["neither", {}],
  ["both", { user_id: 1, email: "a@torium.test" }],
  ["no address", { email: "ann" }],
])("exactly one of user_id and email is needed: %s", async (_, named) => {
  const refused = await call("DELETE", "/group/members", { as: await person(), query: { group_id: "x", ...named } });
  expect(refused.http).toBe(400);
  expect(refused.error?.issues?.map(({ path }) => path)).toEqual([
    "group_id",
    "email" in named && !("user_id" in named) ? "email" : "user_id",
  ]);
});

test("a client of the dialect may name it as well", async () => {
  const { group_id, admin, email, statuses } = await addressInvited();
  const headers = { "trm-group-id": String(group_id), "trm-email": email };
  expect(await call("DELETE", "/group/members", { as: admin, headers })).toMatchObject({ status: { code: 200 } });
  expect(await statuses()).toEqual(["open", "withdrawn"]);
});
