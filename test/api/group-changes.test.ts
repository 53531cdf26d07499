import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { transact } from "../../src/clients/neon.ts";
import { arrangedEvent, groupOfEveryRole, join } from "../support/arranged.ts";
import { call, inbox, type Person, person, query, testDeps } from "../support/index.ts";
import { type Clock, clockedDeps, drain, event, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

const put = (as: Person | undefined, json: object) => call("PUT", "/groups", { ...(as && { as }), json });
const remove = (as: Person | undefined, id: unknown) => call("DELETE", "/groups", { ...(as && { as }), query: { id } });
const standing = async (group_id: number) => {
  const [row] = await query<{ name: string; description: string; admin_id: number }>(
    sql`select name, description, admin_id from groups where id = ${group_id}`,
  );
  return row;
};
const roles = async (group_id: number): Promise<Record<number, string>> => {
  const found = await query<{ user_id: number; status: string }>(
    sql`select user_id, status from group_members where group_id = ${group_id}`,
  );
  return Object.fromEntries(found.map(({ user_id, status }) => [user_id, status]));
};
const since = async (group_id: number, { id }: Person) => {
  const [row] = await query<{ status_since: string }>(
    sql`select status_since::text from group_members where group_id = ${group_id} and user_id = ${id}`,
  );
  return row!.status_since;
};

describe("PUT /groups", () => {
  test("names and describes the group anew, in one round trip; the owner stays", async () => {
    const { group_id, admin, moderator } = await groupOfEveryRole();
    for (const [as, name] of [
      [moderator, "By the moderator"],
      [admin, "By the admin"],
    ] as const) {
      const changed = await put(as, { id: group_id, name: ` ${name} `, description: "" });
      expect(changed).toMatchObject({ http: 200, data: null, roundTrips: 1 });
      expect(await standing(group_id)).toEqual({ name, description: "", admin_id: admin.id });
    }
  });

  test("is a moderator's and an admin's; hidden from strangers, invitees and admins elsewhere", async () => {
    const { group_id, name, ...all } = await groupOfEveryRole();
    const elsewhere = (await groupOfEveryRole()).admin;
    const before = await standing(group_id);
    const refused = { standard: 403, invited: 404, stranger: 404, elsewhere: 404 };
    for (const [who, http] of Object.entries(refused)) {
      const as = { ...all, elsewhere }[who as keyof typeof refused];
      for (const more of [{}, { admin_id: as.id }, { admin_id: all.admin.id }]) {
        const answer = await put(as, { id: group_id, name: "Taken over", description: "", ...more });
        const strangeOwner = who === "standard" ? 403 : 404;
        expect([who, answer.http]).toEqual([who, http === 403 ? strangeOwner : http]);
      }
    }
    expect((await put(undefined, { id: group_id, name: "n", description: "" })).http).toBe(401);
    expect((await put(all.admin, { id: 9e15, name: "n", description: "" })).http).toBe(404);
    expect(await standing(group_id)).toEqual(before);
  });

  test("an admin hands it to a member, who becomes admin; the earlier owner stays admin", async () => {
    const { group_id, admin, standard } = await groupOfEveryRole();
    const changed = await put(admin, { id: group_id, name: "n", description: "d", admin_id: standard.id });
    expect(changed).toMatchObject({ http: 200, roundTrips: 1 });
    expect(await standing(group_id)).toEqual({ name: "n", description: "d", admin_id: standard.id });
    expect(await roles(group_id)).toMatchObject({ [admin.id]: "admin", [standard.id]: "admin" });
  });

  test("an admin who becomes owner has served as long as before", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const second = await person();
    await join(group_id, second, "admin");
    const before = await since(group_id, second);
    expect((await put(admin, { id: group_id, name: "n", description: "", admin_id: second.id })).http).toBe(200);
    expect(await since(group_id, second)).toBe(before);
    expect((await standing(group_id))!.admin_id).toBe(second.id);
  });

  test("a moderator names no owner, not even the present one; and then nothing else changes", async () => {
    const { group_id, admin, moderator } = await groupOfEveryRole();
    const before = await standing(group_id);
    for (const { id } of [moderator, admin]) {
      const answer = await put(moderator, { id: group_id, name: "x", description: "", admin_id: id });
      expect(answer).toMatchObject({ http: 403, error: { code: "forbidden" } });
    }
    expect(await standing(group_id)).toEqual(before);
  });

  test("an owner from outside the group is refused at admin_id, and nothing else changes", async () => {
    const { group_id, ...all } = await groupOfEveryRole();
    const before = await standing(group_id);
    for (const admin_id of [all.stranger.id, all.invited.id, 9e15]) {
      for (const as of [all.admin, all.moderator, all.standard]) {
        const answer = await put(as, { id: group_id, name: "x", description: "", admin_id });
        expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "admin_id" }] } });
      }
    }
    expect(await standing(group_id)).toEqual(before);
  });

  test("every fault of its input is named at once", async () => {
    const answer = await put(await person(), { id: "x", name: " ", description: "d".repeat(201), admin_id: null });
    expect(answer.http).toBe(400);
    expect(answer.error!.issues!.map(({ path }) => path).sort()).toEqual(["admin_id", "description", "id", "name"]);
    const empty = await put(await person(), {});
    expect(empty.error!.issues!.map(({ path }) => path).sort()).toEqual(["description", "id", "name"]);
  });

  test("two admins who hand it to two people at once leave it with one of them, and both admins", async () => {
    for (let round = 0; round < 6; round++) {
      const { group_id, admin, moderator, standard } = await groupOfEveryRole();
      const second = await person();
      await join(group_id, second, "admin");
      const answers = await Promise.all([
        put(admin, { id: group_id, name: "one", description: "", admin_id: moderator.id }),
        put(second, { id: group_id, name: "two", description: "", admin_id: standard.id }),
      ]);
      expect(answers.map(({ http }) => http)).toEqual([200, 200]);
      const owner = { one: moderator.id, two: standard.id };
      const { name, admin_id } = (await standing(group_id))!;
      expect(admin_id).toBe(owner[name as keyof typeof owner]);
      expect(await roles(group_id)).toMatchObject({ [moderator.id]: "admin", [standard.id]: "admin" });
    }
  });

  test("handed to somebody who leaves at once, the group has an owner who is in it", async () => {
    for (let round = 0; round < 8; round++) {
      const { group_id, admin, standard } = await groupOfEveryRole();
      const [handed, left] = await Promise.all([
        put(admin, { id: group_id, name: "n", description: "", admin_id: standard.id }),
        call("DELETE", "/group/members", { as: standard, query: { group_id, user_id: standard.id } }),
      ]);
      expect([200, 400]).toContain(handed!.http);
      expect(left!.http).toBe(200);
      expect((await standing(group_id))!.admin_id).toBe(admin.id);
      expect(await roles(group_id)).not.toHaveProperty(String(standard.id));
    }
  });
});

