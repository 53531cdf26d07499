import { sql } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import { call, person, query, testDeps, unique, uniqueNumber } from "../support/index.ts";
import { intercept } from "../support/network.ts";

afterEach(() => void vi.restoreAllMocks());

const organizationNamed = async (name: string) =>
  (await query<{ id: number }>(sql`select id from organizations where name = ${name}`))[0]!.id;

test("a person reads their own profile in one round trip; what is not chosen yet is null", async () => {
  const someone = await person({ username: "Ada" });
  expect(await call("GET", "/users", { as: someone })).toMatchObject({
    http: 200,
    roundTrips: 1,
    data: {
      user_id: someone.id,
      username: "Ada",
      email: someone.email,
      mobile_number: null,
      reminder_preferences: null,
      cognito_user_id: someone.cognito_user_id,
      device_arn: null,
      device_token: null,
      organization_id: null,
      organization_name: null,
      time_zone: null,
      locale: null,
    },
  });
});

test("a person's id in the query names nobody else", async () => {
  const [someone, other] = [await person(), await person()];
  const answer = await call("GET", "/users", { as: someone, query: { user_id: other.id, id: other.id } });
  expect(answer.data.user_id).toBe(someone.id);
});

test("preferences are changed in one round trip, and what is absent stays", async () => {
  const someone = await person();
  const first = { reminder_preferences: "PUSH", time_zone: "America/New_York", locale: "pl_PL" };
  expect(await call("PATCH", "/users/preferences", { as: someone, json: first })).toMatchObject({
    http: 200,
    data: null,
    roundTrips: 1,
  });
  await call("PATCH", "/users/preferences", { as: someone, json: { reminder_preferences: "EMAIL" } });
  expect((await call("GET", "/users", { as: someone })).data).toMatchObject({
    reminder_preferences: "EMAIL",
    time_zone: "America/New_York",
    locale: "pl-PL",
  });
});

test("SMS without a verified number is a conflict, with one it is taken", async () => {
  const [without, verified] = [await person(), await person({ mobile_number: uniqueNumber() })];
  const json = { reminder_preferences: "SMS", time_zone: "Asia/Tokyo" };
  const refused = await call("PATCH", "/users/preferences", { as: without, json });
  expect(refused).toMatchObject({ http: 409, error: { code: "conflict" } });
  expect((await call("GET", "/users", { as: without })).data).toMatchObject({
    reminder_preferences: null,
    time_zone: null,
  });
  expect((await call("PATCH", "/users/preferences", { as: verified, json })).http).toBe(200);
});

test("every wrong preference is named at once", async () => {
  const json = { reminder_preferences: "PIGEON", time_zone: "Mars/Olympus", locale: "not a language" };
  const answer = await call("PATCH", "/users/preferences", { as: await person(), json });
  expect(answer.http).toBe(400);
  expect(answer.error!.issues!.map(({ path }) => path)).toEqual(["reminder_preferences", "time_zone", "locale"]);
});

test("an offset is no time zone: it knows no clock change", async () => {
  const json = { reminder_preferences: "EMAIL", time_zone: "+01:00" };
  const answer = await call("PATCH", "/users/preferences", { as: await person(), json });
  expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "time_zone" }] } });
});

test("a person chooses their bank in one round trip, and sees its name", async () => {
  const someone = await person();
  const organization_id = await organizationNamed("ING");
  const chosen = await call("PATCH", "/users/organization", { as: someone, json: { organization_id } });
  expect(chosen).toMatchObject({ http: 200, data: null, roundTrips: 1 });
  const { data } = await call("GET", "/users", { as: someone });
  expect(data).toMatchObject({ organization_id, organization_name: "ING" });
});

test("an unknown bank is 404 and changes nothing", async () => {
  const organization_id = await organizationNamed("PKO");
  const someone = await person({ organization_id });
  const answer = await call("PATCH", "/users/organization", { as: someone, json: { organization_id: 999_999_999 } });
  expect(answer).toMatchObject({ http: 404, error: { code: "not_found" } });
  expect((await call("GET", "/users", { as: someone })).data.organization_id).toBe(organization_id);
});

