import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { arrangedEvent, groupOfEveryRole, join, type Role } from "../support/arranged.ts";
import { call, inbox, type Person, person, query, testDeps, unique } from "../support/index.ts";
import { type Clock, clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

const remove = (as: Person | undefined, group_id: number, { id }: { id: number }) =>
  call("DELETE", "/group/members", { ...(as && { as }), query: { group_id, user_id: id } });
const promote = (as: Person | undefined, group_id: number, { id }: { id: number }, status: string) =>
  call("PATCH", "/group/members/role", { ...(as && { as }), json: { group_id, user_id: id, status } });

/** The group's owner and the role of each of its people; nothing where it is gone. */
async function state(group_id: number) {
  const [found] = await query<{ admin_id: number; roles: Record<string, Role> }>(
    sql`select g.admin_id, (select coalesce(json_object_agg(m.user_id, m.status), '{}') from group_members m where m.group_id = g.id) as roles
        from groups g where g.id = ${group_id}`,
  );
  return found && { ...found, of: ({ id }: Person): Role | undefined => found.roles[id] };
}
const servedSince = (group_id: number, { id }: Person, at: string) =>
  query(
    sql`update group_members set status_since = ${at}::timestamptz where group_id = ${group_id} and user_id = ${id}`,
  );
const invitations = (group_id: number) =>
  query<{ status: string; delivery_status: string; last_error: string | null; next_attempt_at: string | null }>(
    sql`select status, delivery_status, last_error, next_attempt_at from group_invitation_logs where group_id = ${group_id} order by id`,
  );
const taking = (event_id: number) =>
  query<{ user_id: number }>(sql`select user_id from events_users where event_id = ${event_id} order by user_id`);
/** A group with one more person of each role. */
async function doubledGroup() {
  const made = await groupOfEveryRole();
  const others = { admin: await person(), moderator: await person(), standard: await person() };
  for (const role of ["admin", "moderator", "standard"] as const) await join(made.group_id, others[role], role);
  return { ...made, others };
}

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
