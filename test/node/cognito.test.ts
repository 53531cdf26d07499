import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import type { TriggerEvent } from "../../aws/forward-cognito-triggers.mjs";
import { callCognito, confirmSignUp, signIn, signUp } from "../../dev/client.ts";
import { codesByMail } from "../../dev/cognito/mail.ts";
import { type CognitoOptions, startCognito } from "../../dev/cognito.ts";
import { deletePoolUser } from "../../src/clients/cognito.ts";
import type { Settings } from "../../src/env.ts";

const ada = { email: "ada@example.com", password: "Correct-Horse-1" };

const keys = { accessKeyId: "LOCAL", secretAccessKey: "secret" };

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "torium-cognito-"));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function start(options: Partial<CognitoOptions> = {}) {
  const events: TriggerEvent[] = [];
  const codes: { to: string; code: string }[] = [];
  const cognito = await startCognito({
    directory: options.directory ?? newDirectory(),
    port: 0,
    region: "eu-central-1",
    ...keys,
    trigger: async (event) => {
      events.push(event);
      return event;
    },
    deliverCode: async (to, code) => void codes.push({ to, code }),
    ...options,
  });
  ends.push(cognito.stop);
  return { cognito, events, codes, newestCode: () => codes.at(-1)?.code ?? "" };
}

/** As the Worker does it: signed, with `custom:user_id` 42. */
async function setUserId(pool: Awaited<ReturnType<typeof start>>, signedWith: typeof keys | null): Promise<Response> {
  const request = {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSCognitoIdentityProviderService.AdminUpdateUserAttributes",
    },
    body: JSON.stringify({
      UserPoolId: pool.cognito.user_pool_id,
      Username: pool.events[0]!.userName,
      UserAttributes: [{ Name: "custom:user_id", Value: "42" }],
    }),
  };
  if (!signedWith) return fetch(pool.cognito.endpoint, request);
  const aws = new AwsClient({ ...signedWith, region: "eu-central-1", service: "cognito-idp", retries: 0 });
  return aws.fetch(`${pool.cognito.endpoint}/`, request);
}

/** As the Worker does it, by its own client; answers what Cognito says of it. */
const forget = (pool: Awaited<ReturnType<typeof start>>, username: string) =>
  deletePoolUser(
    {
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: pool.cognito.endpoint,
      COGNITO_USER_POOL_ID: pool.cognito.user_pool_id,
    } as Settings,
    username,
  );

async function newPerson(pool: Awaited<ReturnType<typeof start>>) {
  await signUp(pool, ada, "Ada");
  await confirmSignUp(pool, ada.email, pool.newestCode());
}

