import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { groupOfEveryRole, join } from "../support/arranged.ts";
import { call, person, query } from "../support/index.ts";

const invite = (as: Parameters<typeof call>[2] & object, json: object) =>
  call("POST", "/group/members", { ...as, json });
const answer = (as: Awaited<ReturnType<typeof person>>, group_id: number, status: string) =>
  call("PATCH", "/group/members/status", { as, json: { group_id, status } });
const rows = (group_id: number) =>
  query<{ id: number; user_id: number | null; email: string | null; status: string }>(
    sql`select id, user_id, email, status from group_invitation_logs where group_id = ${group_id} order by id`,
  );
const membersOf = (group_id: number) =>
  query<{ user_id: number; status: string }>(
    sql`select user_id, status from group_members where group_id = ${group_id} order by user_id`,
  );

describe("PATCH /group/members/status", () => {
  test("confirming makes the invitee a standard member, in one round trip; the same answer again is fine", async () => {
    const { group_id, invited } = await groupOfEveryRole();
    expect(await answer(invited, group_id, "confirmed")).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await answer(invited, group_id, "confirmed")).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await answer(invited, group_id, "rejected")).toMatchObject({ http: 409 });
    expect(await membersOf(group_id)).toContainEqual({ user_id: invited.id, status: "standard" });
    expect((await call("GET", "/groups/invitation/count", { as: invited })).data).toEqual({ count: 0 });
  });

  test("rejecting leaves them out, and they can be invited again and accept", async () => {
    const { group_id, admin, invited } = await groupOfEveryRole();
    expect((await answer(invited, group_id, "rejected")).http).toBe(200);
    expect((await answer(invited, group_id, "rejected")).http).toBe(200);
    expect((await answer(invited, group_id, "confirmed")).http).toBe(409);
    expect(await membersOf(group_id)).toHaveLength(3);
    expect((await invite({ as: admin }, { group_id, user_id: invited.id })).http).toBe(200);
    expect((await answer(invited, group_id, "confirmed")).http).toBe(200);
    expect(await membersOf(group_id)).toHaveLength(4);
  });

  test("is the invitee's alone: whoever was never invited, or whose invitation was withdrawn, finds nothing", async () => {
    const { group_id, invited, ...others } = await groupOfEveryRole();
    for (const someone of [others.admin, others.moderator, others.standard, others.stranger]) {
      for (const status of ["confirmed", "rejected"]) {
        expect(await answer(someone, group_id, status)).toMatchObject({ http: 404, error: { code: "not_found" } });
      }
    }
    await query(sql`update group_invitation_logs set status = 'withdrawn' where group_id = ${group_id}`);
    expect((await answer(invited, group_id, "confirmed")).http).toBe(404);
    expect(await membersOf(group_id)).toHaveLength(3);
    const json = { group_id, status: "confirmed", user_id: invited.id };
    expect((await call("PATCH", "/group/members/status", { as: others.stranger, json })).http).toBe(404);
    expect((await call("PATCH", "/group/members/status", { json })).http).toBe(401);
  });

  test("an invitation that was used does not let back in whoever left", async () => {
    const { group_id, invited } = await groupOfEveryRole();
    await answer(invited, group_id, "confirmed");
    await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${invited.id}`);
    expect((await answer(invited, group_id, "confirmed")).http).toBe(404);
    expect(await membersOf(group_id)).toHaveLength(3);
  });

  test.each(["open", "withdrawn", "admin", "", 1])("refuses the status %s", async (status) => {
    const refused = await call("PATCH", "/group/members/status", { as: await person(), json: { status } });
    expect(refused.error?.issues?.map(({ path }) => path)).toEqual(["group_id", "status"]);
  });

  test("accepting and rejecting at once ends as one of the two, and the answers say which", async () => {
    for (let round = 0; round < 8; round++) {
      const { group_id, invited } = await groupOfEveryRole();
      const [yes, no] = await Promise.all([
        answer(invited, group_id, "confirmed"),
        answer(invited, group_id, "rejected"),
      ]);
      expect([yes!.http, no!.http].sort()).toEqual([200, 409]);
      expect(await membersOf(group_id)).toHaveLength(yes!.http === 200 ? 4 : 3);
      expect(await rows(group_id)).toMatchObject([{ status: yes!.http === 200 ? "confirmed" : "rejected" }]);
    }
  });

  test("accepting while invited again at once never leaves a member with an open invitation", async () => {
    for (let round = 0; round < 8; round++) {
      const { group_id, admin, invited } = await groupOfEveryRole();
      const [accepted, again] = await Promise.all([
        answer(invited, group_id, "confirmed"),
        invite({ as: admin }, { group_id, user_id: invited.id }),
      ]);
      expect([accepted.http, again.http]).toEqual([200, 409]);
      expect(await rows(group_id)).toMatchObject([{ status: "confirmed" }]);
    }
  });

  test("rejecting while invited again at once ends as either order would", async () => {
    for (let round = 0; round < 8; round++) {
      const { group_id, admin, invited } = await groupOfEveryRole();
      const [rejected, again] = await Promise.all([
        answer(invited, group_id, "rejected"),
        invite({ as: admin }, { group_id, email: invited.email }),
      ]);
      expect(rejected.http).toBe(200);
      const open = (await rows(group_id)).filter(({ status }) => status === "open");
      expect(open).toHaveLength(again.http === 200 ? 1 : 0);
      expect([200, 409]).toContain(again.http);
    }
  });

  test("two people accepting and two being invited at once are all in", async () => {
    const { group_id, admin, moderator, invited } = await groupOfEveryRole();
    const more = [await person(), await person(), await person()];
    await invite({ as: admin }, { group_id, user_id: more[0]!.id });
    const all = await Promise.all([
      answer(invited, group_id, "confirmed"),
      answer(more[0]!, group_id, "confirmed"),
      invite({ as: admin }, { group_id, user_id: more[1]!.id }),
      invite({ as: moderator }, { group_id, user_id: more[2]!.id }),
    ]);
    expect(all.map(({ http }) => http)).toEqual([200, 200, 200, 200]);
    expect(await membersOf(group_id)).toHaveLength(5);
  });

  test("two people who invite each other into their groups at once both succeed", async () => {
    for (let round = 0; round < 5; round++) {
      const [one, two] = [await groupOfEveryRole(), await groupOfEveryRole()];
      const both = await Promise.all([
        invite({ as: one.admin }, { group_id: one.group_id, user_id: two.admin.id }),
        invite({ as: two.admin }, { group_id: two.group_id, user_id: one.admin.id }),
      ]);
      expect(both.map(({ http }) => http)).toEqual([200, 200]);
    }
  });

  test("the invitation's message that was not sent yet is called off", async () => {
    const { group_id, invited } = await groupOfEveryRole();
    await answer(invited, group_id, "rejected");
    const [row] = await query(
      sql`select delivery_status, last_error, next_attempt_at from group_invitation_logs where group_id = ${group_id}`,
    );
    expect(row).toEqual({ delivery_status: "suppressed", last_error: "answered", next_attempt_at: null });
  });

  test("a member of another group of the same people stays what they are", async () => {
    const { group_id, invited } = await groupOfEveryRole();
    const elsewhere = await groupOfEveryRole();
    await join(elsewhere.group_id, invited, "admin");
    await answer(invited, group_id, "confirmed");
    expect(await membersOf(elsewhere.group_id)).toContainEqual({ user_id: invited.id, status: "admin" });
  });
});
