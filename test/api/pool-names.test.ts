import { afterEach, expect, test, vi } from "vitest";
import { accessToken, call, idToken } from "../support/index.ts";
import {
  confirm,
  depsWithPool,
  event,
  fire,
  newEmail,
  newSub,
  poolAnswers,
  rowsOf,
  send,
} from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

/** Names that the database cannot hold, or that no pool gives. */
const IMPOSSIBLE = ["a\u0000b", "\ud800", "a\udc00b", "", "x".repeat(129)];

test("a trigger whose names are no text, or too long, is refused by the field and writes nothing", async () => {
  const pool = poolAnswers();
  for (const source of [
    "PreSignUp_SignUp",
    "PostConfirmation_ConfirmSignUp",
    "PostConfirmation_ConfirmForgotPassword",
  ]) {
    for (const name of IMPOSSIBLE) {
      const email = newEmail();
      for (const [path, sent] of [
        ["userName", { ...event(source, newSub(), { email }), userName: name }],
        ["request.userAttributes.sub", event(source, newSub(), { email, sub: name })],
      ] as const) {
        const { http, text } = await send(JSON.stringify(sent));
        expect(http, path).toBe(400);
        expect(JSON.parse(text).error.issues).toMatchObject([{ path }]);
      }
      expect(await rowsOf(email)).toEqual([]);
    }
  }
  expect(pool).toEqual([]);
});

test("a token whose names are no text, or too long, is no token", async () => {
  for (const name of IMPOSSIBLE) {
    const tokens = [
      await accessToken(name),
      await idToken(name, newEmail()),
      await accessToken(newSub(), { username: name }),
      await idToken(newSub(), newEmail(), { "cognito:username": name }),
    ];
    for (const as of tokens) {
      const answer = await call("GET", "/users", { as });
      expect(answer).toMatchObject({ http: 401, roundTrips: 0 });
    }
  }
});

test("names of 128 characters are taken", async () => {
  poolAnswers();
  const email = newEmail();
  const sub = newSub().padEnd(128, "x");
  expect((await confirm(sub, email)).http).toBe(200);
  expect((await call("GET", "/users", { as: await accessToken(sub, { username: sub }) })).http).toBe(200);
});

test("a pool that refuses the id for good does not hold up the confirmation: the row stands, the log tells", async () => {
  for (const [status, type, code] of [
    [400, "UserNotFoundException", "UserNotFoundException"],
    [400, "com.amazonaws.cognito#InvalidParameterException", "InvalidParameterException"],
    [403, undefined, "http_403"],
  ] as const) {
    poolAnswers(status, type);
    const failures: unknown[] = [];
    const log = { ...depsWithPool().log, error: (_: string, error: unknown) => void failures.push(error) };
    const [sub, email] = [newSub(), newEmail()];
    const answer = await fire("PostConfirmation_ConfirmSignUp", sub, { sub, email }, { deps: depsWithPool({ log }) });
    expect(answer.http).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ userName: sub });
    expect(await rowsOf(email)).toMatchObject([{ confirmed: true }]);
    expect(failures).toMatchObject([{ name: "PoolRefusal", code }]);
    vi.restoreAllMocks();
  }
});

test("a pool that is busy or broken is an error to Cognito, which tries again", async () => {
  for (const [status, type] of [
    [400, "TooManyRequestsException"],
    [400, "ThrottlingException"],
    [429, undefined],
    [500, "InternalErrorException"],
    [503, undefined],
  ] as const) {
    poolAnswers(status, type);
    expect(await confirm(newSub(), newEmail()), type).toMatchObject({ http: 503, retry: "5" });
    vi.restoreAllMocks();
  }
});
