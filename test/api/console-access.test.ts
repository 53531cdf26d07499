import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, expect, test, vi } from "vitest";
import { app } from "../../src/api/index.ts";
import { AppError } from "../../src/errors.ts";
import config from "../../wrangler.toml?raw";
import { act, ask, CONSOLE, consoleDeps, formOf, OPERATOR_TOKEN, type Told } from "../support/console.ts";
import { person, testDeps } from "../support/index.ts";
import { intercept } from "../support/network.ts";

afterEach(() => void vi.restoreAllMocks());

const HOUR = 3_600_000;
const NO_TOKEN = { authorization: null };
const READS = [
  "/console/data/form",
  "/console/data/overview",
  "/console/data/dead-letters",
  "/console/data/dead-letters/kinds",
  "/console/data/reminders",
  "/console/data/reminders/1",
  "/console/data/alerts",
];
const ACTIONS = ["replay", "acknowledge", "silence", "look", "reveal"].map((action) => `/console/actions/${action}`);
const POSTS = ["/console/data/person", ...ACTIONS];

const signIn = (token: string, more: Parameters<typeof ask>[2] = {}) =>
  ask("POST", "/console/session", { ...more, json: { token }, headers: { ...NO_TOKEN, ...more.headers } });

/** As a browser sends it back. */
const cookieOf = ({ headers }: Told) => (headers.get("set-cookie") ?? "").split(";")[0]!;

test("these are all the routes of the console", () => {
  const routes = app.routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith("/console"))
    .map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(routes)].sort()).toEqual(
    [
      "GET /console",
      "GET /console/:file{[^/]+\\.[a-z]+}",
      "GET /console/vendor/:file{[^/]+\\.[a-z]+}",
      "GET /console/data/session",
      ...READS.map((path) => `GET ${path.replace(/\/1$/, "/:id")}`),
      ...POSTS.map((path) => `POST ${path}`),
      "POST /console/session",
      "POST /console/sign-out",
    ].sort(),
  );
});

test("with no operator set up there is no console, by any path or method, whoever asks and in whichever dialect", async () => {
  const someone = await person();
  const paths = [
    "/console",
    "/console/",
    "/console/console.js",
    "/console/session",
    "/console/nothing",
    ...READS,
    ...POSTS,
  ];
  for (const path of paths) {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      for (const headers of [{}, NO_TOKEN, { authorization: `Bearer ${someone.token}` }, { "trm-user-id": "1" }]) {
        const told = await ask(method, path, { deps: testDeps(), headers });
        expect([method, path, told.http, told.message]).toEqual([method, path, 404, "There is no such address"]);
        expect(told.headers.get("access-control-allow-origin")).toBeNull();
      }
    }
  }
});

test("a stranger gets nothing: no token, a wrong one, a user's, or part of the right one", async () => {
  const someone = await person();
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const strangers = [
    NO_TOKEN,
    bearer("wrong-token-wrong-token"),
    bearer(someone.token),
    bearer(OPERATOR_TOKEN.slice(0, -1)),
    bearer(`${OPERATOR_TOKEN}x`),
    { authorization: OPERATOR_TOKEN },
    { ...NO_TOKEN, cookie: `torium_operator=${OPERATOR_TOKEN}` },
    { ...NO_TOKEN, cookie: "torium_operator=" },
  ];
  for (const headers of strangers) {
    for (const path of READS) expect([path, (await ask("GET", path, { headers })).http]).toEqual([path, 401]);
    for (const path of POSTS)
      expect([path, (await ask("POST", path, { headers, json: {} })).http]).toEqual([path, 401]);
    expect((await ask("GET", "/console/data/session", { headers })).data).toEqual({ mode: "token", signed_in: false });
  }
});

