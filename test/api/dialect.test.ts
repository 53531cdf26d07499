import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { speakDialect } from "../../src/api/dialect.ts";
import { call, type Person, person, query, testDeps } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

type Sent = { headers?: Record<string, string>; json?: unknown; body?: BodyInit };
/** What reaches the plain API of a request in the dialect. */
async function plainOf(method: string, path: string, { headers, json, body }: Sent = {}): Promise<Request> {
  const handed: Request[] = [];
  const sent = json === undefined ? body : JSON.stringify(json);
  const request = new Request(`https://api.torium.test${path}`, {
    method,
    headers: { "trm-screen": "1", ...headers },
    ...(sent !== undefined && { body: sent }),
  });
  await speakDialect(
    request,
    async (plain) => Response.json(handed.push(plain)),
    "request-id",
    () => {},
  );
  return handed[0]!;
}

/** The fields that its query or body holds. */
async function fieldsOf(...of: Parameters<typeof plainOf>): Promise<object> {
  const plain = await plainOf(...of);
  const inQuery = plain.method === "GET" || plain.method === "DELETE";
  const held = inQuery ? Object.fromEntries(new URL(plain.url).searchParams) : await plain.json<object>();
  const { screen: _, ...fields } = held as Record<string, unknown>;
  return fields;
}

const app = (method: string, path: string, as: Person | undefined, { headers, json, body }: Sent = {}) =>
  call(method, path, { ...(as && { as }), headers: { "trm-user-id": "1", ...headers }, json, ...(body && { body }) });

