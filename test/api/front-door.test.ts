import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { api } from "../../src/api/index.ts";
import { readSettings, SettingsError } from "../../src/env.ts";
import { call, person, testDeps } from "../support/index.ts";

const PAGE = "https://app.example";
const only = (...CORS_ORIGINS: string[]) => testDeps({ settings: { CORS_ORIGINS } });

const listOf = (header: string | null) => (header ?? "").split(",").map((one) => one.trim().toLowerCase());

async function preflight(path: string, asked: Record<string, string>, deps = testDeps()) {
  const headers = { origin: PAGE, ...asked };
  const request = new Request(new URL(path, "https://api.torium.test"), { method: "OPTIONS", headers });
  const answer = await api(request, deps, {} as ExecutionContext);
  return { answer, body: await answer.text(), roundTrips: deps.roundTrips() };
}

test("a preflight is answered without a token and without the database, for a day", async () => {
  for (const [path, method] of [
    ["/event", "PUT"],
    ["/event/comment", "DELETE"],
    ["/users/device", "PATCH"],
    ["/groups", "POST"],
    ["/organizations", "GET"],
  ] as const) {
    const { answer, body, roundTrips } = await preflight(path, { "access-control-request-method": method });
    expect([answer.status, body, roundTrips]).toEqual([204, "", 0]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(listOf(answer.headers.get("access-control-allow-methods"))).toContain(method.toLowerCase());
    expect(answer.headers.get("access-control-max-age")).toBe("86400");
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test("a page may send whatever headers it asks for, the app's own among them", async () => {
  const asked = ["authorization", "content-type", "trm-event-id", "trm-user-id", "trm-a-field-of-tomorrow"];
  const { answer } = await preflight("/event", {
    "access-control-request-method": "DELETE",
    "access-control-request-headers": asked.join(","),
  });
  expect(listOf(answer.headers.get("access-control-allow-headers"))).toEqual(asked);
});

test("a page may read every answer, with the request's id and Retry-After, errors too and in either dialect", async () => {
  const as = await person();
  const failing = (error: Error) =>
    ({ ...testDeps(), db: { $client: { query: () => Promise.reject(error) } } }) as never;
  const bug = failing(Object.assign(new Error("bug"), { code: "42P01" }));
  const away = failing(new Error("connection refused"));
  const tooLarge = "x".repeat(64 * 1024 + 1);
  for (const dialect of [{}, { "trm-user-id": "1" }]) {
    const headers = { origin: PAGE, ...dialect };
    const answers = [
      [await call("GET", "/users", { as, headers }), 200],
      [await call("POST", "/groups", { as, headers, json: {} }), 400],
      [await call("GET", "/users", { headers }), 401],
      [await call("GET", "/nowhere", { as, headers }), 404],
      [await call("POST", "/groups", { as, headers, body: tooLarge }), 413],
      [await call("GET", "/users", { as, headers, deps: bug }), 500],
      [await call("GET", "/users", { as, headers, deps: away }), 503],
    ] as const;
    for (const [answer, code] of answers) {
      expect(answer.status.code).toBe(code);
      expect(answer.headers.get("access-control-allow-origin"), String(code)).toBe("*");
      const exposed = listOf(answer.headers.get("access-control-expose-headers"));
      expect(exposed).toEqual(expect.arrayContaining(["x-request-id", "retry-after"]));
    }
  }
});

test("where origins are listed, theirs alone are named, and caches are told that the answer depends on it", async () => {
  const origins = [PAGE, "http://localhost:8100"];
  for (const [origin, allowed] of [
    [PAGE, PAGE],
    ["http://localhost:8100", "http://localhost:8100"],
    ["https://evil.example", null],
    [`${PAGE}.evil.example`, null],
    ["null", null],
  ] as const) {
    const deps = only(...origins);
    const answer = await call("GET", "/users", { headers: { origin }, deps });
    expect(answer.http).toBe(401);
    expect(answer.headers.get("access-control-allow-origin")).toBe(allowed);
    expect(listOf(answer.headers.get("vary"))).toContain("origin");
    const asked = await preflight("/users", { origin, "access-control-request-method": "GET" }, only(...origins));
    expect(asked.answer.headers.get("access-control-allow-origin")).toBe(allowed);
  }
});

test("cookies are asked of nobody", async () => {
  for (const deps of [testDeps(), only(PAGE)]) {
    const answer = await call("GET", "/organizations", { headers: { origin: PAGE }, deps });
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(answer.headers.get("set-cookie")).toBeNull();
  }
});

test("CORS_ORIGINS is a star or a list of origins; an address that no browser sends as its origin is refused by name", () => {
  const read = (CORS_ORIGINS: string) => readSettings({ ...env, CORS_ORIGINS }).CORS_ORIGINS;
  expect(read("")).toEqual(["*"]);
  expect(read("*")).toEqual(["*"]);
  expect(read("https://App.example, http://localhost:8100, capacitor://localhost")).toEqual([
    "https://app.example",
    "http://localhost:8100",
    "capacitor://localhost",
  ]);
  for (const wrong of ["https://app.example/", "https://app.example/path", "app.example", "*, nonsense"]) {
    expect(() => read(wrong), wrong).toThrow(SettingsError);
    expect(() => read(wrong), wrong).toThrow(/CORS_ORIGINS/);
  }
});

test("every answer tells browsers to guess no type, show no frame, load nothing and come back by https", async () => {
  const as = await person();
  const answers = [
    await call("GET", "/users", { as }),
    await call("GET", "/organizations"),
    await call("GET", "/health"),
    await call("GET", "/users"),
    await call("GET", "/nowhere", { as, headers: { "trm-user-id": "1" } }),
    await call("POST", "/hooks/cognito", { json: {} }),
    (await preflight("/users", { "access-control-request-method": "GET" })).answer,
  ];
  for (const { headers } of answers) {
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "strict-transport-security": expect.stringMatching(/^max-age=\d{8}/),
    });
  }
});

test("no cache keeps what is about people, whatever the dialect and the outcome", async () => {
  const as = await person();
  for (const path of ["/users", "/groups", "/groups/invitation", "/event", "/group/members", "/nowhere"]) {
    for (const headers of [{}, { "trm-user-id": "1" }]) {
      const answer = await call("GET", path, { as, headers });
      expect(answer.headers.get("cache-control"), path).toBe("no-store");
    }
  }
});