describe("Cognito of the local stack", () => {
  it("sends the code of a sign-up to the person's address", async () => {
    const pool = await start();
    await signUp(pool, ada, "Ada");
    expect(pool.codes).toEqual([{ to: ada.email, code: expect.stringMatching(/^\d{6}$/) }]);
  });

  it("runs PreSignUp with the event that Cognito sends, before anything is kept", async () => {
    const pool = await start();
    await signUp(pool, ada, "Ada");
    expect(pool.events).toEqual([
      expect.objectContaining({
        triggerSource: "PreSignUp_SignUp",
        region: "eu-central-1",
        userPoolId: pool.cognito.user_pool_id,
        callerContext: expect.objectContaining({ clientId: pool.cognito.client_id }),
        request: expect.objectContaining({
          userAttributes: expect.objectContaining({ email: ada.email, name: "Ada" }),
        }),
        response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
      }),
    ]);
    expect(pool.events[0]!.request.userAttributes.email_verified).toBeUndefined();
  });

  it("refuses the sign-up when PreSignUp fails, sends no code and keeps nobody", async () => {
    const trigger = async () => {
      throw new Error("Torium answered 503");
    };
    const pool = await start({ trigger });
    await expect(signUp(pool, ada, "Ada")).rejects.toMatchObject({
      code: "UserLambdaValidationException",
      message: expect.stringContaining("Torium answered 503"),
    });
    expect(pool.codes).toEqual([]);
    await expect(confirmSignUp(pool, ada.email, "000000")).rejects.toMatchObject({ code: "NotAuthorizedException" });
  });

  it("refuses the sign-up when the code cannot be sent", async () => {
    const deliverCode = async () => {
      throw new Error("no mail");
    };
    const pool = await start({ deliverCode });
    await expect(signUp(pool, ada, "Ada")).rejects.toMatchObject({ code: "InternalErrorException" });
  });

  it("takes the code as proof of the address and says so to PostConfirmation", async () => {
    const pool = await start();
    await newPerson(pool);
    expect(pool.events[1]).toMatchObject({
      triggerSource: "PostConfirmation_ConfirmSignUp",
      userName: pool.events[0]!.userName,
      request: { userAttributes: { email_verified: "true", "cognito:user_status": "CONFIRMED" } },
    });
  });

  it("tells the caller when PostConfirmation fails, with the person confirmed", async () => {
    const trigger = async (event: TriggerEvent) => {
      if (event.triggerSource.startsWith("PostConfirmation")) throw new Error("Torium answered 500");
      return event;
    };
    const pool = await start({ trigger });
    await signUp(pool, ada, "Ada");
    const confirmation = confirmSignUp(pool, ada.email, pool.newestCode());
    await expect(confirmation).rejects.toMatchObject({ code: "UserLambdaValidationException" });
    expect(decodeJwt(await signIn(pool, ada)).email).toBe(ada.email);
  });

  it("refuses a wrong code, and a sign-in before the right one", async () => {
    const pool = await start();
    await signUp(pool, ada, "Ada");
    const wrong = pool.newestCode() === "111111" ? "222222" : "111111";
    await expect(confirmSignUp(pool, ada.email, wrong)).rejects.toMatchObject({ code: "CodeMismatchException" });
    await expect(signIn(pool, ada)).rejects.toMatchObject({ code: "UserNotConfirmedException" });
  });

  it("sends a new code on request, and the earlier one no longer counts", async () => {
    const pool = await start();
    await signUp(pool, ada, "Ada");
    const first = pool.newestCode();
    await callCognito(pool, "ResendConfirmationCode", { Username: ada.email });
    expect(pool.codes).toHaveLength(2);
    if (first !== pool.newestCode()) {
      await expect(confirmSignUp(pool, ada.email, first)).rejects.toMatchObject({ code: "CodeMismatchException" });
    }
    await confirmSignUp(pool, ada.email, pool.newestCode());
  });

  it("issues tokens that jose verifies against the pool's keys", async () => {
    const pool = await start();
    await newPerson(pool);
    const { endpoint, user_pool_id, client_id } = pool.cognito;
    const issuer = `${endpoint}/${user_pool_id}`;
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(await signIn(pool, ada), keys, {
      issuer,
      audience: client_id,
      algorithms: ["RS256"],
    });
    const { userName: sub } = pool.events[0]!;
    expect(payload).toMatchObject({ sub, token_use: "id", email: ada.email, email_verified: true, name: "Ada" });
  });

  it("puts custom:user_id into the tokens of the next sign-in", async () => {
    const pool = await start();
    await newPerson(pool);
    expect((await setUserId(pool, keys)).status).toBe(200);
    expect(decodeJwt(await signIn(pool, ada))["custom:user_id"]).toBe("42");
  });

  it("forgets an erased person, once and again, and lets their address sign up anew", async () => {
    const pool = await start();
    await newPerson(pool);
    const { userName: sub } = pool.events[0]!;
    await forget(pool, sub);
    await forget(pool, sub);
    await expect(signIn(pool, ada)).rejects.toMatchObject({
      code: expect.stringMatching(/NotAuthorized|UserNotFound/),
    });
    await newPerson(pool);
    expect(decodeJwt(await signIn(pool, ada)).sub).not.toBe(sub);
  });

  it.each([
    ["no signature", null, "MissingAuthenticationTokenException"],
    ["an unknown key", { ...keys, accessKeyId: "OTHER" }, "UnrecognizedClientException"],
    ["a wrong secret", { ...keys, secretAccessKey: "other" }, "InvalidSignatureException"],
  ])("refuses administration with %s", async (_what, signedWith, fault) => {
    const pool = await start();
    await newPerson(pool);
    const response = await setUserId(pool, signedWith);
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ __type: fault })]);
    expect(decodeJwt(await signIn(pool, ada))["custom:user_id"]).toBeUndefined();
  });

  it("finds a person whatever the case of the address", async () => {
    const pool = await start();
    await newPerson(pool);
    expect(decodeJwt(await signIn(pool, { ...ada, email: "ADA@Example.com" })).email).toBe(ada.email);
    const again = signUp(pool, { ...ada, email: "Ada@example.com" }, "Ada");
    await expect(again).rejects.toMatchObject({ code: "UsernameExistsException" });
  });

  it.each(["sub", "email_verified", "custom:user_id"])("lets nobody claim %s at sign-up", async (Name) => {
    const pool = await start();
    const claim = callCognito(pool, "SignUp", {
      Username: ada.email,
      Password: ada.password,
      UserAttributes: [{ Name, Value: "true" }],
    });
    await expect(claim).rejects.toMatchObject({ code: "NotAuthorizedException" });
  });

  it("sets a new password with the code it sends", async () => {
    const pool = await start();
    await newPerson(pool);
    await callCognito(pool, "ForgotPassword", { Username: ada.email });
    const password = "Another-Horse-2";
    const ConfirmationCode = pool.newestCode();
    await callCognito(pool, "ConfirmForgotPassword", { Username: ada.email, Password: password, ConfirmationCode });
    expect(pool.events.at(-1)!.triggerSource).toBe("PostConfirmation_ConfirmForgotPassword");
    await signIn(pool, { ...ada, password });
    await expect(signIn(pool, ada)).rejects.toMatchObject({ code: "NotAuthorizedException" });
  });

  it("knows its people, its pool and its client after a restart, and nobody after a fresh start", async () => {
    const directory = newDirectory();
    const before = await start({ directory });
    await newPerson(before);
    await before.cognito.stop();
    ends.pop();
    const after = await start({ directory });
    expect(after.cognito.user_pool_id).toBe(before.cognito.user_pool_id);
    expect(after.cognito.client_id).toBe(before.cognito.client_id);
    await signIn(after, ada);
    await after.cognito.stop();
    ends.pop();
    const fresh = await start({ directory, fresh: true });
    await expect(signIn(fresh, ada)).rejects.toMatchObject({ code: "NotAuthorizedException" });
  });

  it("keeps whole files that only their owner can read", async () => {
    const directory = newDirectory();
    const pool = await start({ directory });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => signUp(pool, { ...ada, email: `ada${n}@example.com` }, "Ada")),
    );
    const files = readdirSync(directory);
    expect(files.filter((name) => !name.endsWith(".json"))).toEqual([]);
    for (const name of files) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    const people = JSON.parse(readFileSync(join(directory, `${pool.cognito.user_pool_id}.json`), "utf8")).Users;
    expect(Object.keys(people)).toHaveLength(20);
  });

  it("answers what it cannot read as Cognito does", async () => {
    const { cognito } = await start();
    const headers = { "x-amz-target": "AWSCognitoIdentityProviderService.SignUp" };
    const malformed = await fetch(cognito.endpoint, { method: "POST", headers, body: "{" });
    expect([malformed.status, await malformed.json()]).toEqual([
      400,
      expect.objectContaining({ __type: "SerializationException" }),
    ]);
    expect((await fetch(`${cognito.endpoint}/elsewhere/.well-known/jwks.json`)).status).toBe(404);
  });
});

describe("the e-mail with the code", () => {
  it("goes out as a signed SendEmail call that carries the code", async () => {
    const calls: { url?: string; authorization?: string; body: string }[] = [];
    const ses = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      calls.push({ url: request.url ?? "", authorization: request.headers.authorization ?? "", body });
      response.end(JSON.stringify({ MessageId: "1" }));
    }).listen(0, "127.0.0.1");
    await once(ses, "listening");
    ends.push(() => void ses.close());
    const url = `http://127.0.0.1:${(ses.address() as AddressInfo).port}`;
    const aws = { region: "eu-central-1", access_key_id: "LOCAL", secret_access_key: "secret" };
    await codesByMail({ url, ...aws, from: "Torium <no-reply@torium.local>" })(ada.email, "123456");
    expect(calls).toHaveLength(1);
    expect(calls[0]!.url).toBe("/v2/email/outbound-emails");
    expect(calls[0]!.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=LOCAL\/\d{8}\/eu-central-1\/ses\/aws4_request/,
    );
    expect(JSON.parse(calls[0]!.body)).toMatchObject({
      Destination: { ToAddresses: [ada.email] },
      Content: { Simple: { Body: { Text: { Data: expect.stringContaining("123456") } } } },
    });
  });
});