test("a device is registered in two round trips, and the one registered last is shown", async () => {
  const someone = await person();
  const phone = unique("phone");
  const tablet = crypto.randomUUID().replaceAll("-", "").repeat(2);
  const first = await call("PATCH", "/users/device", { as: someone, json: { device_token: phone } });
  expect(first).toMatchObject({ http: 200, data: null, roundTrips: 2 });
  await call("PATCH", "/users/device", { as: someone, json: { device_token: tablet, platform: "apns" } });
  const { data } = await call("GET", "/users", { as: someone });
  expect(data).toMatchObject({ device_token: tablet, device_arn: expect.stringMatching(/:endpoint\/APNS\//) });
  const devices = await query(sql`select device_token from devices where user_id = ${someone.id}`);
  expect(devices).toHaveLength(2);
});

test("the same device again changes nothing but when, and makes a dead one live", async () => {
  const someone = await person();
  const device_token = unique("phone");
  await call("PATCH", "/users/device", { as: someone, json: { device_token } });
  await query(
    sql`update devices set dead_at = now(), dead_reason = 'EndpointDisabled' where device_token = ${device_token}`,
  );
  expect((await call("GET", "/users", { as: someone })).data.device_token).toBeNull();
  expect((await call("PATCH", "/users/device", { as: someone, json: { device_token } })).http).toBe(200);
  expect((await call("GET", "/users", { as: someone })).data.device_token).toBe(device_token);
  expect(await query(sql`select from devices where device_token = ${device_token}`)).toHaveLength(1);
});

test("a device belongs to whoever signed in last on it", async () => {
  const [first, second] = [await person(), await person()];
  const device_token = unique("shared phone").replaceAll(" ", "-");
  for (const someone of [first, second]) await call("PATCH", "/users/device", { as: someone, json: { device_token } });
  expect((await call("GET", "/users", { as: first })).data.device_token).toBeNull();
  expect((await call("GET", "/users", { as: second })).data.device_token).toBe(device_token);
});

test("two people who register one device at once leave it with one of them", async () => {
  const people = await Promise.all([person(), person(), person()]);
  const device_token = unique("phone");
  const answers = await Promise.all(people.map((as) => call("PATCH", "/users/device", { as, json: { device_token } })));
  expect(answers.map(({ http }) => http)).toEqual([200, 200, 200]);
  expect(await query(sql`select from devices where device_token = ${device_token}`)).toHaveLength(1);
});

test("an endpoint whose token was replaced leaves nobody with the old one", async () => {
  const [first, second] = [await person(), await person()];
  const arn = `arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/torium/${unique("endpoint")}`;
  const xml = `<R><EndpointArn>${arn}</EndpointArn></R>`;
  intercept("http://sns.test", () => new Response(xml));
  const settings = { AWS_ENDPOINT_URL_SNS: "http://sns.test" };
  for (const as of [first, second]) {
    await call("PATCH", "/users/device", { as, json: { device_token: unique("token") }, deps: testDeps({ settings }) });
  }
  const owners = await query<{ user_id: number }>(sql`select user_id from devices where device_arn = ${arn}`);
  expect(owners).toEqual([{ user_id: second.id }]);
});

test("with SNS away registering is 503 and keeps nothing", async () => {
  const someone = await person();
  intercept("http://sns.test", () => new Response("<E><Code>InternalFailure</Code></E>", { status: 500 }));
  const deps = testDeps({ settings: { AWS_ENDPOINT_URL_SNS: "http://sns.test" } });
  const answer = await call("PATCH", "/users/device", { as: someone, json: { device_token: unique("phone") }, deps });
  expect(answer).toMatchObject({ http: 503, error: { code: "unavailable" } });
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(await query(sql`select from devices where user_id = ${someone.id}`)).toEqual([]);
});

test("nobody unknown reaches SNS", async () => {
  const calls = intercept("http://sns.test", () => new Response());
  const deps = testDeps({ settings: { AWS_ENDPOINT_URL_SNS: "http://sns.test" } });
  const someone = await person();
  await query(sql`delete from users where id = ${someone.id}`);
  for (const [method, path, json] of [
    ["PATCH", "/users/device", { device_token: unique("phone") }],
    ["POST", "/users/mobile", { mobile_number: uniqueNumber() }],
  ] as const) {
    expect((await call(method, path, { as: someone, json, deps })).http).toBe(401);
  }
  expect(calls).toEqual([]);
});

test("a token that the push service refuses, or a platform that is not served, is named", async () => {
  const as = await person();
  intercept("http://sns.test", () => new Response("<E><Code>InvalidParameter</Code></E>", { status: 400 }));
  const refusing = testDeps({ settings: { AWS_ENDPOINT_URL_SNS: "http://sns.test" } });
  const bad = await call("PATCH", "/users/device", { as, json: { device_token: "x" }, deps: refusing });
  expect(bad).toMatchObject({ http: 400, error: { issues: [{ path: "device_token" }] } });
  const noApple = testDeps({ settings: { SNS_PLATFORM_APPLICATION_ARN_APNS: undefined } });
  const json = { device_token: unique("phone"), platform: "apns" };
  const unserved = await call("PATCH", "/users/device", { as, json, deps: noApple });
  expect(unserved).toMatchObject({ http: 400, error: { issues: [{ path: "platform" }] } });
});