describe("what the app sends", () => {
  test("without a trm- header a request is handed on as it is", async () => {
    const request = new Request("https://api.torium.test/event?id=1");
    const handed: Request[] = [];
    await speakDialect(
      request,
      async (plain) => Response.json(handed.push(plain)),
      "id",
      () => {},
    );
    expect(handed[0]).toBe(request);
  });

  test("each trm- header becomes a field: prefix off, lower case, - to _; it wins over the body", async () => {
    const headers = { "TRM-Group-Id": "7", "trm-name": "From the header" };
    const fields = await fieldsOf("POST", "/event", { headers, json: { group_id: 1, name: "x", description: "d" } });
    expect(fields).toEqual({ group_id: 7, name: "From the header", description: "d" });
  });

  test("in GET and DELETE headers and a JSON body become the query; the header wins over both", async () => {
    const get = await fieldsOf("GET", "/event?group_id=1&limit=5", { headers: { "trm-group-id": "2" } });
    expect(get).toEqual({ group_id: "2", limit: "5" });
    expect(await fieldsOf("DELETE", "/event?id=1", { json: { id: 3, x: null } })).toEqual({ id: "3" });
    expect(await fieldsOf("DELETE", "/event", { headers: { "trm-id": "4" }, json: { id: 3 } })).toEqual({ id: "4" });
    expect((await plainOf("DELETE", "/event", { json: { id: 3 } })).body).toBeNull();
  });

  test("no trm- header goes further, and the token does", async () => {
    const headers = { authorization: "Bearer x", "trm-id": "1" };
    const request = await plainOf("GET", "/event", { headers });
    expect([...request.headers.keys()].filter((name) => name.startsWith("trm-"))).toEqual([]);
    expect(request.headers.get("authorization")).toBe("Bearer x");
  });

  test("a request with everything in its headers needs no body", async () => {
    const headers = { "trm-group-id": "5", "trm-status": "confirmed" };
    const request = await plainOf("PATCH", "/group/members/status", { headers });
    expect(await request.clone().json()).toEqual({ screen: "1", group_id: 5, status: "confirmed" });
    expect(request.headers.get("content-type")).toBe("application/json");
  });

  test("user_id and admin_id in headers name the caller and are dropped", async () => {
    const headers = { "trm-user-id": "1", "trm-admin-id": "2", "trm-id": "3" };
    for (const [method, path] of [
      ["GET", "/event"],
      ["DELETE", "/groups"],
      ["POST", "/event"],
      ["PUT", "/groups"],
      ["GET", "/group/members"],
      ["PATCH", "/group/members/role"],
      ["PATCH", "/group/members/status"],
    ] as const) {
      const id = method === "GET" || method === "DELETE" ? "3" : 3;
      expect(await fieldsOf(method, path, { headers }), `${method} ${path}`).toEqual({ id });
    }
  });

  test("in POST and DELETE /group/members trm-user-id is the target, and admin_id still the caller", async () => {
    const headers = { "trm-user-id": "1", "trm-admin-id": "2", "trm-group-id": "3" };
    expect(await fieldsOf("POST", "/group/members", { headers })).toEqual({ user_id: 1, group_id: 3 });
    expect(await fieldsOf("DELETE", "/group/members", { headers })).toEqual({ user_id: "1", group_id: "3" });
  });

  test("in PATCH /group/members/role the body's user_id is the target", async () => {
    const sent = { headers: { "trm-user-id": "1" }, json: { user_id: "9", group_id: "3", status: "admin" } };
    expect(await fieldsOf("PATCH", "/group/members/role", sent)).toEqual({ user_id: 9, group_id: 3, status: "admin" });
  });

  test("PUT /groups drops the body's admin_id too: the app sends its own", async () => {
    const json = { id: 1, name: "x", description: "", admin_id: "5" };
    expect(await fieldsOf("PUT", "/groups", { json })).toEqual({ id: 1, name: "x", description: "" });
  });

  test("ids may come as text, in lists too; what is no number stays to be refused by name", async () => {
    const json = { id: "12", group_id: " 7 ", users: ["1", 2, " 3", "x"], organization_id: "twelve", event_id: "1e3" };
    expect(await fieldsOf("PUT", "/event", { json })).toEqual({
      id: 12,
      group_id: 7,
      users: [1, 2, 3, "x"],
      organization_id: "twelve",
      event_id: "1e3",
    });
    expect(await fieldsOf("POST", "/event", { headers: { "trm-users": "[1, 2]" } })).toEqual({ users: [1, 2] });
    expect(await fieldsOf("POST", "/event", { headers: { "trm-users": "" } })).toEqual({ users: [] });
  });

  test("money, codes and names that look like numbers stay text", async () => {
    const json = { budget: "99.50", code: "012345", name: "7", mobile_number: "512345678", device_token: "1" };
    expect(await fieldsOf("POST", "/event", { json })).toEqual(json);
  });

  test("a budget of nothing or -1 is none", async () => {
    for (const budget of ["", -1, "-1", "-1.0"]) {
      expect(await fieldsOf("POST", "/event", { json: { is_budget: false, budget } })).toEqual({ is_budget: false });
    }
    expect(await fieldsOf("POST", "/event", { json: { budget: "-1.5" } })).toEqual({ budget: "-1.5" });
  });

  test("yes and no may come as text", async () => {
    for (const [said, meant] of [
      ["true", true],
      ["True", true],
      ["1", true],
      [0, false],
      ["false", false],
      ["maybe", "maybe"],
    ]) {
      expect(await fieldsOf("POST", "/event", { json: { is_budget: said } })).toEqual({ is_budget: meant });
    }
  });

  test("an empty id is none", async () => {
    expect(await fieldsOf("GET", "/event?id=", { headers: { "trm-group-id": "" } })).toEqual({});
  });

  test("an hour 24 is the half hour after midnight as that day begins; other hours are themselves", async () => {
    const at = async (method: string, event_timestamp: string) =>
      ((await fieldsOf(method, "/event", { json: { event_timestamp } })) as { event_timestamp: string })
        .event_timestamp;
    expect(await at("POST", "2026-11-11 24:30:00.00")).toBe("2026-11-11 00:30:00");
    expect(await at("POST", "2026-11-11 12:30:00.00")).toBe("2026-11-11 12:30:00");
    expect(await at("PUT", "2026-11-11 00:30:00.000")).toBe("2026-11-11 00:30:00");
    expect(await at("POST", "2026-11-11 25:00:00.00")).toBe("2026-11-11 25:00:00.00");
  });

  test("letters beyond ASCII in a header are what they are", async () => {
    expect(await fieldsOf("POST", "/groups", { headers: { "trm-name": "Zażółć" } })).toEqual({ name: "Zażółć" });
  });

  test("a header cannot reach behind the fields", async () => {
    const headers = { "trm-__proto__": "x", "trm-": "y", "trm-constructor": "z" };
    expect(await fieldsOf("POST", "/groups", { headers, json: { name: "n" } })).toMatchObject({ name: "n" });
  });

  test("what is no JSON object goes on as it is, to be refused there", async () => {
    for (const body of ["{", "[1]", "null", "text"]) {
      expect(await (await plainOf("POST", "/groups", { body })).text()).toBe(body);
    }
  });

  test("a DELETE whose body cannot be read deletes nothing, whatever else it names", async () => {
    expect(await fieldsOf("DELETE", "/event?id=3", { headers: { "trm-id": "3" }, body: "{" })).toEqual({});
  });
});

