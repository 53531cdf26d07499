import { sql } from "drizzle-orm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { call, idToken, type Person, person, query } from "../support/index.ts";
import { invitations, promote, remove, state } from "../support/membership.ts";
import { group } from "../support/pipeline.ts";
import { confirm, newEmail, newSub, poolAnswers, rowsOf, signUp } from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

const ROUNDS = 8;

const reply = (as: Person | string, group_id: number, status: string) =>
  call("PATCH", "/group/members/status", { as, json: { group_id, status } });
const invite = (as: Person, group_id: number, json: object) =>
  call("POST", "/group/members", { as, json: { group_id, ...json } });
const statuses = async (group_id: number) => (await invitations(group_id)).map(({ status }) => status);
const count = async (as: Person | string) => (await call("GET", "/groups/invitation/count", { as })).data.count;
const codes = (answers: { http: number }[]) => answers.map(({ http }) => http).sort();

describe("answering at once", () => {
  test("accepting many times at once: each hears success, and the person is in once", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, invited } = await groupOfEveryRole();
      const answers = await Promise.all(Array.from({ length: 5 }, () => reply(invited, group_id, "confirmed")));
      expect(new Set(codes(answers))).toEqual(new Set([200]));
      expect((await state(group_id))!.of(invited)).toBe("standard");
      expect(await statuses(group_id)).toEqual(["confirmed"]);
    }
  });

  test("accepting and rejecting at once: the first answer stands, and the other is a conflict", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, invited } = await groupOfEveryRole();
      const [yes, no] = await Promise.all([
        reply(invited, group_id, "confirmed"),
        reply(invited, group_id, "rejected"),
      ]);
      expect(codes([yes, no])).toEqual([200, 409]);
      const now = (await state(group_id))!;
      expect(now.of(invited)).toBe(yes.http === 200 ? "standard" : undefined);
      expect(await statuses(group_id)).toEqual([yes.http === 200 ? "confirmed" : "rejected"]);
    }
  });

  test("rejecting while invited again: the new invitation is open, or the old one was still in its way", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, invited } = await groupOfEveryRole();
      const [no, again] = await Promise.all([
        reply(invited, group_id, "rejected"),
        invite(admin, group_id, { user_id: invited.id }),
      ]);
      expect([`200 200`, `200 409`]).toContain(`${no.http} ${again.http}`);
      expect(await statuses(group_id)).toEqual(again.http === 200 ? ["rejected", "open"] : ["rejected"]);
      expect(await count(invited)).toBe(again.http === 200 ? 1 : 0);
    }
  });

  test("accepting while promoted: promoted after it, or not found before", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, invited } = await groupOfEveryRole();
      const [yes, promoted] = await Promise.all([
        reply(invited, group_id, "confirmed"),
        promote(admin, group_id, invited, "moderator"),
      ]);
      expect(yes.http).toBe(200);
      expect([200, 404]).toContain(promoted.http);
      expect((await state(group_id))!.of(invited)).toBe(promoted.http === 200 ? "moderator" : "standard");
    }
  });

  test("accepting while the group is deleted: in and then gone with it, or not found", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, invited } = await groupOfEveryRole();
      const [yes, deleted] = await Promise.all([
        reply(invited, group_id, "confirmed"),
        call("DELETE", "/groups", { as: admin, query: { id: group_id } }),
      ]);
      expect([200, 404]).toContain(yes.http);
      expect(deleted.http).toBe(200);
      expect(await state(group_id)).toBeUndefined();
      expect((await call("GET", "/groups", { as: invited })).data).toEqual([]);
      expect(await count(invited)).toBe(0);
    }
  });

  test("accepting two invitations at once: both groups are joined", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [ann, ben, eve] = [await person(), await person(), await person()];
      const groups = [await group(ann), await group(ben)];
      await invite(ann, groups[0]!, { user_id: eve.id });
      await invite(ben, groups[1]!, { user_id: eve.id });
      const answers = await Promise.all(groups.map((group_id) => reply(eve, group_id, "confirmed")));
      expect(codes(answers)).toEqual([200, 200]);
      for (const group_id of groups) expect((await state(group_id))!.of(eve)).toBe("standard");
    }
  });
});

