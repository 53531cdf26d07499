import { sql } from "drizzle-orm";
import { base64url, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import { verifyToken } from "../../src/api/auth.ts";
import {
  accessToken,
  call,
  idToken,
  person,
  pool,
  query,
  settings,
  signToken,
  testDeps,
  unique,
} from "../support/index.ts";
import { intercept } from "../support/network.ts";
import { depsWithPool, poolAnswers } from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

const now = () => Math.floor(Date.now() / 1000);
const claims = (sub: string) => ({
  sub,
  iss: settings.COGNITO_ISSUER,
  token_use: "access",
  client_id: "test-client",
  iat: now(),
  exp: now() + 3600,
});
const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
const publicPem = async () => exportSPKI((await importJWK(pool.public, "RS256", { extractable: true })) as CryptoKey);
const hs256 = (payload: Record<string, unknown>, key: string) =>
  new SignJWT(payload).setProtectedHeader({ alg: "HS256", kid: "test-key" }).sign(new TextEncoder().encode(key));

async function expectRefused(token: string | undefined) {
  const answer = await call("GET", "/users", token === undefined ? {} : { as: token });
  expect(answer).toMatchObject({ http: 401, data: null, error: { code: "unauthenticated" }, roundTrips: 0 });
}

test("an access token and an ID token of the pool and client are taken", async () => {
  const someone = await person();
  for (const as of [
    await accessToken(someone.cognito_user_id),
    await idToken(someone.cognito_user_id, someone.email),
  ]) {
    expect(await call("GET", "/users", { as })).toMatchObject({
      http: 200,
      data: { user_id: someone.id },
      roundTrips: 1,
    });
  }
});

describe("refused, without asking the database", () => {
  test("no token, another scheme, or several words", async () => {
    const { token } = await person();
    await expectRefused(undefined);
    for (const authorization of ["", "Bearer", "Bearer ", `Basic ${token}`, token, `Bearer ${token} ${token}`]) {
      const answer = await call("GET", "/users", { headers: { authorization } });
      expect(answer.http, authorization).toBe(401);
    }
  });

  test("an expired token, from the second it expires", async () => {
    const { cognito_user_id } = await person();
    const exp = now() + 1000;
    const token = await accessToken(cognito_user_id, { exp });
    const at = async (ms: number) =>
      (await call("GET", "/users", { as: token, deps: testDeps({ now: () => ms }) })).http;
    expect(await at(exp * 1000 - 1000)).toBe(200);
    expect(await at(exp * 1000)).toBe(401);
  });

  test.each<[string, Record<string, unknown>]>([
    ["without exp", { exp: undefined }],
    ["with an exp that is no number", { exp: "9999999999" }],
    ["that is not valid yet", { nbf: 4_000_000_000 }],
    ["of another pool", { iss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other" }],
    ["without an issuer", { iss: undefined }],
    ["of another client", { client_id: "another-client" }],
    ["without a client", { client_id: undefined }],
    ["whose client stands where an ID token has it", { client_id: undefined, aud: "test-client" }],
    ["of another use", { token_use: "refresh" }],
    ["without a use", { token_use: undefined }],
    ["without a sub", { sub: undefined }],
    ["with an empty sub", { sub: "" }],
  ])("an access token %s", async (_what, changed) => {
    const { cognito_user_id } = await person();
    await expectRefused(
      await signToken({ sub: cognito_user_id, token_use: "access", client_id: "test-client", ...changed }),
    );
  });

  test.each<[string, Record<string, unknown>]>([
    ["of another client", { aud: "another-client" }],
    ["whose client stands where an access token has it", { aud: undefined, client_id: "test-client" }],
    ["for several clients", { aud: ["test-client", "another-client"] }],
  ])("an ID token %s", async (_what, changed) => {
    const someone = await person();
    await expectRefused(await idToken(someone.cognito_user_id, someone.email, changed));
  });

  test("an unsigned token (none), in every spelling", async () => {
    const { cognito_user_id } = await person();
    for (const alg of ["none", "None", "NONE"]) {
      const unsigned = `${encode({ alg, kid: "test-key" })}.${encode(claims(cognito_user_id))}`;
      await expectRefused(`${unsigned}.`);
      await expectRefused(`${unsigned}.${base64url.encode("signature")}`);
    }
  });

  test("a token signed with HS256 and the public key for its secret", async () => {
    const { cognito_user_id } = await person();
    const payload = claims(cognito_user_id);
    await expectRefused(await hs256(payload, await publicPem()));
    await expectRefused(await hs256(payload, JSON.stringify(pool.public)));
    await expectRefused(await hs256(payload, pool.public.n!));
  });

  test("a token signed by somebody else's key, under our key's id, an unknown one, or with the key inside", async () => {
    const { cognito_user_id } = await person();
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk = (await crypto.subtle.exportKey("jwk", publicKey)) as JWK;
    const headers = [
      { alg: "RS256", kid: "test-key" },
      { alg: "RS256", kid: "unknown-key" },
      { alg: "RS256", kid: "test-key", jwk },
      { alg: "RS256", kid: "test-key", jku: "https://evil.test/jwks.json" },
    ];
    for (const header of headers) {
      await expectRefused(await new SignJWT(claims(cognito_user_id)).setProtectedHeader(header).sign(privateKey));
    }
  });

  test("a token whose claims were changed after it was signed", async () => {
    const [someone, other] = [await person(), await person()];
    const [header, , signature] = someone.token.split(".");
    await expectRefused(`${header}.${encode(claims(other.cognito_user_id))}.${signature}`);
  });

  test("garbage", async () => {
    const { token } = await person();
    const [header, payload, signature] = token.split(".");
    const bad = [
      "x",
      "..",
      "a.b.c",
      "null",
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${token}.x`,
      `${"A".repeat(10_000)}`,
    ];
    for (const one of [
      ...bad,
      `${encode("text")}.${payload}.${signature}`,
      `${header}.${encode("text")}.${signature}`,
    ]) {
      await expectRefused(one);
    }
  });
});

test("a token found good is believed for five minutes without another look at its signature, no other token with it", async () => {
  const { cognito_user_id } = await person();
  const token = await accessToken(cognito_user_id, { exp: now() + 3600 });
  const verify = vi.spyOn(crypto.subtle, "verify");
  const at = Date.now();
  const asked = { ...settings };
  const look = (text: string, ms: number, of = asked) => verifyToken(text, of, at + ms);
  const [header, payload, signature = ""] = token.split(".");
  const forged = [header, payload, `${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`].join(".");

  expect(await look(token, 0)).toMatchObject({ cognito_user_id });
  expect(await look(token, 299_999)).toMatchObject({ cognito_user_id });
  expect(verify).toHaveBeenCalledTimes(1);
  await expect(look(forged, 0)).rejects.toMatchObject({ code: "unauthenticated" });
  await expect(look(forged, 1)).rejects.toMatchObject({ code: "unauthenticated" });
  await expect(look(token, 0, { ...asked, COGNITO_CLIENT_IDS: ["another"] })).rejects.toMatchObject({
    code: "unauthenticated",
  });
  verify.mockClear();
  await look(token, 300_000);
  expect(verify).toHaveBeenCalledTimes(1);
  await expect(look(token, 3_600_000)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("a token that ends sooner is believed until then, and one found good later than now is looked at again", async () => {
  const { cognito_user_id } = await person();
  const at = Date.now();
  const exp = Math.floor(at / 1000) + 60;
  const token = await accessToken(cognito_user_id, { exp });
  const verify = vi.spyOn(crypto.subtle, "verify");
  const asked = { ...settings };
  expect(await verifyToken(token, asked, at)).toMatchObject({ cognito_user_id });
  expect(await verifyToken(token, asked, exp * 1000 - 1)).toMatchObject({ cognito_user_id });
  expect(verify).toHaveBeenCalledTimes(1);
  expect(await verifyToken(token, asked, at - 1)).toMatchObject({ cognito_user_id });
  expect(verify).toHaveBeenCalledTimes(2);
  await expect(verifyToken(token, asked, exp * 1000)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("with the issuer's keys out of reach, or unreadable, it is 503 and no verdict on the token", async () => {
  const { token } = await person();
  const answers: [string, () => Response | Promise<Response>][] = [
    ["down", () => Promise.reject(new TypeError("connection refused"))],
    ["failing", () => new Response("", { status: 500 })],
    ["moved", () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } })],
    ["html", () => new Response("<html>")],
    ["other", () => Response.json({ hello: "there" })],
  ];
  for (const [name, answer] of answers) {
    intercept(`https://${name}.test`, answer);
    const deps = testDeps({ settings: { COGNITO_JWKS_URL: `https://${name}.test/jwks.json` } });
    const refused = await call("GET", "/users", { as: token, deps });
    expect(refused, name).toMatchObject({ http: 503, error: { code: "unavailable" } });
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    vi.restoreAllMocks();
  }
});

describe("where sign-up left no row", () => {
  const newcomer = () => ({ sub: crypto.randomUUID(), email: `${unique("late")}@torium.test` });

  test("an ID token with a verified address makes it, named as the pool names the person", async () => {
    const { sub, email } = newcomer();
    const as = await idToken(sub, email.toUpperCase(), { name: "Grace" });
    const made = await call("GET", "/users", { as });
    expect(made).toMatchObject({ http: 200, data: { username: "Grace", email, cognito_user_id: sub } });
    expect((await call("GET", "/users", { as: await accessToken(sub) })).data.user_id).toBe(made.data.user_id);
  });

  test("the pool is told the id of the row that a token made, once, by the name it knows the person by", async () => {
    const told = poolAnswers();
    const { sub, email } = newcomer();
    const as = await idToken(sub, email, { "cognito:username": "google_12" });
    // A request that is refused makes the row too.
    expect((await call("PATCH", "/users/preferences", { as, json: {}, deps: depsWithPool() })).http).toBe(400);
    const { data } = await call("GET", "/users", { as, deps: depsWithPool() });
    expect(told.map(({ body }) => JSON.parse(body))).toEqual([
      {
        UserPoolId: "eu-central-1_test",
        Username: "google_12",
        UserAttributes: [{ Name: "custom:user_id", Value: String(data.user_id) }],
      },
    ]);
  });

  test("a pool that does not take the id is logged, and the request goes on; nothing is told where the row is there", async () => {
    const told = poolAnswers(500);
    const { sub, email } = newcomer();
    const logged: string[] = [];
    const deps = depsWithPool({ log: { info: () => {}, warn: () => {}, error: (event) => void logged.push(event) } });
    expect((await call("GET", "/users", { as: await idToken(sub, email), deps })).http).toBe(200);
    expect(logged).toEqual(["user id"]);
    expect((await call("GET", "/users", { as: await accessToken(sub), deps })).http).toBe(200);
    expect(told.map(({ body }) => JSON.parse(body).Username)).toEqual([sub]);
  });

  test("several requests at once make one", async () => {
    const { sub, email } = newcomer();
    const as = await idToken(sub, email);
    const answers = await Promise.all([1, 2, 3, 4].map(() => call("GET", "/users", { as })));
    expect(answers.map(({ http }) => http)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ data }) => data.user_id)).size).toBe(1);
  });

  test("without a name the part before the @ is the name", async () => {
    const { sub, email } = newcomer();
    const { data } = await call("GET", "/users", { as: await idToken(sub, email, { name: undefined }) });
    expect(data.username).toBe(email.split("@")[0]);
  });

  test("email_verified may be text, as Cognito's emulators write it", async () => {
    const { sub, email } = newcomer();
    expect((await call("GET", "/users", { as: await idToken(sub, email, { email_verified: "true" }) })).http).toBe(200);
  });

  test("an access token, or an address that is not verified, makes none", async () => {
    const { sub, email } = newcomer();
    for (const as of [
      await accessToken(sub),
      await idToken(sub, email, { email_verified: false }),
      await idToken(sub, email, { email_verified: "false" }),
      await idToken(sub, email, { email_verified: undefined }),
      await idToken(sub, email, { email: undefined }),
    ]) {
      expect((await call("GET", "/users", { as })).http).toBe(401);
    }
    expect(await query(sql`select from users where email = ${email}`)).toEqual([]);
  });

  test("the address of another person makes none, and the other keeps theirs", async () => {
    const owner = await person();
    expect((await call("GET", "/users", { as: await idToken(crypto.randomUUID(), owner.email) })).http).toBe(401);
    expect((await call("GET", "/users", { as: owner })).data.user_id).toBe(owner.id);
  });

  test("an unconfirmed row is confirmed by any token of its person", async () => {
    const { sub, email } = newcomer();
    await query(sql`insert into users (cognito_user_id, email, username) values (${sub}, ${email}, 'Ada')`);
    expect(await call("GET", "/users", { as: await accessToken(sub) })).toMatchObject({ http: 200, data: { email } });
  });

  test("an unconfirmed row of somebody else gives way to the person who proved the address", async () => {
    const { sub, email } = newcomer();
    await query(
      sql`insert into users (cognito_user_id, email, username) values (${crypto.randomUUID()}, ${email}, 'Squatter')`,
    );
    expect((await call("GET", "/users", { as: await idToken(sub, email) })).data).toMatchObject({
      username: "Somebody",
    });
  });
});

describe("an erased person", () => {
  const erased = async () => {
    const sub = crypto.randomUUID();
    await query(
      sql`insert into erased_people (cognito_user_id_sha256) values (encode(sha256(convert_to(${sub}, 'UTF8')), 'hex'))`,
    );
    return { sub, email: `${unique("erased")}@torium.test` };
  };

  test("is refused with every token, and no row comes back", async () => {
    const { sub, email } = await erased();
    for (const as of [await accessToken(sub), await idToken(sub, email)]) {
      expect(await call("GET", "/users", { as })).toMatchObject({ http: 401, error: { code: "unauthenticated" } });
    }
    expect(await query(sql`select from users where email = ${email}`)).toEqual([]);
  });

  test("is told 401 before anything about what they sent", async () => {
    const { sub, email } = await erased();
    const as = await idToken(sub, email);
    expect((await call("PATCH", "/users/preferences", { as, json: {} })).http).toBe(401);
    expect((await call("PATCH", "/users/preferences", { as, body: "x".repeat(70_000) })).http).toBe(401);
  });
});
