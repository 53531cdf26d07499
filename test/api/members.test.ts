import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { groupOfEveryRole, join } from "../support/arranged.ts";
import { accessToken, call, idToken, person, query, testDeps, unique } from "../support/index.ts";

const address = () => `${unique("nobody")}@torium.test`.toLowerCase();
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

describe("GET /group/members", () => {
  test("lists the others with name, address and role, in one round trip", async () => {
    const { group_id, admin, moderator, standard } = await groupOfEveryRole();
    const found = await call("GET", "/group/members", { as: admin, query: { group_id } });
    expect(found).toMatchObject({ http: 200, roundTrips: 1, page: { next_cursor: null } });
    expect(found.data).toEqual(
      [
        { user_id: moderator.id, username: moderator.username, email: moderator.email, status: "moderator" },
        { user_id: standard.id, username: standard.username, email: standard.email, status: "standard" },
      ].sort((a, b) => a.user_id - b.user_id),
    );
    const rest = await call("GET", "/group/members", { as: admin, query: { group_id, limit: 1 } });
    const last = await call("GET", "/group/members", {
      as: admin,
      query: { group_id, limit: 1, cursor: rest.page!.next_cursor },
    });
    expect([...rest.data, ...last.data]).toEqual(found.data);
    expect(last.page).toEqual({ next_cursor: null });
  });

  test("is open to every role, and hides the group from strangers, invitees and other admins", async () => {
    const { group_id, ...all } = await groupOfEveryRole();
    const elsewhere = await groupOfEveryRole();
    const allowed = { ...all, elsewhere: elsewhere.admin, absent: null };
    const expected = { admin: 200, moderator: 200, standard: 200, invited: 404, stranger: 404, elsewhere: 404 };
    for (const [who, http] of Object.entries(expected)) {
      const as = allowed[who as keyof typeof expected];
      expect([who, (await call("GET", "/group/members", { as, query: { group_id } })).http]).toEqual([who, http]);
    }
    expect((await call("GET", "/group/members", { query: { group_id } })).http).toBe(401);
    expect(await call("GET", "/group/members", { as: all.admin })).toMatchObject({
      http: 400,
      error: { issues: [{ path: "group_id" }] },
    });
  });
});

