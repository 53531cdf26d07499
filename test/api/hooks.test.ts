import { sql } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import { call, idToken, person, query } from "../support/index.ts";
import { group } from "../support/pipeline.ts";
import {
  confirm,
  depsWithPool,
  erase,
  event,
  fire,
  hexHmac,
  limited,
  newEmail,
  newSub,
  poolAnswers,
  rowsOf,
  SECRET,
  send,
  signUp,
} from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

test("a sign-up leaves an unconfirmed row, its confirmation a confirmed one; each answers the event as it came, in one round trip", async () => {
  const pool = poolAnswers();
  const [sub, email] = [newSub(), newEmail()];
  const body = `${JSON.stringify(event("PreSignUp_SignUp", sub, { email, name: "Łucja" }), null, 1)}\n`;
  expect(await send(body)).toEqual({ http: 200, text: body, retry: null, roundTrips: 1 });
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, username: "Łucja", confirmed: false }]);
  expect(pool).toEqual([]);
  expect(await confirm(sub, email, "Łucja")).toMatchObject({ http: 200, roundTrips: 1 });
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, username: "Łucja", confirmed: true }]);
});

test("after confirmation the pool holds the person's id, set by a signed call", async () => {
  const pool = poolAnswers();
  const [sub, email] = [newSub(), newEmail()];
  await confirm(sub, email);
  const [row] = await rowsOf(email);
  expect(pool).toHaveLength(1);
  expect(JSON.parse(pool[0]!.body)).toEqual({
    UserPoolId: "eu-central-1_test",
    Username: sub,
    UserAttributes: [{ Name: "custom:user_id", Value: String(row!.id) }],
  });
  expect(pool[0]!.headers.get("x-amz-target")).toBe("AWSCognitoIdentityProviderService.AdminUpdateUserAttributes");
  expect(pool[0]!.headers.get("authorization")).toMatch(/^AWS4-HMAC-SHA256 .*\/cognito-idp\/aws4_request/);
});

test("a pool that does not take the id is an error to Cognito, with the row safely written; the next try mends it", async () => {
  const [sub, email] = [newSub(), newEmail()];
  poolAnswers(500);
  expect((await confirm(sub, email)).http).toBe(503);
  expect(await rowsOf(email)).toMatchObject([{ confirmed: true }]);
  poolAnswers();
  expect((await confirm(sub, email)).http).toBe(200);
  expect(await rowsOf(email)).toHaveLength(1);
});

test("the older of two secrets is taken too", async () => {
  expect(
    (await fire("PreSignUp_SignUp", newSub(), { email: newEmail() }, { secret: "an-older-hook-secret" })).http,
  ).toBe(200);
});

test("a signature up to five minutes off is taken, in both directions, and none beyond", async () => {
  const deps = depsWithPool({ now: () => 1_800_000_000_000 });
  const withAge = async (seconds: number) => {
    const at = deps.now() - seconds * 1000;
    return (await fire("PreSignUp_SignUp", newSub(), { email: newEmail() }, { at, deps })).http;
  };
  expect(await Promise.all([-300, 300].map(withAge))).toEqual([200, 200]);
  expect(await Promise.all([-301, 301, 86_400].map(withAge))).toEqual([401, 401, 401]);
});

test("a missing, wrong or misshapen signature is refused and writes nothing", async () => {
  const [sub, email] = [newSub(), newEmail()];
  const body = JSON.stringify(event("PreSignUp_SignUp", sub, { email }));
  const t = Math.floor(Date.now() / 1000);
  const right = await hexHmac(SECRET, `${t}.${body}`);
  const other = await hexHmac(SECRET, `${t}.${body} `);
  const wrong = [
    null,
    "",
    right,
    `v1=${right}`,
    `t=${t}`,
    `t=${t},v1=`,
    `t=${t},v1=${other}`,
    `t=${t + 1},v1=${right}`,
    `t=${t},v1=${right.slice(0, 62)}`,
    `t=${t},v1=${right}00`,
    `t=${t},v0=${right}`,
    `t=x,v1=${right}`,
  ];
  for (const signature of wrong) expect((await send(body, { signature })).http, `${signature}`).toBe(401);
  expect((await send(body, { secret: "another-secret-altogether" })).http).toBe(401);
  expect(await rowsOf(email)).toEqual([]);
  expect((await send(body, { signature: `t=${t},v1=${right}` })).http).toBe(200);
});

test("a body that was changed on its way is refused", async () => {
  const body = JSON.stringify(event("PreSignUp_SignUp", newSub(), { email: newEmail() }));
  const t = Math.floor(Date.now() / 1000);
  const signature = `t=${t},v1=${await hexHmac(SECRET, `${t}.${body}`)}`;
  expect((await send(body.replace("test-client", "evil-client"), { signature })).http).toBe(401);
});

