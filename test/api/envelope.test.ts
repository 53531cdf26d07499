import { afterEach, expect, test, vi } from "vitest";
import { api } from "../../src/api/index.ts";
import type { Fields } from "../../src/log.ts";
import { call, person, type TestDeps, testDeps, unique } from "../support/index.ts";

afterEach(() => void vi.restoreAllMocks());

const KIB = 1024;
const tooLarge = () => JSON.stringify({ name: "x".repeat(64 * KIB), description: "" });

/** A body without a length, as a stream has it. */
const streamed = (text: string) => new Blob([text]).stream();

/** Deps whose log is kept, to see what a request leaves in it. */
function listening(changed: Parameters<typeof testDeps>[0] = {}): { deps: TestDeps; lines: string[] } {
  const lines: string[] = [];
  const keep = (event: string, fields: Fields | undefined) => void lines.push(JSON.stringify({ event, ...fields }));
  const log = {
    info: keep,
    warn: keep,
    error: (event: string, error: unknown, fields?: Fields) => keep(event, { ...fields, error: (error as Error).name }),
  };
  return { deps: testDeps({ ...changed, log }), lines };
}

test("success is 200 in the envelope, as JSON in UTF-8, with the request's id", async () => {
  const answer = await call("GET", "/health");
  expect(answer).toMatchObject({ http: 200, status: { code: 200, message: "Success" }, data: { healthy: true } });
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("every error carries its status twice, its code, and the id that the header and the log line carry", async () => {
  const { deps, lines } = listening();
  const as = await person();
  const refusals = [
    [await call("GET", "/users", { deps }), 401, "unauthenticated"],
    [await call("POST", "/groups", { as, json: {}, deps }), 400, "invalid_input"],
    [await call("GET", "/nowhere", { as, deps }), 404, "not_found"],
    [await call("PATCH", "/users/preferences", { as, json: { reminder_preferences: "SMS" }, deps }), 409, "conflict"],
    [await call("POST", "/groups", { as, body: tooLarge(), deps }), 413, "payload_too_large"],
  ] as const;
  for (const [answer, status, code] of refusals) {
    const id = answer.headers.get("x-request-id");
    expect(answer).toMatchObject({
      http: status,
      status: { code: status },
      data: null,
      error: { code, request_id: id },
    });
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(
      lines.filter((line) => line.includes(`"request_id":"${id}"`) && line.includes(`"status":${status}`)),
    ).toHaveLength(1);
  }
});

test("no two requests have one id", async () => {
  const ids = await Promise.all([1, 2, 3].map(async () => (await call("GET", "/health")).headers.get("x-request-id")));
  expect(new Set(ids).size).toBe(3);
});

test("malformed JSON is 400, in the envelope", async () => {
  const as = await person();
  const headers = { "content-type": "application/json" };
  for (const body of ["{", "", '{"name": }', "{'name': 1}", '{"name":"\u0007"}']) {
    const answer = await call("POST", "/groups", { as, body, headers });
    expect(answer, body).toMatchObject({ http: 400, error: { code: "invalid_input", issues: [{ path: "" }] } });
  }
});

test("JSON that is no object is 400", async () => {
  const as = await person();
  for (const json of [null, [], "text", 5, true]) {
    expect(await call("POST", "/groups", { as, json })).toMatchObject({ http: 400, error: { code: "invalid_input" } });
  }
});

test("every fault is named at once, at its place", async () => {
  const json = { group_id: "x", name: "", description: 5, is_budget: "maybe", users: [1, "two", 3, 0] };
  const { error } = await call("POST", "/event", { as: await person(), json });
  const paths = error!.issues!.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["group_id", "name", "description", "is_budget", "users.1", "users.3"]));
  for (const { message } of error!.issues!) expect(message).not.toBe("");
});

test("text that PostgreSQL cannot hold is refused by name, and not a bug", async () => {
  const as = await person();
  for (const name of ["a\u0000b", "\ud800", "\udc00x"]) {
    const answer = await call("POST", "/groups", { as, json: { name, description: "" } });
    expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "name" }] } });
  }
});

test("unknown fields are ignored", async () => {
  const json = { name: "Hike", description: "", colour: "green", __proto__: { admin: true }, constructor: 1 };
  expect((await call("POST", "/groups", { as: await person(), json })).http).toBe(200);
});

