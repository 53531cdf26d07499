import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import type { Settings } from "../../src/env.ts";
import { arrangedEvent, groupOfEveryRole } from "../support/arranged.ts";
import { call, type Person, person, query, testDeps, unique } from "../support/index.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse("2026-05-01T10:00:00.000Z");

const address = () => `${unique("nobody")}@torium.test`.toLowerCase();
const codes = (answers: { http: number }[]) => answers.map(({ http }) => http).sort();
const retryAfter = ({ headers }: { headers: Headers }) => headers.get("retry-after");
const limited = { http: 429, error: { code: "rate_limited" }, data: null, sent: [] };
/** The uses that the database keeps, in ms. */
const kept = async ({ id }: Person, kind: string) => {
  const [found] = await query<{ ms: number[] }>(
    sql`select array(select extract(epoch from t)::float8 * 1000 from unnest(used_at) t) as ms from usage where user_id = ${id} and kind = ${kind}::usage_kind`,
  );
  return found?.ms;
};

describe("comments by one person within a minute", () => {
  async function discussed(limit: number) {
    const group = await groupOfEveryRole();
    const event = await arrangedEvent(group.group_id, [group.admin, group.standard]);
    const say = (as: Person, now = START, event_id = event.id) =>
      call("POST", "/event/comment", {
        as,
        json: { event_id, comment: "Hello" },
        deps: testDeps({ now: () => now, settings: { LIMIT_COMMENTS_A_MINUTE: limit } }),
      });
    return { ...group, event_id: event.id, say };
  }

  test("one more is refused until the first of them is a minute old, whichever event they are on, and nobody else is", async () => {
    const { say, admin, standard, group_id } = await discussed(2);
    const other = await arrangedEvent(group_id, [admin]);
    expect((await say(admin, START)).http).toBe(200);
    expect(await say(admin, START + 20_000, other.id)).toMatchObject({ http: 200, roundTrips: 1 });
    const over = await say(admin, START + 30_500);
    expect(over).toMatchObject(limited);
    expect(retryAfter(over)).toBe("30");
    expect((await say(standard, START + 30_500)).http).toBe(200);
    expect((await say(admin, START + 59_999)).http).toBe(429);
    expect((await say(admin, START + 60_000)).http).toBe(200);
    const next = await say(admin, START + 60_000);
    expect([next.http, retryAfter(next)]).toEqual([429, "20"]);
  });

  test("many at once never pass it, and each that was written has its push", async () => {
    const { say, admin, event_id } = await discussed(5);
    const answers = await Promise.all(Array.from({ length: 40 }, () => say(admin)));
    expect(codes(answers)).toEqual([...Array(5).fill(200), ...Array(35).fill(429)]);
    for (const { http, sent } of answers) expect(sent).toHaveLength(http === 200 ? 1 : 0);
    expect(await query(sql`select from events_comments where event_id = ${event_id}`)).toHaveLength(5);
    expect(await kept(admin, "comment")).toHaveLength(5);
  });

  test("404 and 403 come before it, and what is refused is not counted", async () => {
    const { say, admin, moderator, stranger, standard, group_id, event_id } = await discussed(1);
    for (const [who, http] of [
      [moderator, 403],
      [stranger, 404],
    ] as const) {
      for (let time = 0; time < 3; time++) expect((await say(who)).http).toBe(http);
      expect(await kept(who, "comment")).toBeUndefined();
    }
    await say(admin);
    expect((await say(admin, START, 9e15)).http).toBe(404);
    await say(standard);
    await query(sql`delete from events_users where event_id = ${event_id} and user_id = ${standard.id}`);
    expect((await say(standard)).http).toBe(403);
    await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${standard.id}`);
    expect((await say(standard)).http).toBe(404);
    for (let time = 0; time < 3; time++) await say(admin, START + 1000);
    expect(await kept(admin, "comment")).toEqual([START]);
  });

  test("deleting them gives nothing back; changing one is none", async () => {
    const { say, admin } = await discussed(1);
    const { data } = await say(admin);
    const id = data.events_comments_id;
    expect((await call("PUT", "/event/comment", { as: admin, json: { id, comment: "Hi" } })).http).toBe(200);
    expect((await call("DELETE", "/event/comment", { as: admin, query: { id } })).http).toBe(200);
    expect((await say(admin)).http).toBe(429);
    expect(await kept(admin, "comment")).toHaveLength(1);
  });

  test("uses that are older than the window are kept no longer", async () => {
    const { say, admin } = await discussed(3);
    for (const at of [0, 10_000, 20_000, 70_000]) expect((await say(admin, START + at)).http).toBe(200);
    expect(await kept(admin, "comment")).toEqual([START + 20_000, START + 70_000]);
  });

  test("the app hears the limit in its dialect, with the same Retry-After", async () => {
    const { say, admin, event_id } = await discussed(1);
    await say(admin);
    const over = await call("POST", "/event/comment", {
      as: admin,
      headers: { "trm-event-id": String(event_id), "trm-comment": "Hello" },
      deps: testDeps({ now: () => START, settings: { LIMIT_COMMENTS_A_MINUTE: 1 } }),
    });
    expect(over).toMatchObject({ http: 200, status: { code: 429 } });
    expect(retryAfter(over)).toBe("60");
  });
});

describe("invitations by one person within 24 hours", () => {
  const invite = (as: Person, json: object, settings: Partial<Settings>, now = START) =>
    call("POST", "/group/members", { as, json, deps: testDeps({ now: () => now, settings }) });

  test("known and unknown count together; the longer wait is told", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const limits = { LIMIT_INVITATIONS_A_DAY: 3, LIMIT_UNKNOWN_INVITATIONS_A_DAY: 1 };
    const known = async (now: number) => invite(admin, { group_id, user_id: (await person()).id }, limits, now);
    const unknown = (now: number) => invite(admin, { group_id, email: address() }, limits, now);
    expect((await known(START)).http).toBe(200);
    expect(await unknown(START + HOUR)).toMatchObject({ http: 200, roundTrips: 1 });
    const second = await unknown(START + 2 * HOUR);
    expect(second).toMatchObject(limited);
    expect(retryAfter(second)).toBe(String(23 * 3600));
    expect(await known(START + 3 * HOUR)).toMatchObject({ http: 200, roundTrips: 1 });
    const fourth = await known(START + 4 * HOUR);
    expect(fourth).toMatchObject(limited);
    expect(retryAfter(fourth)).toBe(String(20 * 3600));
    expect(retryAfter(await unknown(START + 4 * HOUR))).toBe(String(21 * 3600));
    expect((await known(START + DAY)).http).toBe(200);
    expect((await unknown(START + DAY + HOUR)).http).toBe(200);
  });

  test("many at once, in several groups, never pass it", async () => {
    const admin = await person();
    const groups = await Promise.all(
      [1, 2, 3, 4].map(() => call("POST", "/groups", { as: admin, json: { name: "Many", description: "" } })),
    );
    const people = await Promise.all(Array.from({ length: 24 }, () => person()));
    const answers = await Promise.all(
      people.map(({ id }, n) =>
        invite(admin, { group_id: groups[n % 4]!.data.group_id, user_id: id }, { LIMIT_INVITATIONS_A_DAY: 5 }),
      ),
    );
    expect(codes(answers)).toEqual([...Array(5).fill(200), ...Array(19).fill(429)]);
    expect(await kept(admin, "invitation")).toHaveLength(5);
    expect(await kept(admin, "unknown_invitation")).toBeUndefined();
  });

  test("404, 403 and 409 come before it, and what is refused is not counted", async () => {
    const { group_id, admin, standard, stranger, invited } = await groupOfEveryRole();
    const limits = { LIMIT_INVITATIONS_A_DAY: 1, LIMIT_UNKNOWN_INVITATIONS_A_DAY: 1 };
    const email = address();
    const refused = async () => [
      (await invite(admin, { group_id, user_id: 9e15 }, limits)).http,
      (await invite(stranger, { group_id, email: address() }, limits)).http,
      (await invite(standard, { group_id, email: address() }, limits)).http,
      (await invite(admin, { group_id, user_id: standard.id }, limits)).http,
      (await invite(admin, { group_id, email: invited.email }, limits)).http,
    ];
    expect(await refused()).toEqual([404, 404, 403, 409, 409]);
    for (const who of [admin, standard, stranger]) expect(await kept(who, "invitation")).toBeUndefined();
    expect((await invite(admin, { group_id, email }, limits)).http).toBe(200);
    expect(await refused()).toEqual([404, 404, 403, 409, 409]);
    expect((await invite(admin, { group_id, email }, limits)).http).toBe(409);
    expect((await invite(admin, { group_id, email: address() }, limits)).http).toBe(429);
    expect(await kept(admin, "invitation")).toEqual([START]);
    expect(await kept(admin, "unknown_invitation")).toEqual([START]);
  });

  test("deleting the group or withdrawing the invitation gives nothing back", async () => {
    const { group_id, admin } = await groupOfEveryRole();
    const other = await call("POST", "/groups", { as: admin, json: { name: "Other", description: "" } });
    const limits = { LIMIT_UNKNOWN_INVITATIONS_A_DAY: 2, LIMIT_INVITATIONS_A_DAY: 3 };
    for (let time = 0; time < 2; time++) {
      expect((await invite(admin, { group_id, email: address() }, limits)).http).toBe(200);
    }
    expect((await call("DELETE", "/groups", { as: admin, query: { id: group_id } })).http).toBe(200);
    const elsewhere = { group_id: other.data.group_id };
    expect((await invite(admin, { ...elsewhere, email: address() }, limits)).http).toBe(429);
    const { id: user_id } = await person();
    expect((await invite(admin, { ...elsewhere, user_id }, limits)).http).toBe(200);
    await call("DELETE", "/group/members", { as: admin, query: { ...elsewhere, user_id } });
    expect((await invite(admin, { ...elsewhere, user_id }, limits)).http).toBe(429);
  });
});

describe("exports by one person within 24 hours", () => {
  const take = (as: Person, now = START, limit = 2) =>
    call("GET", "/users/export", {
      as,
      deps: testDeps({ now: () => now, settings: { LIMIT_EXPORTS_A_DAY: limit } }),
    });

  test("one more is refused until the first of them is a day old, and nobody else is", async () => {
    const [someone, other] = [await person(), await person()];
    expect((await take(someone)).http).toBe(200);
    expect(await take(someone, START + HOUR)).toMatchObject({ http: 200, roundTrips: 1 });
    const over = await take(someone, START + 2 * HOUR + 500);
    expect(over).toMatchObject({ ...limited, roundTrips: 1 });
    expect(retryAfter(over)).toBe(String(22 * 3600));
    expect((await take(other, START + 2 * HOUR)).http).toBe(200);
    expect((await take(someone, START + DAY - 1)).http).toBe(429);
    expect(await take(someone, START + DAY)).toMatchObject({ http: 200, data: { profile: { user_id: someone.id } } });
    const next = await take(someone, START + DAY);
    expect([next.http, retryAfter(next)]).toEqual([429, "3600"]);
    expect(await kept(someone, "export")).toEqual([START + HOUR, START + DAY]);
  });

  test("many at once never pass it, and what is refused is not counted", async () => {
    const someone = await person();
    const answers = await Promise.all(Array.from({ length: 12 }, () => take(someone, START, 5)));
    expect(codes(answers)).toEqual([...Array(5).fill(200), ...Array(7).fill(429)]);
    expect(await kept(someone, "export")).toHaveLength(5);
  });

  test("the app hears it in its dialect, with the same Retry-After", async () => {
    const someone = await person();
    await take(someone, START, 1);
    const over = await call("GET", "/users/export", {
      as: someone,
      headers: { "trm-user-id": String(someone.id) },
      deps: testDeps({ now: () => START, settings: { LIMIT_EXPORTS_A_DAY: 1 } }),
    });
    expect(over).toMatchObject({ http: 200, status: { code: 429 } });
    expect(retryAfter(over)).toBe("86400");
  });
});
