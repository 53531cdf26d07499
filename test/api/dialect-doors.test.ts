import { afterEach, expect, test, vi } from "vitest";
import { api } from "../../src/api/index.ts";
import { call, person, testDeps } from "../support/index.ts";
import { confirm, event, newEmail, newSub, poolAnswers, rowsOf, send } from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

test("a header whose bytes were no UTF-8 is refused by its field, after the token, and nothing is stored", async () => {
  const as = await person();
  // The platform has put this for the byte before the Worker sees it.
  const headers = { "trm-name": "Caf\ufffd", "trm-description": "" };
  expect(await call("POST", "/groups", { as, headers })).toMatchObject({
    http: 200,
    status: { code: 400 },
    error: { code: "invalid_input", issues: [{ path: "name" }] },
  });
  expect((await call("POST", "/groups", { headers })).status.code).toBe(401);
  expect((await call("GET", "/groups", { as })).data).toEqual([]);
  const inQuery = await call("GET", "/users/email", { as, headers: { "trm-email": "a\ufffd@torium.test" } });
  expect(inQuery.error!.issues).toMatchObject([{ path: "email" }]);
});

test("a header in UTF-8 is read as it was meant", async () => {
  const as = await person();
  expect(
    (await call("POST", "/groups", { as, headers: { "trm-name": "Łódź ☕", "trm-description": "" } })).status.code,
  ).toBe(200);
  expect((await call("GET", "/groups", { as })).data).toMatchObject([{ name: "Łódź ☕" }]);
});

test("a trigger's event is signed by its bytes: a header of the app's dialect beside it changes nothing", async () => {
  poolAnswers();
  const [sub, email] = [newSub(), newEmail()];
  const headers = { "trm-user-id": "1" };
  const body = JSON.stringify(event("PreSignUp_SignUp", sub, { email }), null, 1);
  expect(await send(body, { headers })).toMatchObject({ http: 200, text: body });
  expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub }]);
  expect((await send(body, { headers, signature: null })).http).toBe(401);
  expect((await confirm(sub, email)).http).toBe(200);
});

test("the doors that are no endpoint of the app keep their own status beside its headers", async () => {
  const headers = { "trm-user-id": "1" };
  expect((await call("POST", "/hooks/sns", { headers, body: "{" })).http).toBe(400);
  const logo = new Request("https://api.torium.test/logos/none.png", { headers });
  expect((await api(logo, testDeps(), {} as ExecutionContext)).status).toBe(404);
  expect((await call("GET", "/users", { headers })).http).toBe(200);
});