test("a refusal says nothing about the inside and comes in the envelope", async () => {
  const { text } = await send("{", { signature: null });
  expect(JSON.parse(text)).toMatchObject({ status: { code: 401 }, data: null, error: { code: "unauthenticated" } });
});

test("a signed body that is no event is 400 with every fault named", async () => {
  expect(JSON.parse((await send("{")).text).error.issues).toEqual([{ path: "", message: expect.any(String) }]);
  const answer = await send(
    JSON.stringify({ triggerSource: "PreSignUp_SignUp", request: { userAttributes: { email: "x" } } }),
  );
  expect(answer.http).toBe(400);
  const paths = JSON.parse(answer.text).error.issues.map(({ path }: { path: string }) => path);
  expect(paths).toEqual(["userName", "request.userAttributes.email"]);
});

test("other triggers are answered as they came and write nothing", async () => {
  for (const source of [
    "PreSignUp_AdminCreateUser",
    "PreSignUp_ExternalProvider",
    "PostAuthentication_Authentication",
  ]) {
    const email = newEmail();
    const body = JSON.stringify(event(source, newSub(), { email }));
    expect(await send(body)).toEqual({ http: 200, text: body, retry: null, roundTrips: 0 });
    expect(await rowsOf(email)).toEqual([]);
  }
});

test("each trigger twice, twice at once, and late gives the same", async () => {
  poolAnswers();
  const [sub, email] = [newSub(), newEmail()];
  const both = (fired: () => Promise<{ http: number }>) => Promise.all([fired(), fired()]);
  const answers = [
    ...(await both(() => signUp(sub, email, "Ada"))),
    ...(await both(() => confirm(sub, email, "Ada"))),
    ...(await both(() => signUp(sub, email, "Ada"))),
    await confirm(sub, email, "Ada"),
  ];
  expect(answers.map(({ http }) => http)).toEqual(answers.map(() => 200));
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, username: "Ada", confirmed: true }]);
});

test("a confirmation that comes before its sign-up, or without one, makes the row", async () => {
  poolAnswers();
  const [sub, email] = [newSub(), newEmail()];
  await confirm(sub, email, "Ada");
  await signUp(sub, email, "Ada");
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, confirmed: true }]);
});

test("a sign-up and its confirmation at once leave a confirmed row", async () => {
  poolAnswers();
  for (let round = 0; round < 5; round++) {
    const [sub, email] = [newSub(), newEmail()];
    const answers = await Promise.all([signUp(sub, email), confirm(sub, email), signUp(sub, email)]);
    expect(answers.map(({ http }) => http)).toEqual([200, 200, 200]);
    expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, confirmed: true }]);
  }
});

test("a new sign-up replaces an unconfirmed row of its address", async () => {
  const [older, newer, email] = [newSub(), newSub(), newEmail()];
  await signUp(older, email, "Older");
  expect((await signUp(newer, email, "Newer")).http).toBe(200);
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: newer, username: "Newer", confirmed: false }]);
});

test("whoever confirms an address has it, in whatever order the sign-ups came", async () => {
  poolAnswers();
  const [older, newer, email] = [newSub(), newSub(), newEmail()];
  await signUp(newer, email, "Newer");
  await signUp(older, email, "Older");
  expect((await confirm(newer, email, "Newer")).http).toBe(200);
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: newer, username: "Newer", confirmed: true }]);
});

test("many sign-ups of one address at once leave one row", async () => {
  const email = newEmail();
  const { deps } = limited(() => true);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => fire("PreSignUp_SignUp", newSub(), { email }, { deps })),
  );
  expect(new Set(answers.map(({ http }) => http))).toEqual(new Set([200]));
  expect(await rowsOf(email)).toHaveLength(1);
});

test("two people who confirm one address at once: one has it, the other is told", async () => {
  poolAnswers();
  const email = newEmail();
  const answers = await Promise.all([1, 2].map(() => confirm(newSub(), email)));
  expect(answers.map(({ http }) => http).sort()).toEqual([200, 409]);
  expect(await rowsOf(email)).toMatchObject([{ confirmed: true }]);
});

test("an address that is confirmed refuses another's sign-up, in whatever case it is written", async () => {
  const owner = await person();
  expect((await signUp(newSub(), owner.email.toUpperCase())).http).toBe(409);
  expect((await confirm(newSub(), owner.email)).http).toBe(409);
  expect(await rowsOf(owner.email)).toMatchObject([{ id: owner.id, cognito_user_id: owner.cognito_user_id }]);
});