test("the page and its files are there for whoever is to sign in, under a policy that loads and runs nothing else", async () => {
  const page = await ask("GET", "/console", { headers: NO_TOKEN });
  expect(page.http).toBe(200);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cache-control")).toBe("no-store");
  const policy = page.headers.get("content-security-policy")!;
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ])
    expect(policy.split("; ")).toContain(rule);
  for (const [, path] of page.text.matchAll(/(?:src|href)="(\/console\/[^/"]+)"/g)) {
    const file = await ask("GET", path!, { headers: NO_TOKEN });
    expect([path, file.http, file.headers.get("cache-control")]).toEqual([path, 200, "no-cache"]);
    const known = { ...NO_TOKEN, "if-none-match": file.headers.get("etag") };
    expect((await ask("GET", path!, { headers: known })).http).toBe(304);
  }
  for (const path of ["/console/none.js", "/console/vendor/none.js", "/console/index.html", "/console/..%2findex.html"])
    expect([path, (await ask("GET", path)).http]).toEqual([path, 404]);
  expect((await ask("GET", "/console/")).headers.get("location")).toBe("/console");
});

test("no other site may read the console: CORS is not for it", async () => {
  const told = await ask("GET", "/console/data/overview", { headers: { origin: "https://app.example" } });
  expect(told.headers.get("access-control-allow-origin")).toBeNull();
  expect(told.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(told.headers.get("cache-control")).toBe("no-store");
  expect((await ask("OPTIONS", "/console/data/overview")).http).toBe(404);
});

test("who signs in with the token gets a session of twelve hours in a cookie that no script and no other site sees", async () => {
  const clock = { ms: Date.now() };
  const deps = consoleDeps({ now: () => clock.ms });
  const told = await signIn(OPERATOR_TOKEN, { deps });
  expect([told.http, told.data, told.roundTrips]).toEqual([200, null, 0]);
  const attributes = told.headers.get("set-cookie")!.split("; ").slice(1).sort();
  expect(attributes).toEqual(["HttpOnly", "Max-Age=43200", "Path=/console", "SameSite=Strict", "Secure"]);
  const headers = { ...NO_TOKEN, cookie: cookieOf(told) };
  expect((await ask("GET", "/console/data/overview", { deps, headers })).http).toBe(200);
  expect((await ask("GET", "/console/data/session", { deps, headers })).data).toEqual({
    mode: "token",
    signed_in: true,
  });
  clock.ms += 12 * HOUR;
  expect((await ask("GET", "/console/data/overview", { deps, headers })).http).toBe(401);
});

test("on this machine the cookie does without https, elsewhere never", async () => {
  for (const [origin, secure] of [
    ["http://127.0.0.1:8787", false],
    ["http://localhost:8787", false],
    ["https://127.0.0.1:8787", true],
    ["http://console.example", true],
    ["http://127.0.0.1.evil.example", true],
  ] as const)
    expect([origin, /Secure/.test((await signIn(OPERATOR_TOKEN, { origin })).headers.get("set-cookie")!)]).toEqual([
      origin,
      secure,
    ]);
});

test("a new OPERATOR_TOKEN ends every session, and a cookie that was changed is none", async () => {
  const cookie = cookieOf(await signIn(OPERATOR_TOKEN));
  const reading = (value: string, settings = {}) =>
    ask("GET", "/console/data/alerts", { deps: consoleDeps({ settings }), headers: { ...NO_TOKEN, cookie: value } });
  expect((await reading(cookie)).http).toBe(200);
  expect((await reading(cookie, { OPERATOR_TOKEN: "another-operator-token" })).http).toBe(401);
  const [id, until, signature] = cookie.slice("torium_operator=".length).split(".") as [string, string, string];
  for (const forged of [
    `${id}.${Number(until) + 1}.${signature}`,
    `${"0".repeat(32)}.${until}.${signature}`,
    `${id}.${until}.${"0".repeat(64)}`,
    `${id}.${until}.`,
    `${id}.${until}`,
  ])
    expect([forged, (await reading(`torium_operator=${forged}`)).http]).toEqual([forged, 401]);
});

/** From an address of its own: one has ten tries a minute. */
const sessionFrom = async (address: string) => ({
  ...NO_TOKEN,
  cookie: cookieOf(await signIn(OPERATOR_TOKEN, { headers: { "cf-connecting-ip": address } })),
});

test("a session that was signed out opens nothing any more, whoever kept its cookie; no other session ends with it", async () => {
  const headers = await sessionFrom("192.0.2.20");
  const other = await sessionFrom("192.0.2.21");
  const form = await formOf({ headers });
  const read = await ask("GET", "/console/data/overview", { headers });
  // Whether the session was ended, and what is read.
  expect([read.http, read.roundTrips]).toEqual([200, 2]);
  const out = await ask("POST", "/console/sign-out", { json: {}, headers });
  expect([out.http, out.roundTrips]).toEqual([200, 1]);
  for (const path of READS) expect([path, (await ask("GET", path, { headers })).http]).toEqual([path, 401]);
  for (const path of POSTS) {
    const json = { user_id: 1, queue: "none-such", alert_id: 1, minutes: 15, who: "1" };
    const told = await ask("POST", path, { headers: { ...headers, "x-form-token": form }, json });
    expect([path, told.http]).toEqual([path, 401]);
  }
  expect((await ask("POST", "/console/sign-out", { json: {}, headers })).http).toBe(200);
  expect((await ask("GET", "/console/data/overview", { headers: other })).http).toBe(200);
  expect((await act("replay", { queue: "none-such" }, { headers: other })).http).toBe(200);
});

test("where the end of a session cannot be written down, signing out fails and keeps the cookie to try again", async () => {
  const headers = await sessionFrom("192.0.2.22");
  const away = () => Promise.reject(new AppError("unavailable", "away"));
  const deps = consoleDeps();
  const db = { execute: away, batch: away } as unknown as typeof deps.db;
  const told = await ask("POST", "/console/sign-out", { deps: { ...deps, db }, json: {}, headers });
  expect([told.http, told.headers.get("set-cookie")]).toEqual([503, null]);
});

test("signing out takes the cookie away", async () => {
  const told = await ask("POST", "/console/sign-out", { json: {}, headers: NO_TOKEN });
  expect(told.http).toBe(200);
  expect(told.headers.get("set-cookie")).toMatch(
    /^torium_operator=; Max-Age=0; Path=\/console; HttpOnly; Secure; SameSite=Strict$/,
  );
});

test("a wrong token is refused, and an address has ten tries a minute", async () => {
  const block = config.split("[[ratelimits]]").find((one) => one.includes('"LIMIT_OPERATOR_SIGN_INS"'));
  expect(block).toContain("simple = { limit = 10, period = 60 }");
  const keys: string[] = [];
  let open = true;
  const deps = consoleDeps();
  deps.bindings = {
    ...deps.bindings,
    LIMIT_OPERATOR_SIGN_INS: {
      limit: async ({ key }) => {
        keys.push(key);
        return { success: open };
      },
    },
  };
  const headers = { "cf-connecting-ip": "192.0.2.7" };
  expect(await signIn("wrong", { deps, headers })).toMatchObject({
    http: 401,
    message: "This is not the operator's token",
  });
  open = false;
  const limited = await signIn(OPERATOR_TOKEN, { deps, headers });
  expect([limited.http, limited.headers.get("retry-after"), limited.headers.get("set-cookie")]).toEqual([
    429,
    "60",
    null,
  ]);
  expect(keys).toEqual(["192.0.2.7", "192.0.2.7"]);
});

const CROSS_SITE = [
  { origin: null },
  { origin: "null" },
  { origin: "https://evil.example" },
  { origin: `${CONSOLE}.evil.example` },
  { origin: CONSOLE.replace("https", "http") },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { "sec-fetch-site": "none" },
];

test("what another site posts is refused, whatever it carries", async () => {
  const form = await formOf();
  for (const crossing of CROSS_SITE) {
    for (const path of [...POSTS, "/console/session", "/console/sign-out"]) {
      const headers = { ...crossing, "x-form-token": form };
      const told = await ask("POST", path, { headers, json: { token: OPERATOR_TOKEN, queue: "send-sms" } });
      expect([path, crossing, told.http, told.roundTrips, told.headers.get("set-cookie")]).toEqual([
        path,
        crossing,
        403,
        0,
        null,
      ]);
    }
  }
  const own = { "x-form-token": form, "sec-fetch-site": "same-origin" };
  expect((await ask("POST", "/console/actions/replay", { headers: own, json: { queue: "none-such" } })).http).toBe(200);
});

test("an action needs a form: none, a forged, a foreign or an old one is refused before anything is done", async () => {
  const clock = { ms: Date.now() };
  const deps = consoleDeps({ now: () => clock.ms });
  const form = await formOf({ deps });
  const [nonce, until, signature] = form.split(".") as [string, string, string];
  const session = { ...NO_TOKEN, cookie: cookieOf(await signIn(OPERATOR_TOKEN)) };
  const otherSession = { ...NO_TOKEN, cookie: cookieOf(await signIn(OPERATOR_TOKEN)) };
  const foreign = await formOf({ deps, headers: session });
  const post = (token: string | null, headers: Record<string, string | null> = {}) =>
    ask("POST", "/console/actions/replay", {
      deps,
      json: { queue: "none-such" },
      headers: { ...headers, "x-form-token": token },
    });
  for (const wrong of [
    null,
    "",
    "x",
    `${nonce}.${Number(until) + 1}.${signature}`,
    `${nonce}.${until}.${"0".repeat(64)}`,
    foreign,
  ]) {
    const told = await post(wrong);
    expect([wrong, told.http, told.roundTrips]).toEqual([wrong, 403, 0]);
  }
  expect((await post(foreign, otherSession)).http).toBe(403);
  expect((await post(form, session)).http).toBe(403);
  clock.ms += 15 * 60_000;
  expect((await post(form)).http).toBe(403);
  clock.ms -= 1;
  expect((await post(form)).http).toBe(200);
});

test("a form is good once, also for two who send it at the same moment", async () => {
  const deps = consoleDeps();
  const form = await formOf({ deps });
  const post = () =>
    ask("POST", "/console/actions/replay", { deps, json: { queue: "none-such" }, headers: { "x-form-token": form } });
  const both = await Promise.all([post(), post()]);
  expect(both.map(({ http }) => http).sort()).toEqual([200, 409]);
  expect(await post()).toMatchObject({ http: 409, message: "This form was used already" });
});

test("input that is not valid spends no form", async () => {
  const form = await formOf();
  const post = (json: unknown) => ask("POST", "/console/actions/silence", { json, headers: { "x-form-token": form } });
  for (const json of [{}, { alert_id: 0, minutes: 15 }, { alert_id: 1, minutes: 16 }, { alert_id: 1 }])
    expect((await post(json)).http).toBe(400);
  expect((await post({ alert_id: 9e12, minutes: 15 })).http).toBe(404);
});

let teams = 0;

/** A team of Cloudflare Access, with a key of its own, and the token that it gives an operator; claims given take the place of the right ones. */
async function access() {
  const ACCESS_TEAM_DOMAIN = `team-${++teams}.cloudflareaccess.test`;
  const ACCESS_AUD = "the-audience-of-the-console";
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const published = { keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "RS256" }] };
  let answer = () => Response.json(published);
  intercept(`https://${ACCESS_TEAM_DOMAIN}/cdn-cgi/access/certs`, () => answer());
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `https://${ACCESS_TEAM_DOMAIN}`,
    aud: [ACCESS_AUD],
    sub: "9f8e-sub",
    email: "op@torium.test",
    exp: seconds + 60,
  };
  return {
    /** OPERATOR_TOKEN is set as well, and means nothing. */
    deps: consoleDeps({ settings: { ACCESS_TEAM_DOMAIN, ACCESS_AUD } }),
    token: (changed: Record<string, unknown> = {}, key: CryptoKey = privateKey) =>
      new SignJWT({ ...claims, ...changed }).setProtectedHeader({ alg: "RS256", kid: "k" }).sign(key),
    claims,
    away: () => {
      answer = () => new Response(null, { status: 500 });
    },
  };
}

