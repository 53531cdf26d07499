import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { arrangedEvent, groupOfEveryRole, join, type Role } from "../support/arranged.ts";
import { call, inbox, person, query, testDeps, unique } from "../support/index.ts";
import { doubledGroup, invitations, remove, servedSince, state, taking } from "../support/membership.ts";
import { type Clock, clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

describe("DELETE /group/members", () => {
  test("each role removes whom it may, in one round trip, and nobody else", async () => {
    const may: Record<Role, Role[]> = {
      standard: [],
      moderator: ["standard"],
      admin: ["standard", "moderator", "admin"],
    };
    for (const by of ["standard", "moderator", "admin"] as const) {
      const { group_id, others, ...all } = await doubledGroup();
      for (const target of ["standard", "moderator", "admin"] as const) {
        const answer = await remove(all[by], group_id, others[target]);
        const http = may[by].includes(target) ? 200 : 403;
        expect([by, target, answer.http]).toEqual([by, target, http]);
        if (http === 200) expect(answer).toMatchObject({ data: null, roundTrips: 1 });
        expect((await state(group_id))!.of(others[target])).toBe(http === 200 ? undefined : target);
      }
    }
  });

  test("everybody leaves by themselves, in one round trip", async () => {
    const { group_id, others } = await doubledGroup();
    for (const someone of Object.values(others)) {
      expect(await remove(someone, group_id, someone)).toMatchObject({ http: 200, roundTrips: 1 });
      expect((await state(group_id))!.of(someone)).toBeUndefined();
      expect((await remove(someone, group_id, someone)).http).toBe(404);
    }
  });

  test("is hidden from strangers, invitees and admins elsewhere, whomever they name", async () => {
    const { group_id, admin, standard, invited, stranger } = await groupOfEveryRole();
    const elsewhere = (await groupOfEveryRole()).admin;
    for (const as of [stranger, invited, elsewhere]) {
      for (const target of [as, admin, standard, invited, { id: 9e15 }]) {
        expect(await remove(as, group_id, target)).toMatchObject({ http: 404, error: { code: "not_found" } });
      }
    }
    expect((await remove(undefined, group_id, standard)).http).toBe(401);
    expect(Object.keys((await state(group_id))!.roles)).toHaveLength(3);
    expect(await invitations(group_id)).toMatchObject([{ status: "open" }]);
  });

  test("whoever is neither in the group nor invited is not found, for every role", async () => {
    const { group_id, stranger, ...all } = await groupOfEveryRole();
    const elsewhere = (await groupOfEveryRole()).standard;
    for (const as of [all.admin, all.moderator, all.standard]) {
      for (const target of [stranger, elsewhere, { id: 9e15 }]) {
        expect((await remove(as, group_id, target)).http).toBe(404);
      }
    }
    expect((await remove(all.admin, 9e15, all.standard)).http).toBe(404);
  });

  test("a wrong or missing id is named, both at once", async () => {
    const answer = await call("DELETE", "/group/members", { as: await person(), query: { group_id: "x" } });
    expect(answer.error!.issues!.map(({ path }) => path).sort()).toEqual(["group_id", "user_id"]);
  });

  test("on an invitee it withdraws: a moderator's and an admin's; the message that waits is called off", async () => {
    for (const by of ["moderator", "admin"] as const) {
      const { group_id, invited, ...all } = await groupOfEveryRole();
      expect((await remove(all.standard, group_id, invited)).http).toBe(403);
      expect(await invitations(group_id)).toMatchObject([{ status: "open" }]);
      expect(await remove(all[by], group_id, invited)).toMatchObject({ http: 200, data: null, roundTrips: 1 });
      expect(await invitations(group_id)).toEqual([
        { status: "withdrawn", delivery_status: "suppressed", last_error: "withdrawn", next_attempt_at: null },
      ]);
      const json = { group_id, status: "confirmed" };
      expect((await call("PATCH", "/group/members/status", { as: invited, json })).http).toBe(404);
      expect((await remove(all[by], group_id, invited)).http).toBe(404);
      const again = await call("POST", "/group/members", { as: all[by], json: { group_id, user_id: invited.id } });
      expect(again.http).toBe(200);
    }
  });

  test("an invitation whose message is in the queue sends none once it is withdrawn", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const [deps, ann] = [testDeps(), await person()];
    await call("POST", "/group/members", { as: admin, deps, json: { group_id, user_id: ann.id } });
    const [message] = taken(deps);
    expect((await remove(admin, group_id, ann)).http).toBe(200);
    expect(await receive(deps, [message])).toMatchObject([{ outcome: "ack" }]);
    expect(await inbox("email", ann.email)).toEqual([]);
  });

  test("withdraws also what was sent to the address before its person signed up", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const email = `${unique("late")}@torium.test`.toLowerCase();
    await call("POST", "/group/members", { as: admin, json: { group_id, email } });
    const late = await person({ email });
    expect((await remove(admin, group_id, late)).http).toBe(200);
    expect((await call("GET", "/groups/invitation/count", { as: late })).data).toEqual({ count: 0 });
  });

  test("the last admin cannot leave while others stay", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const before = await state(group_id);
    expect(await remove(admin, group_id, admin)).toMatchObject({ http: 409, error: { code: "conflict" } });
    expect(JSON.stringify(await state(group_id))).toBe(JSON.stringify(before));
  });

  test("the last member's leaving deletes the group, in one round trip, whatever hangs on it", async () => {
    const { group_id, admin, moderator, standard, invited } = await groupOfEveryRole();
    const { id } = await arrangedEvent(group_id, [admin]);
    await call("POST", "/event/comment", { as: admin, json: { event_id: id, comment: "Alone" } });
    for (const someone of [moderator, standard]) await remove(admin, group_id, someone);
    expect(await remove(admin, group_id, admin)).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await state(group_id)).toBeUndefined();
    expect(await query(sql`select from events where id = ${id}`)).toEqual([]);
    expect((await call("GET", "/groups/invitation/count", { as: invited })).data).toEqual({ count: 0 });
  });

  test("when the owner goes, by themselves or removed, the longest-serving admin succeeds", async () => {
    for (const removed of [false, true]) {
      const { group_id, admin, others, standard } = await doubledGroup();
      const veteran = await person();
      await join(group_id, veteran, "admin");
      await servedSince(group_id, others.admin, "2020-01-02T00:00:00Z");
      await servedSince(group_id, veteran, "2020-01-01T00:00:00Z");
      await servedSince(group_id, standard, "2010-01-01T00:00:00Z");
      expect((await remove(removed ? others.admin : admin, group_id, admin)).http).toBe(200);
      expect((await state(group_id))!.admin_id).toBe(veteran.id);
    }
  });

  test("whoever goes without owning the group leaves the owner as they are", async () => {
    const { group_id, admin, others } = await doubledGroup();
    await servedSince(group_id, others.admin, "2020-01-01T00:00:00Z");
    for (const someone of [others.admin, others.standard]) await remove(admin, group_id, someone);
    expect((await state(group_id))!.admin_id).toBe(admin.id);
  });

  test("participation ends at once, in this group alone, and the event is seen no more", async () => {
    const { group_id, admin, standard } = await groupOfEveryRole();
    const elsewhere = await groupOfEveryRole();
    await join(elsewhere.group_id, standard);
    const here = await arrangedEvent(group_id, [admin, standard]);
    const there = await arrangedEvent(elsewhere.group_id, [standard]);
    await remove(standard, group_id, standard);
    expect(await taking(here.id)).toEqual([{ user_id: admin.id }]);
    expect(await taking(there.id)).toEqual([{ user_id: standard.id }]);
    expect((await call("GET", "/event", { as: standard })).data).toMatchObject([{ id: there.id }]);
    const json = { event_id: here.id, comment: "Still here" };
    expect((await call("POST", "/event/comment", { as: standard, json })).http).toBe(404);
  });

  test("a leaver gets no reminder that was already queued, and the others get theirs", async () => {
    for (const removed of [false, true]) {
      const clock: Clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
      const deps = clockedDeps(clock);
      const [ann, ben] = [await person(), await person()];
      const group_id = await group(ann, ben);
      const event_id = await event(ann, { group_id, at: clock.ms + 10 * MINUTE }, deps);
      clock.ms += 9 * MINUTE;
      await tick(deps, clock.ms);
      await receive(deps, taken(deps));
      expect(deps.sent).toMatchObject([{ recipients: [{ user_id: ann.id }, { user_id: ben.id }] }]);
      expect((await remove(removed ? ann : ben, group_id, ben)).http).toBe(200);
      await drain(deps, clock);
      expect(await inbox("email", ann.email)).toHaveLength(1);
      expect(await inbox("email", ben.email)).toEqual([]);
      expect(await ledger(event_id)).toMatchObject([
        { user_id: ann.id, status: "sent" },
        { user_id: ben.id, status: "suppressed", last_error: "no_participant" },
      ]);
    }
  });
});
