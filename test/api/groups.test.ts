import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { groupOfEveryRole } from "../support/arranged.ts";
import { type Answer, call, person, query, unique } from "../support/index.ts";

describe("POST /groups", () => {
  test("makes a group whose first member and admin is the caller, in one round trip", async () => {
    const ann = await person();
    const made = await call("POST", "/groups", { as: ann, json: { name: " Choir ", description: "We sing" } });
    expect(made).toMatchObject({ http: 200, roundTrips: 1, data: { group_id: expect.any(Number) } });
    const { data } = await call("GET", "/groups", { as: ann });
    expect(data).toEqual([
      { group_id: made.data.group_id, name: "Choir", description: "We sing", admin_id: ann.id, status: "admin" },
    ]);
  });

  test("names every fault of its input at once", async () => {
    const refused = await call("POST", "/groups", {
      as: await person(),
      json: { name: "  ", description: "d".repeat(201) },
    });
    expect(refused).toMatchObject({ http: 400, error: { code: "invalid_input" } });
    expect(refused.error?.issues?.map(({ path }) => path)).toEqual(["name", "description"]);
  });

  test.each([
    ["a name of 50 characters outside the basic plane", { name: "🎵".repeat(50), description: "" }, 200],
    ["a name of 51 characters", { name: "n".repeat(51), description: "" }, 400],
    ["a description of 200 characters", { name: "n", description: "ą".repeat(200) }, 200],
    ["no description at all", { name: "n" }, 400],
    ["a number for a name", { name: 7, description: "" }, 400],
    ["a NUL in a name", { name: "a\u0000b", description: "" }, 400],
  ])("with %s", async (_, json, http) => {
    expect(await call("POST", "/groups", { as: await person(), json })).toMatchObject({ http });
  });

  test("takes the admin from the token, whatever the body says", async () => {
    const [ann, other] = [await person(), await person()];
    const json = { name: "Mine", description: "", admin_id: other.id, user_id: other.id };
    await call("POST", "/groups", { as: ann, json });
    expect((await call("GET", "/groups", { as: ann })).data).toMatchObject([{ admin_id: ann.id }]);
    expect((await call("GET", "/groups", { as: other })).data).toEqual([]);
  });

  test("is closed to a token that names nobody", async () => {
    const { http } = await call("POST", "/groups", { json: { name: "n", description: "" } });
    expect(http).toBe(401);
  });
});

describe("GET /groups", () => {
  test("shows each member the group with their own role, and nobody else", async () => {
    const { group_id, name, admin, ...others } = await groupOfEveryRole();
    const shown = { group_id, name, description: "About it", admin_id: admin.id };
    for (const [status, someone] of Object.entries({ admin, moderator: others.moderator, standard: others.standard })) {
      const answer = await call("GET", "/groups", { as: someone });
      expect(answer).toMatchObject({ http: 200, roundTrips: 1, page: { next_cursor: null } });
      expect(answer.data).toEqual([{ ...shown, status }]);
    }
    for (const someone of [others.invited, others.stranger]) {
      expect((await call("GET", "/groups", { as: someone })).data).toEqual([]);
    }
  });

  test("goes on page by page without a gap, and refuses a cursor that is none of its own", async () => {
    const ann = await person();
    await query(
      sql`with made as (insert into groups (name, description, admin_id) select ${unique("Group")}, '', ${ann.id}::bigint from generate_series(1, 5) returning id)
          insert into group_members (group_id, user_id, status) select id, ${ann.id}::bigint, 'admin' from made`,
    );
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const answer: Answer<{ group_id: number }[]> = await call("GET", "/groups", {
        as: ann,
        query: { limit: 2, ...(cursor && { cursor }) },
      });
      seen.push(...answer.data.map(({ group_id }) => group_id));
      cursor = answer.page!.next_cursor;
    } while (cursor);
    expect(seen).toHaveLength(5);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    expect(await call("GET", "/groups", { as: ann, query: { cursor: "bm9uZQ" } })).toMatchObject({
      http: 400,
      error: { issues: [{ path: "cursor" }] },
    });
    for (const limit of ["0", "1001", "x"]) {
      expect(await call("GET", "/groups", { as: ann, query: { limit } })).toMatchObject({ http: 400 });
    }
  });
});