test("an erased person is refused and gets no row", async () => {
  const pool = poolAnswers();
  const [sub, email] = [newSub(), newEmail()];
  await erase(sub);
  for (const fired of [signUp, confirm]) expect((await fired(sub, email)).http).toBe(401);
  expect((await confirm(sub, email, "Ada", "ConfirmForgotPassword")).http).toBe(401);
  expect(await rowsOf(email)).toEqual([]);
  expect(pool).toEqual([]);
});

test("an erased person's late trigger does not touch the newer sign-up of the address", async () => {
  const [erased, newer, email] = [newSub(), newSub(), newEmail()];
  await erase(erased);
  await signUp(newer, email);
  expect((await signUp(erased, email)).http).toBe(401);
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: newer }]);
});

test("a forgotten password changes nothing of a person who is there", async () => {
  poolAnswers();
  const someone = await person({ username: "Ada" });
  const answer = await confirm(someone.cognito_user_id, someone.email, "Somebody else", "ConfirmForgotPassword");
  expect(answer).toMatchObject({ http: 200, roundTrips: 1 });
  expect(await rowsOf(someone.email)).toMatchObject([{ id: someone.id, username: "Ada", confirmed: true }]);
});

test("a forgotten password of a person whose address in the pool is another's by now still passes", async () => {
  poolAnswers();
  const [someone, other] = [await person(), await person()];
  expect((await confirm(someone.cognito_user_id, other.email, "X", "ConfirmForgotPassword")).http).toBe(200);
  expect(await rowsOf(other.email)).toMatchObject([{ id: other.id }]);
  expect(await rowsOf(someone.email)).toMatchObject([{ id: someone.id }]);
});

test("a forgotten password heals a missing row, and passes though the pool does not take the id", async () => {
  poolAnswers(500);
  const [sub, email] = [newSub(), newEmail()];
  expect((await confirm(sub, email, "Ada", "ConfirmForgotPassword")).http).toBe(200);
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, username: "Ada", confirmed: true }]);
});

test("a row that cannot be written is an error to Cognito", async () => {
  const deps = depsWithPool();
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("the database is away"));
  const answer = await fire("PreSignUp_SignUp", newSub(), { email: newEmail() }, { deps });
  expect(answer.http).toBe(503);
  expect(answer.text).not.toMatch(/database/);
});

test("the address is kept in lower case, and without a name the part before the @ is the name", async () => {
  const email = newEmail();
  await signUp(newSub(), email.replace("newcomer", "NewComer"));
  expect(await rowsOf(email)).toMatchObject([{ username: email.split("@")[0] }]);
});

test("a name of blanks counts as none, and one with characters that hide or break is cleaned", async () => {
  const [blank, strange] = [newEmail(), newEmail()];
  await signUp(newSub(), blank, "  \t ");
  expect(await rowsOf(blank)).toMatchObject([{ username: blank.split("@")[0] }]);
  await signUp(newSub(), strange, "Ada\u0000\u202e\n Lovelace");
  expect(await rowsOf(strange)).toMatchObject([{ username: "Ada Lovelace" }]);
});

test("open invitations of the address find their person at confirmation; those of others, and answered ones, do not", async () => {
  poolAnswers();
  const [admin, sub, email] = [await person(), newSub(), newEmail()];
  const [first, second, third] = [await group(admin), await group(admin), await group(admin)];
  const invite = (group_id: number, to: string, status: string) =>
    query(
      sql`insert into group_invitation_logs (group_id, email, invited_by, status) values (${group_id}, ${to}, ${admin.id}, ${status}::invitation_status)`,
    );
  await invite(first, email, "open");
  await invite(second, email, "withdrawn");
  await invite(third, newEmail(), "open");
  await signUp(sub, email);
  const bound = () =>
    query<{ group_id: number; user_id: number }>(
      sql`select group_id, user_id from group_invitation_logs where invited_by = ${admin.id} and user_id is not null`,
    );
  expect(await bound()).toEqual([]);
  await confirm(sub, email);
  const [row] = await rowsOf(email);
  expect(await bound()).toEqual([{ group_id: first, user_id: row!.id }]);
  const seen = await call("GET", "/groups/invitation", { as: await idToken(sub, email) });
  expect(seen.data).toMatchObject([{ group_id: first }]);
});

test("an invitation of the address that would double an open one of the person stays as it is", async () => {
  poolAnswers();
  const [admin, someone] = [await person(), await person()];
  const group_id = await group(admin);
  await query(sql`insert into group_invitation_logs (group_id, user_id) values (${group_id}, ${someone.id})`);
  await query(sql`insert into group_invitation_logs (group_id, email) values (${group_id}, ${someone.email})`);
  expect((await confirm(someone.cognito_user_id, someone.email, "A", "ConfirmForgotPassword")).http).toBe(200);
});