describe("POST /group/members", () => {
  test("invites by id and by address: one round trip, one message after the write", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const [ben, eve] = [await person(), await person()];
    const now = Date.now();
    const deps = () => testDeps({ now: () => now });
    const byId = await invite({ as: admin, deps: deps() }, { group_id, user_id: ben.id });
    const byEmail = await invite({ as: admin, deps: deps() }, { group_id, email: ` ${eve.email.toUpperCase()} ` });
    for (const [made, someone] of [
      [byId, ben],
      [byEmail, eve],
    ] as const) {
      expect(made).toMatchObject({ http: 200, roundTrips: 1 });
      expect(made.sent).toEqual([
        {
          type: "send-push-group-invitation",
          version: 1,
          group_invitation_logs_id: made.data.group_invitation_logs_id,
          group_id,
          timestamp: new Date(now).toISOString(),
          user_id: someone.id,
          delaySeconds: 0,
        },
      ]);
    }
    const [row] = await query<{ due: boolean }>(
      sql`select next_attempt_at = ${new Date(now + 60_000).toISOString()}::timestamptz as due from group_invitation_logs where id = ${byId.data.group_invitation_logs_id}`,
    );
    expect(row).toEqual({ due: true });
  });

  test("is a moderator's and an admin's; hidden from strangers, invitees and admins elsewhere", async () => {
    const { group_id, ...all } = await groupOfEveryRole();
    const elsewhere = (await groupOfEveryRole()).admin;
    const expected = { admin: 200, moderator: 200, standard: 403, invited: 404, stranger: 404, elsewhere: 404 };
    for (const [who, http] of Object.entries(expected)) {
      const as = { ...all, elsewhere }[who as keyof typeof expected];
      const made = await invite({ as }, { group_id, user_id: (await person()).id });
      expect([who, made.http, made.sent.length]).toEqual([who, http, http === 200 ? 1 : 0]);
    }
    expect((await invite({}, { group_id, user_id: 1 })).http).toBe(401);
    expect((await invite({ as: all.admin }, { group_id: 9e15, user_id: all.stranger.id })).http).toBe(404);
  });

  test("an unknown id is not found, also for who may not invite; an unconfirmed person is unknown", async () => {
    const { group_id, admin, standard } = await groupOfEveryRole();
    const hidden = await person();
    await query(sql`update users set confirmed_at = null where id = ${hidden.id}`);
    for (const as of [admin, standard]) {
      for (const user_id of [hidden.id, 9e15]) {
        expect(await invite({ as }, { group_id, user_id })).toMatchObject({ http: 404, error: { code: "not_found" } });
      }
    }
    const made = await invite({ as: admin }, { group_id, email: hidden.email });
    expect(made.http).toBe(200);
    expect((await rows(group_id)).at(-1)).toMatchObject({ user_id: null, email: hidden.email });
  });

  test("a member, oneself, someone invited or an address invited is a conflict, in whichever way they are named", async () => {
    const { group_id, admin, standard, invited } = await groupOfEveryRole();
    const email = address();
    expect((await invite({ as: admin }, { group_id, email })).http).toBe(200);
    for (const someone of [admin, standard, invited]) {
      expect(await invite({ as: admin }, { group_id, user_id: someone.id })).toMatchObject({ http: 409, sent: [] });
      expect(await invite({ as: admin }, { group_id, email: someone.email })).toMatchObject({ http: 409, sent: [] });
    }
    expect((await invite({ as: admin }, { group_id, email: email.toUpperCase() })).http).toBe(409);
    // The same person, who has signed up in between without their row being found yet.
    const grown = await person({ email });
    expect((await invite({ as: admin }, { group_id, user_id: grown.id })).http).toBe(409);
  });

  test.each([
    ["neither", {}],
    ["both", { user_id: 1, email: "a@torium.test" }],
    ["a text for an id", { user_id: "x" }],
    ["no address", { email: "ann" }],
  ])("needs exactly one of user_id and email: %s", async (_, named) => {
    const refused = await invite({ as: await person() }, { group_id: "x", ...named });
    expect(refused.http).toBe(400);
    expect(refused.error?.issues?.map(({ path }) => path)).toContain("group_id");
    expect(refused.error?.issues?.some(({ path }) => path === "user_id" || path === "email")).toBe(true);
  });

  test("an invitation to an address without an account waits for whoever signs up with it", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const email = address();
    const made = await invite({ as: admin }, { group_id, email });
    expect(made.sent).toMatchObject([{ user_id: null, email }]);
    expect((await rows(group_id)).at(-1)).toMatchObject({ user_id: null, email, status: "open" });
    const sub = crypto.randomUUID();
    const as = await idToken(sub, email);
    expect((await call("GET", "/groups/invitation", { as })).data).toMatchObject([{ group_id }]);
    const accepted = await call("PATCH", "/group/members/status", {
      as: await accessToken(sub),
      json: { group_id, status: "confirmed" },
    });
    expect(accepted.http).toBe(200);
    expect((await call("GET", "/groups", { as })).data).toMatchObject([{ group_id, status: "standard" }]);
  });

  test("at most so many unknown addresses a day by one person, in all their groups; known people are not counted", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const other = await call("POST", "/groups", { as: admin, json: { name: "Other", description: "" } });
    const now = Date.now();
    const settings = { LIMIT_UNKNOWN_INVITATIONS_A_DAY: 2 };
    const at = (ms: number) => testDeps({ settings, now: () => ms });
    await invite({ as: admin, deps: at(now) }, { group_id, email: address() });
    await invite({ as: admin, deps: at(now + 60_000) }, { group_id: other.data.group_id, email: address() });
    const over = await invite({ as: admin, deps: at(now + 3_600_000) }, { group_id, email: address() });
    expect(over).toMatchObject({ http: 429, error: { code: "rate_limited" }, sent: [] });
    expect(over.headers.get("retry-after")).toBe(String(23 * 3600));
    const known = await invite({ as: admin, deps: at(now + 3_600_000) }, { group_id, user_id: (await person()).id });
    expect(known.http).toBe(200);
    const nextDay = await invite({ as: admin, deps: at(now + 86_400_000) }, { group_id, email: address() });
    expect(nextDay.http).toBe(200);
  });

  test("several at once, in several groups, never pass the daily limit", async () => {
    const admin = await person();
    const groups = await Promise.all(
      Array.from({ length: 10 }, () => call("POST", "/groups", { as: admin, json: { name: "Many", description: "" } })),
    );
    const settings = { LIMIT_UNKNOWN_INVITATIONS_A_DAY: 3 };
    const made = await Promise.all(
      groups.map(({ data: { group_id } }) =>
        invite({ as: admin, deps: testDeps({ settings }) }, { group_id, email: address() }),
      ),
    );
    expect(made.map(({ http }) => http).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
  });

  test("one person or address that two moderators invite at once is invited once", async () => {
    const { group_id, admin, moderator } = await groupOfEveryRole();
    for (let round = 0; round < 10; round++) {
      const known = await person();
      const email = address();
      for (const [one, other] of [
        [{ user_id: known.id }, { email: known.email }],
        [{ email }, { email }],
      ]) {
        const both = await Promise.all([
          invite({ as: admin }, { group_id, ...one }),
          invite({ as: moderator }, { group_id, ...other }),
        ]);
        expect(both.map(({ http }) => http).sort()).toEqual([200, 409]);
      }
    }
  });

  test("succeeds where the queue is away: the sweep sends it", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const deps = testDeps();
    const away = { sendBatch: () => Promise.reject(new Error("away")) } as unknown as Queue;
    deps.bindings = { ...deps.bindings, SEND_PUSH_GROUP_INVITATION: away };
    expect((await invite({ as: admin, deps }, { group_id, user_id: (await person()).id })).http).toBe(200);
  });
});

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
