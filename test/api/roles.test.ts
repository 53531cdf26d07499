import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { groupOfEveryRole, join, type Role } from "../support/arranged.ts";
import { call, person, query } from "../support/index.ts";
import { doubledGroup, promote, remove, servedSince, state } from "../support/membership.ts";

describe("PATCH /group/members/role", () => {
  test("each role gives whom what it may, in one round trip, and nothing else", async () => {
    const roles = ["standard", "moderator", "admin"] as const;
    const allowed = (by: Role, from: Role, to: Role) =>
      by === "admin" || (by === "moderator" && from !== "admin" && to !== "admin");
    for (const by of roles) {
      for (const from of roles) {
        const { group_id, others, ...all } = await doubledGroup();
        for (const to of roles) {
          await query(
            sql`update group_members set status = ${from}::member_status where group_id = ${group_id} and user_id = ${others[from].id}`,
          );
          const answer = await promote(all[by], group_id, others[from], to);
          const http = allowed(by, from, to) ? 200 : 403;
          expect([by, from, to, answer.http]).toEqual([by, from, to, http]);
          if (http === 200) expect(answer).toMatchObject({ data: null, roundTrips: 1 });
          expect((await state(group_id))!.of(others[from])).toBe(http === 200 ? to : from);
        }
      }
    }
  });

  test("the same rules hold for oneself: a moderator steps down and not up, a standard member neither", async () => {
    const { group_id, moderator, standard, others } = await doubledGroup();
    expect((await promote(moderator, group_id, moderator, "admin")).http).toBe(403);
    expect((await promote(moderator, group_id, moderator, "standard")).http).toBe(200);
    expect((await promote(moderator, group_id, moderator, "moderator")).http).toBe(403);
    for (const status of ["standard", "moderator", "admin"]) {
      expect((await promote(standard, group_id, standard, status)).http).toBe(403);
    }
    expect((await promote(others.admin, group_id, others.admin, "moderator")).http).toBe(200);
    expect((await state(group_id))!.of(others.admin)).toBe("moderator");
  });

  test("is hidden from strangers, invitees and admins elsewhere; who is not in the group is not found, for every role", async () => {
    const { group_id, admin, moderator, standard, invited, stranger } = await groupOfEveryRole();
    const elsewhere = (await groupOfEveryRole()).admin;
    for (const as of [stranger, invited, elsewhere]) {
      for (const target of [as, standard]) expect((await promote(as, group_id, target, "admin")).http).toBe(404);
    }
    for (const as of [admin, moderator, standard]) {
      for (const target of [invited, stranger, elsewhere, { id: 9e15 }]) {
        expect((await promote(as, group_id, target, "moderator")).http).toBe(404);
      }
    }
    expect((await promote(undefined, group_id, standard, "admin")).http).toBe(401);
    expect((await promote(admin, 9e15, standard, "admin")).http).toBe(404);
  });

  test("every fault of its input is named at once", async () => {
    const json = { group_id: "x", user_id: 0, status: "owner" };
    const answer = await call("PATCH", "/group/members/role", { as: await person(), json });
    expect(answer.error!.issues!.map(({ path }) => path)).toEqual(["group_id", "user_id", "status"]);
  });

  test("the last admin stays admin, and may be called so again", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    for (const status of ["standard", "moderator"]) {
      expect(await promote(admin, group_id, admin, status)).toMatchObject({ http: 409, error: { code: "conflict" } });
    }
    expect((await promote(admin, group_id, admin, "admin")).http).toBe(200);
    expect(await state(group_id)).toMatchObject({ admin_id: admin.id, roles: { [admin.id]: "admin" } });
  });

  test("an owner who is demoted hands the group to the longest-serving admin; another admin does not", async () => {
    const { group_id, admin, others } = await doubledGroup();
    const veteran = await person();
    await join(group_id, veteran, "admin");
    await servedSince(group_id, veteran, "2020-01-01T00:00:00Z");
    await promote(admin, group_id, others.admin, "standard");
    expect((await state(group_id))!.admin_id).toBe(admin.id);
    await promote(admin, group_id, others.admin, "admin");
    expect((await promote(veteran, group_id, admin, "moderator")).http).toBe(200);
    expect((await state(group_id))!.admin_id).toBe(veteran.id);
  });

  test("service counts from the promotion, and the same role again does not restart it", async () => {
    const { group_id, admin, standard, moderator } = await groupOfEveryRole();
    await servedSince(group_id, standard, "2010-01-01T00:00:00Z");
    await promote(admin, group_id, moderator, "admin");
    await promote(admin, group_id, standard, "admin");
    await servedSince(group_id, moderator, "2020-01-01T00:00:00Z");
    expect((await promote(admin, group_id, moderator, "admin")).http).toBe(200);
    await remove(admin, group_id, admin);
    expect((await state(group_id))!.admin_id).toBe(moderator.id);
  });
});