describe("what the app reads", () => {
  test("every answer has status 200, with the real code in status.code", async () => {
    const someone = await person();
    const answers = [
      [await app("GET", "/users", someone), 200],
      [await app("GET", "/users", undefined), 401],
      [await app("POST", "/groups", someone, { json: {} }), 400],
      [await app("POST", "/groups", someone, { body: "{" }), 400],
      [await app("POST", "/groups", someone, { body: JSON.stringify({ name: "x".repeat(70_000) }) }), 413],
      [await app("POST", "/groups", someone, { body: new Blob(["y".repeat(70_000)]).stream() }), 413],
      [await app("GET", "/nowhere", someone), 404],
      [await app("PATCH", "/users/preferences", someone, { json: { reminder_preferences: "SMS" } }), 409],
    ] as const;
    for (const [answer, code] of answers) {
      expect(answer).toMatchObject({ http: 200, status: { code } });
      expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("401 comes before 413, and 413 before 400", async () => {
    const large = "{".repeat(70_000);
    expect((await app("POST", "/groups", undefined, { body: large })).status.code).toBe(401);
    expect((await app("DELETE", "/groups", undefined, { body: "{" })).status.code).toBe(401);
    const someone = await person();
    for (const method of ["POST", "PUT", "DELETE"]) {
      expect((await app(method, "/groups", someone, { body: large })).status.code, method).toBe(413);
    }
  });

  test("deeply nested JSON is answered like any other", async () => {
    const body = `{"name":"x","description":"","extra":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    expect([200, 400]).toContain((await app("POST", "/groups", await person(), { body })).status.code);
  });

  test("the caller is whoever the token says, whatever the headers name", async () => {
    const [someone, other] = [await person(), await person()];
    const answer = await app("GET", "/users", someone, { headers: { "trm-user-id": String(other.id) } });
    expect(answer.data.user_id).toBe(someone.id);
  });

  test("an event made as the app makes it: text for numbers, itself among users, no budget, hours to 24", async () => {
    const [admin, member] = [await person(), await person()];
    const group_id = await group(admin, member);
    const made = await app("POST", "/event", admin, {
      headers: { "trm-user-id": String(admin.id), "trm-group-id": String(group_id) },
      json: {
        name: "Tea",
        description: "",
        event_timestamp: "2031-11-11 24:30:00.00",
        reminder: "once",
        schedule_period: "1 week",
        is_budget: false,
        budget: -1,
        users: [String(admin.id), String(member.id), admin.id],
      },
    });
    expect(made).toMatchObject({ http: 200, status: { code: 200 }, data: { id: expect.any(Number) }, roundTrips: 1 });
    const { data } = await app("GET", "/event", member, { headers: { "trm-group-id": String(group_id) } });
    expect(data).toMatchObject([
      { id: made.data.id, event_timestamp: "2031-11-11 00:30:00", schedule_period: "7 days, 0:00:00", budget: null },
    ]);
    expect(data[0].users.map(({ id }: { id: number }) => id)).toEqual([admin.id, member.id]);
  });

  test("a comment's id comes as a list of one, to this app alone", async () => {
    const { admin, event_id } = await eventOfTwo();
    const json = { event_id: String(event_id), comment: "On my way" };
    const toApp = await app("POST", "/event/comment", admin, { json });
    expect(toApp.data).toEqual({ events_comments_id: [expect.any(Number)] });
    const toOthers = await call("POST", "/event/comment", { as: admin, json: { ...json, event_id } });
    expect(toOthers.data).toEqual({ events_comments_id: expect.any(Number) });
    const refused = await app("POST", "/event/comment", admin, { json: { event_id } });
    expect(refused).toMatchObject({ http: 200, status: { code: 400 }, data: null });
  });

  test("comments of whoever no longer takes part are left out, for this app alone", async () => {
    const { admin, member, event_id } = await eventOfTwo();
    for (const as of [admin, member]) {
      await call("POST", "/event/comment", { as, json: { event_id, comment: `By ${as.username}` } });
    }
    await query(sql`delete from events_users where event_id = ${event_id} and user_id = ${member.id}`);
    const authors = (data: { user_id: number }[]) => data.map(({ user_id }) => user_id);
    const headers = { "trm-event-id": String(event_id) };
    expect(authors((await app("GET", "/event/comment", admin, { headers })).data)).toEqual([admin.id]);
    const all = await call("GET", "/event/comment", { as: admin, query: { event_id } });
    expect(authors(all.data)).toEqual([member.id, admin.id]);
  });

  test("an invitation names its target in a header, and is answered by one", async () => {
    const [admin, guest] = [await person(), await person()];
    const group_id = String(await group(admin));
    const invited = await app("POST", "/group/members", admin, {
      headers: { "trm-user-id": String(guest.id), "trm-admin-id": String(admin.id), "trm-group-id": group_id },
    });
    expect(invited).toMatchObject({ status: { code: 200 }, data: { group_invitation_logs_id: expect.any(Number) } });
    const headers = { "trm-user-id": String(guest.id), "trm-group-id": group_id, "trm-status": "confirmed" };
    expect((await app("PATCH", "/group/members/status", guest, { headers })).status.code).toBe(200);
    const seen = await app("GET", "/group/members", admin, { headers: { "trm-group-id": group_id } });
    expect(seen.data).toMatchObject([{ user_id: guest.id }]);
  });
});

async function eventOfTwo() {
  const [admin, member] = [await person(), await person()];
  const group_id = await group(admin, member);
  const { data } = await call("POST", "/event", {
    as: admin,
    json: {
      group_id,
      name: "Tea",
      description: "",
      event_timestamp: "2031-11-11 18:00:00",
      reminder: "once",
      schedule_period: "1 day",
      is_budget: false,
    },
  });
  return { admin, member, event_id: data.id as number };
}

test("the log tells the real status of what the app hears as 200", async () => {
  const lines: Record<string, unknown>[] = [];
  const deps = testDeps({
    log: { info: (_, fields) => void lines.push({ ...fields }), warn: () => {}, error: () => {} },
  });
  await call("GET", "/group/members", { as: await person(), headers: { "trm-group-id": "999999999" }, deps });
  expect(lines).toMatchObject([{ status: 404 }]);
});
