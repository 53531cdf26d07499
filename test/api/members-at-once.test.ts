import { describe, expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { call, person } from "../support/index.ts";
import { invitations, promote, remove, state, taking } from "../support/membership.ts";
import { group } from "../support/pipeline.ts";

describe("at once", () => {
  const ROUNDS = 8;

  /** Two admins beside a standard member, who hold the group together. */
  async function twoAdmins() {
    const { group_id, admin, standard, moderator } = await groupOfEveryRole();
    await promote(admin, group_id, moderator, "admin");
    return { group_id, one: admin, two: moderator, standard };
  }

  test("the two last admins leaving: one goes, the other stays and owns the group", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, one, two } = await twoAdmins();
      const [a, b] = await Promise.all([remove(one, group_id, one), remove(two, group_id, two)]);
      expect([a.http, b.http].sort()).toEqual([200, 409]);
      const staying = a.http === 409 ? one : two;
      const now = (await state(group_id))!;
      expect([now.admin_id, now.of(staying)]).toEqual([staying.id, "admin"]);
      expect(Object.keys(now.roles)).toHaveLength(2);
    }
  });

  test("two admins demoting each other: the one who was first stays admin and owner", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, one, two } = await twoAdmins();
      const [a, b] = await Promise.all([
        promote(one, group_id, two, "standard"),
        promote(two, group_id, one, "standard"),
      ]);
      expect([a.http, b.http].sort()).toEqual([200, 403]);
      const [winner, loser] = a.http === 200 ? [one, two] : [two, one];
      const now = (await state(group_id))!;
      expect([now.admin_id, now.of(winner), now.of(loser)]).toEqual([winner.id, "admin", "standard"]);
    }
  });

  test("two admins removing each other: one is out, and finds no group any more", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, one, two } = await twoAdmins();
      const [a, b] = await Promise.all([remove(one, group_id, two), remove(two, group_id, one)]);
      expect([a.http, b.http].sort()).toEqual([200, 404]);
      const [winner, loser] = a.http === 200 ? [one, two] : [two, one];
      const now = (await state(group_id))!;
      expect([now.admin_id, now.of(winner), now.of(loser)]).toEqual([winner.id, "admin", undefined]);
    }
  });

  test("one admin leaving while the other steps down: one of the two is refused", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, one, two } = await twoAdmins();
      const [left, down] = await Promise.all([remove(one, group_id, one), promote(two, group_id, two, "standard")]);
      expect([left.http, down.http].sort()).toEqual([200, 409]);
      const admin = left.http === 200 ? two : one;
      const now = (await state(group_id))!;
      expect([now.admin_id, now.of(admin)]).toEqual([admin.id, "admin"]);
    }
  });

  test("promoting somebody who leaves: promoted first or not found, and gone either way", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, standard } = await groupOfEveryRole();
      const [promoted, left] = await Promise.all([
        promote(admin, group_id, standard, "admin"),
        remove(standard, group_id, standard),
      ]);
      expect([200, 404]).toContain(promoted.http);
      expect(left.http).toBe(200);
      const now = (await state(group_id))!;
      expect([now.admin_id, now.of(standard), now.of(admin)]).toEqual([admin.id, undefined, "admin"]);
    }
  });

  test("the last admin leaving while they make another admin: leaves after it, or stays", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, standard } = await groupOfEveryRole();
      const [promoted, left] = await Promise.all([
        promote(admin, group_id, standard, "admin"),
        remove(admin, group_id, admin),
      ]);
      expect(promoted.http).toBe(200);
      const now = (await state(group_id))!;
      expect(now.of(standard)).toBe("admin");
      if (left.http === 200) expect([now.admin_id, now.of(admin)]).toEqual([standard.id, undefined]);
      else expect([left.http, now.admin_id, now.of(admin)]).toEqual([409, admin.id, "admin"]);
    }
  });

  test("the last two members leaving: the group is gone, or its last admin stays in it", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [ann, ben] = [await person(), await person()];
      const group_id = await group(ann, ben);
      const [admin, other] = await Promise.all([remove(ann, group_id, ann), remove(ben, group_id, ben)]);
      expect(other.http).toBe(200);
      const now = await state(group_id);
      if (admin.http === 200) expect(now).toBeUndefined();
      else expect([admin.http, now!.admin_id, now!.roles]).toEqual([409, ann.id, { [ann.id]: "admin" }]);
    }
  });

  test("accepting while the invitation is withdrawn: in and then removed, or never in", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, invited } = await groupOfEveryRole();
      const json = { group_id, status: "confirmed" };
      const [accepted, withdrawn] = await Promise.all([
        call("PATCH", "/group/members/status", { as: invited, json }),
        remove(admin, group_id, invited),
      ]);
      expect([200, 404]).toContain(accepted.http);
      expect(withdrawn.http).toBe(200);
      expect((await state(group_id))!.of(invited)).toBeUndefined();
      expect(await invitations(group_id)).toMatchObject([
        { status: accepted.http === 200 ? "confirmed" : "withdrawn" },
      ]);
    }
  });

  test("the last member leaving while their invitee accepts: the group is gone, or the admin stays with them", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [ann, ben] = [await person(), await person()];
      const group_id = await group(ann);
      await call("POST", "/group/members", { as: ann, json: { group_id, user_id: ben.id } });
      const json = { group_id, status: "confirmed" };
      const [left, accepted] = await Promise.all([
        remove(ann, group_id, ann),
        call("PATCH", "/group/members/status", { as: ben, json }),
      ]);
      expect([`200 404`, `409 200`]).toContain(`${left.http} ${accepted.http}`);
      const now = await state(group_id);
      if (left.http === 200) expect(now).toBeUndefined();
      else expect(now!.roles).toEqual({ [ann.id]: "admin", [ben.id]: "standard" });
    }
  });

  test("an event planned for everybody while somebody leaves: the leaver takes no part in it", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, standard } = await groupOfEveryRole();
      const json = {
        group_id,
        name: "Dinner",
        description: "",
        event_timestamp: "2050-01-01 12:00:00",
        is_budget: false,
      };
      const [planned, left] = await Promise.all([
        call("POST", "/event", { as: admin, json: { ...json, reminder: "once", schedule_period: "1 day" } }),
        remove(standard, group_id, standard),
      ]);
      expect([200, 409]).toContain(planned.http);
      expect(left.http).toBe(200);
      if (planned.http === 200) {
        expect((await taking(planned.data.id)).map(({ user_id }) => user_id)).not.toContain(standard.id);
      }
    }
  });
});
