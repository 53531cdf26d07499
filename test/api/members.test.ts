import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { accessToken, call, idToken, person, query, testDeps, unique } from "../support/index.ts";

const address = () => `${unique("nobody")}@torium.test`.toLowerCase();
const invite = (as: Parameters<typeof call>[2] & object, json: object) =>
  call("POST", "/group/members", { ...as, json });
const rows = (group_id: number) =>
  query<{ id: number; user_id: number | null; email: string | null; status: string }>(
    sql`select id, user_id, email, status from group_invitation_logs where group_id = ${group_id} order by id`,
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