const byAccess = (token: string) => ({ ...NO_TOKEN, "cf-access-jwt-assertion": token });

test("where Cloudflare Access guards it, its token lets in by header or cookie, and OPERATOR_TOKEN opens nothing", async () => {
  const { deps, token } = await access();
  const given = await token();
  for (const headers of [byAccess(given), { ...NO_TOKEN, cookie: `CF_Authorization=${given}` }]) {
    expect((await ask("GET", "/console/data/overview", { deps, headers })).http).toBe(200);
    expect((await ask("GET", "/console/data/session", { deps, headers })).data).toEqual({
      mode: "access",
      signed_in: true,
    });
    expect((await act("replay", { queue: "none-such" }, { deps, headers })).http).toBe(200);
  }
  expect((await ask("GET", "/console/data/overview", { deps })).http).toBe(401);
  expect((await signIn(OPERATOR_TOKEN, { deps })).http).toBe(404);
  const cookie = cookieOf(await signIn(OPERATOR_TOKEN));
  expect((await ask("GET", "/console/data/overview", { deps, headers: { ...NO_TOKEN, cookie } })).http).toBe(401);
  expect((await ask("GET", "/console/data/session", { deps })).data).toEqual({ mode: "access", signed_in: false });
});

test("a token of Access that is forged, expired, of another team, another application or nobody is refused", async () => {
  const { deps, token, claims } = await access();
  const stranger = await generateKeyPair("RS256");
  const encode = (value: object) =>
    btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  const unsigned = `${encode({ alg: "none" })}.${encode(claims)}.`;
  const [head, , signature] = (await token()).split(".");
  const byTheirKey = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: "k" })
    .sign(new TextEncoder().encode("a-key-of-somebody-else-0123456789"));
  const wrong = {
    forged: await token({}, stranger.privateKey),
    expired: await token({ exp: claims.exp - 120 }),
    endless: await token({ exp: undefined }),
    "of another team": await token({ iss: "https://evil.cloudflareaccess.com" }),
    "of another application": await token({ aud: ["another"] }),
    "of nobody": await token({ sub: "" }),
    unsigned,
    "signed by a word": byTheirKey,
    "with other claims": `${head}.${encode({ ...claims, sub: "somebody" })}.${signature}`,
    "of a user": (await person()).token,
    nonsense: "nonsense",
  };
  for (const [name, given] of Object.entries(wrong)) {
    for (const headers of [byAccess(given), { ...NO_TOKEN, cookie: `CF_Authorization=${given}` }])
      expect([name, (await ask("GET", "/console/data/overview", { deps, headers })).http]).toEqual([name, 401]);
  }
});

test("a service token of Access is an operator by its name, and a form belongs to one operator", async () => {
  const { deps, token } = await access();
  const script = byAccess(await token({ sub: "", common_name: "script.access" }));
  const operator = byAccess(await token());
  const form = await formOf({ deps, headers: script });
  const post = (headers: Record<string, string | null>) =>
    ask("POST", "/console/actions/replay", {
      deps,
      json: { queue: "none-such" },
      headers: { ...headers, "x-form-token": form },
    });
  expect((await post(operator)).http).toBe(403);
  expect((await post(script)).http).toBe(200);
});

test("while the keys of Access are out of reach the console says so, and lets nobody in", async () => {
  const { deps, token, away } = await access();
  away();
  const headers = byAccess(await token());
  const told = await ask("GET", "/console/data/overview", { deps, headers });
  expect([told.http, told.headers.get("retry-after")]).toEqual([503, "5"]);
  expect((await ask("GET", "/console/data/overview", { deps, headers: NO_TOKEN })).http).toBe(401);
});