test("deeply nested JSON is answered like any other", async () => {
  const body = `{"name":"x","description":"","extra":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
  const headers = { "content-type": "application/json" };
  const answer = await call("POST", "/groups", { as: await person(), body, headers });
  expect([200, 400]).toContain(answer.http);
});

test("a body of 64 KiB is read, one byte more is 413, with a length or without", async () => {
  const as = await person();
  const headers = { "content-type": "application/json" };
  const frame = JSON.stringify({ name: "x", description: "", pad: "" }).length;
  const sized = (bytes: number) => JSON.stringify({ name: "x", description: "", pad: "y".repeat(bytes - frame) });
  const post = (body: BodyInit) => call("POST", "/groups", { as, body, headers });
  expect((await post(sized(64 * KIB))).http).toBe(200);
  expect((await post(streamed(sized(64 * KIB)))).http).toBe(200);
  for (const body of [sized(64 * KIB + 1), streamed(sized(64 * KIB + 1))]) {
    expect(await post(body)).toMatchObject({ http: 413, error: { code: "payload_too_large" } });
  }
});

test("401 comes before 413, 413 before 400, and an unknown address is told to known people alone", async () => {
  const as = await person();
  expect((await call("POST", "/groups", { body: tooLarge() })).http).toBe(401);
  expect((await call("POST", "/groups", { body: "{" })).http).toBe(401);
  expect((await call("POST", "/groups", { as, body: `{${tooLarge()}` })).http).toBe(413);
  expect((await call("GET", "/nowhere")).http).toBe(401);
  expect((await call("GET", "/nowhere", { as })).http).toBe(404);
  expect((await call("PUT", "/users", { as, json: {} })).http).toBe(404);
});

test("a bug is a 500 that says nothing about the inside, and is logged under the request's id", async () => {
  const { deps, lines } = listening();
  const query = () => Promise.reject(Object.assign(new Error("relation secret_table"), { code: "42P01" }));
  const db = { $client: { query } };
  const as = await person({ username: unique("Somebody") });
  const answer = await call("GET", "/users", { as, deps: { ...deps, db: db as unknown as TestDeps["db"] } });
  expect(answer).toMatchObject({ http: 500, status: { code: 500 }, data: null, error: { code: "internal" } });
  const { headers: _, ...seen } = answer;
  expect(JSON.stringify(seen)).not.toMatch(/relation|secret_table|42P01|stack|\.ts/);
  const id = answer.error!.request_id;
  expect(lines.some((line) => line.includes('"event":"bug"') && line.includes(id))).toBe(true);
});

test("the database out of reach is 503 with Retry-After", async () => {
  const as = await person();
  await call("GET", "/users", { as });
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("connection refused"));
  const answer = await call("GET", "/users", { as });
  expect(answer).toMatchObject({ http: 503, error: { code: "unavailable" } });
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(JSON.stringify(answer)).not.toMatch(/connection refused/);
});

test("neither tokens nor what people wrote reach the log", async () => {
  const { deps, lines } = listening();
  const as = await person();
  const [secretName, number] = [unique("Secret"), "+48512000000"];
  await call("POST", "/groups", { as, json: { name: secretName, description: "" }, deps });
  await call("POST", "/users/mobile", { as, json: { mobile_number: number }, deps });
  await call("GET", "/groups", { as, query: { email: as.email }, deps });
  const written = lines.join("\n");
  expect(lines.length).toBeGreaterThanOrEqual(3);
  for (const secret of [as.token, secretName, number, number.slice(1), as.email]) expect(written).not.toContain(secret);
});

test("health touches nothing", async () => {
  expect((await call("GET", "/health")).roundTrips).toBe(0);
});

test("an answer in flight is whole: its log line holds method, path, status and round trips", async () => {
  const { deps, lines } = listening();
  const { token } = await person();
  const request = new Request("https://api.torium.test/users?x=1", { headers: { authorization: `Bearer ${token}` } });
  await (await api(request, deps, {} as ExecutionContext)).body?.cancel();
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ method: "GET", path: "/users", status: 200, round_trips: 1 });
});

test("a log line names the route and not the path, in which somebody may write an address", async () => {
  const as = await person();
  const paths = [
    ["GET", `/logos/${as.email}`, "/logos/:file"],
    ["DELETE", "/group/members", "/group/members"],
    ["GET", `/users/${as.email}`, "unknown"],
    ["PATCH", "/group/members", "unknown"],
    ["GET", `/${encodeURIComponent(as.email)}?x=1`, "unknown"],
  ] as const;
  for (const headers of [{}, { "trm-user-id": "1" }]) {
    for (const [method, path, route] of paths) {
      const { deps, lines } = listening();
      const authorization = `Bearer ${as.token}`;
      const request = new Request(`https://api.torium.test${path}`, { method, headers: { authorization, ...headers } });
      await (await api(request, deps, {} as ExecutionContext)).body?.cancel();
      expect(JSON.parse(lines.at(-1)!), path).toMatchObject({ method, path: route });
      expect(lines.join()).not.toContain(as.email.split("@")[0]);
    }
  }
});