describe("roles at once", () => {
  test("the group is handed to somebody who leaves: it ends with an owner who is in it and admin", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, name, admin, standard } = await groupOfEveryRole();
      const [handed, left] = await Promise.all([
        call("PUT", "/groups", { as: admin, json: { id: group_id, name, description: "", admin_id: standard.id } }),
        remove(standard, group_id, standard),
      ]);
      expect([200, 400]).toContain(handed.http);
      expect(left.http).toBe(200);
      const now = (await state(group_id))!;
      expect([now.admin_id, now.of(admin), now.of(standard)]).toEqual([admin.id, "admin", undefined]);
    }
  });

  test("a moderator who is made standard while they invite: invited before, or refused after", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, moderator } = await groupOfEveryRole();
      const ann = await person();
      const [invited, down] = await Promise.all([
        invite(moderator, group_id, { user_id: ann.id }),
        promote(admin, group_id, moderator, "standard"),
      ]);
      expect([200, 403]).toContain(invited.http);
      expect(down.http).toBe(200);
      expect((await state(group_id))!.of(moderator)).toBe("standard");
      expect(await count(ann)).toBe(invited.http === 200 ? 1 : 0);
    }
  });

  test("one person promoted by one and demoted by another: each order gives a role that one of them set", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, moderator, standard } = await groupOfEveryRole();
      const [up, down] = await Promise.all([
        promote(admin, group_id, standard, "admin"),
        promote(moderator, group_id, standard, "moderator"),
      ]);
      expect(up.http).toBe(200);
      expect([200, 403]).toContain(down.http);
      expect((await state(group_id))!.of(standard)).toBe("admin");
    }
  });
});

describe("an address that signs up at once", () => {
  /** Somebody who has signed up and is yet to confirm. */
  async function newcomer() {
    const [sub, email] = [newSub(), newEmail().toLowerCase()];
    await signUp(sub, email);
    return { sub, email };
  }

  test("invited by address while they confirm: the invitation is theirs, once, and they can accept it", async () => {
    poolAnswers();
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin, moderator } = await groupOfEveryRole();
      const { sub, email } = await newcomer();
      const [confirmed, ...invited] = await Promise.all([
        confirm(sub, email),
        invite(admin, group_id, { email }),
        invite(moderator, group_id, { email }),
      ]);
      expect(confirmed.http).toBe(200);
      expect(codes(invited)).toEqual([200, 409]);
      const [{ id } = { id: 0 }] = await rowsOf(email);
      expect((await invite(admin, group_id, { user_id: id })).http).toBe(409);
      const token = await idToken(sub, email);
      expect(await count(token)).toBe(1);
      expect((await reply(token, group_id, "confirmed")).http).toBe(200);
      expect(await count(token)).toBe(0);
    }
  });

  test("withdrawn by address while they confirm: it is not theirs, whichever was first", async () => {
    poolAnswers();
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin } = await groupOfEveryRole();
      const { sub, email } = await newcomer();
      await invite(admin, group_id, { email });
      const [confirmed, withdrawn] = await Promise.all([
        confirm(sub, email),
        call("DELETE", "/group/members", { as: admin, query: { group_id, email } }),
      ]);
      expect([confirmed.http, withdrawn.http]).toEqual([200, 200]);
      const token = await idToken(sub, email);
      expect(await count(token)).toBe(0);
      expect((await reply(token, group_id, "confirmed")).http).toBe(404);
      expect(await statuses(group_id)).toEqual(["open", "withdrawn"]);
    }
  });

  test("answered by their first token while the trigger is late: in once", async () => {
    poolAnswers();
    for (let round = 0; round < ROUNDS; round++) {
      const { group_id, admin } = await groupOfEveryRole();
      const { sub, email } = await newcomer();
      await invite(admin, group_id, { email });
      const token = await idToken(sub, email);
      const answers = await Promise.all([confirm(sub, email), reply(token, group_id, "confirmed")]);
      expect(codes(answers)).toEqual([200, 200]);
      const [row] = await rowsOf(email);
      const members = await query<{ status: string }>(
        sql`select status from group_members where group_id = ${group_id} and user_id = ${row!.id}`,
      );
      expect(members).toEqual([{ status: "standard" }]);
      expect(await statuses(group_id)).toEqual(["open", "confirmed"]);
    }
  });
});