describe("DELETE /groups", () => {
  test("is an admin's, in one round trip; hidden from strangers, invitees and admins elsewhere", async () => {
    const { group_id, ...all } = await groupOfEveryRole();
    const elsewhere = (await groupOfEveryRole()).admin;
    const refused = { moderator: 403, standard: 403, invited: 404, stranger: 404, elsewhere: 404 };
    for (const [who, http] of Object.entries(refused)) {
      expect([who, (await remove({ ...all, elsewhere }[who as keyof typeof refused], group_id)).http]).toEqual([
        who,
        http,
      ]);
    }
    expect((await remove(undefined, group_id)).http).toBe(401);
    expect(await remove(all.admin, "x")).toMatchObject({ http: 400, error: { issues: [{ path: "id" }] } });
    expect(await standing(group_id)).toBeDefined();
    expect(await remove(all.admin, group_id)).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await standing(group_id)).toBeUndefined();
    expect((await remove(all.admin, group_id)).http).toBe(404);
  });

  test("an admin who does not own it deletes it too", async () => {
    const { group_id } = await groupOfEveryRole();
    const second = await person();
    await join(group_id, second, "admin");
    expect((await remove(second, group_id)).http).toBe(200);
  });

  test("works whatever hangs on it, and leaves other groups alone", async () => {
    const { group_id, admin, moderator, standard, invited } = await groupOfEveryRole();
    const other = await groupOfEveryRole();
    const kept = await arrangedEvent(other.group_id, [other.admin]);
    const { id } = await arrangedEvent(group_id, [admin, moderator, standard]);
    await call("POST", "/event/comment", { as: standard, json: { event_id: id, comment: "Soon" } });
    await query(sql`insert into event_leads (event_id, lead, next_due_at) values (${id}, '0', now())`);
    await query(sql`insert into event_exceptions (event_id, event_timestamp) values (${id}, '2050-01-02 12:00')`);
    await call("POST", "/group/members", { as: admin, json: { group_id, email: `late-${group_id}@torium.test` } });
    expect((await remove(admin, group_id)).http).toBe(200);
    expect(await query(sql`select from events where id = ${id}`)).toEqual([]);
    expect(await query(sql`select from group_invitation_logs where group_id = ${group_id}`)).toEqual([]);
    expect((await call("GET", "/groups/invitation/count", { as: invited })).data).toEqual({ count: 0 });
    expect((await call("GET", "/event/comment", { as: standard, query: { event_id: id } })).http).toBe(404);
    expect((await call("GET", "/event", { as: other.admin })).data).toMatchObject([{ id: kept.id }]);
  });

  test("stops its reminders: what is in flight is suppressed, what is planned is never claimed, and the ledger stays", async () => {
    const clock: Clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
    const deps = clockedDeps(clock);
    const { group_id, admin, standard } = await groupOfEveryRole();
    const inFlight = await event(admin, { group_id, at: clock.ms + 10 * MINUTE }, deps);
    const claimed = await event(admin, { group_id, at: clock.ms + 12 * MINUTE }, deps);
    const planned = await event(admin, { group_id, at: clock.ms + 60 * MINUTE }, deps);
    clock.ms += 9 * MINUTE;
    await tick(deps, clock.ms);
    await receive(deps, taken(deps));
    expect(deps.sent).toMatchObject([{ type: "send-email" }]);
    const messages = taken(deps);
    clock.ms += MINUTE / 2;
    await tick(deps, clock.ms);
    deps.sent.push(...messages);

    expect((await remove(admin, group_id)).http).toBe(200);
    await drain(deps, clock);
    for (let minute = 0; minute < 60; minute += 15) {
      clock.ms += 15 * MINUTE;
      await tick(deps, clock.ms);
      await drain(deps, clock);
    }
    for (const { email } of [admin, standard]) expect(await inbox("email", email)).toEqual([]);
    expect(new Set((await ledger(inFlight)).map(({ status, last_error }) => `${status} ${last_error}`))).toEqual(
      new Set(["suppressed event_deleted"]),
    );
    for (const row of await ledger(claimed))
      expect(row).toMatchObject({ reminder_status: "suppressed", channel: null });
    expect(await ledger(planned)).toEqual([]);
  });

  test("a deletion that meets a tick at the group's reminders waits for it, and both go through", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const { id } = await arrangedEvent(group_id, [admin]);
    await query(
      sql`insert into event_leads (event_id, lead, next_due_at) values (${id}, '0', now()), (${id}, '5', now())`,
    );
    // Takes reminders and then their event, as a tick does, and between the two lets the deletion run into them.
    const tick = transact(
      testDeps().db,
      sql`select id from event_leads where event_id = ${id} order by id for update`,
      sql`do $$ begin
            for n in 1..1000000 loop
              if exists (select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()) then return; end if;
              perform pg_stat_clear_snapshot();
            end loop;
            raise 'nobody came';
          end $$`,
      sql`update events set upcoming = '[]' where id = ${id} returning id`,
    );
    const skipping = sql`select id from event_leads where event_id = ${id} for update skip locked`;
    while ((await query(skipping)).length > 0);
    const [claimed, gone] = await Promise.all([tick, remove(admin, group_id)]);
    expect([claimed, gone.http]).toEqual([[{ id }], 200]);
    expect(await standing(group_id)).toBeUndefined();
  });

  test("while people comment, plan, answer, leave and invite, it goes and nobody meets an error of ours", async () => {
    for (let round = 0; round < 6; round++) {
      const { group_id, admin, moderator, standard, invited } = await groupOfEveryRole();
      const { id } = await arrangedEvent(group_id, [admin, moderator, standard]);
      const plan = { group_id, name: "New", description: "", event_timestamp: "2050-01-01 12:00:00", is_budget: false };
      const answers = await Promise.all([
        call("POST", "/event/comment", { as: standard, json: { event_id: id, comment: "Wait" } }),
        call("POST", "/event", { as: moderator, json: { ...plan, reminder: "once", schedule_period: "1 day" } }),
        remove(admin, group_id),
        call("PATCH", "/group/members/status", { as: invited, json: { group_id, status: "confirmed" } }),
        call("DELETE", "/group/members", { as: standard, query: { group_id, user_id: standard.id } }),
        call("POST", "/group/members", { as: moderator, json: { group_id, user_id: (await person()).id } }),
      ]);
      expect(answers[2].http).toBe(200);
      for (const { http } of answers) expect([200, 403, 404, 409]).toContain(http);
      expect(await standing(group_id)).toBeUndefined();
      expect(await query(sql`select from events where group_id = ${group_id}`)).toEqual([]);
    }
  });

  test("two admins who delete it at once: one did, the other finds nothing", async () => {
    for (let round = 0; round < 6; round++) {
      const { group_id, admin } = await groupOfEveryRole();
      const second = await person();
      await join(group_id, second, "admin");
      const answers = await Promise.all([remove(admin, group_id), remove(second, group_id)]);
      expect(answers.map(({ http }) => http).sort()).toEqual([200, 404]);
    }
  });
});
