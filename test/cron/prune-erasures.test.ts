import { sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { device } from "../support/arranged.ts";
import { call, type Person, person, query, testDeps, unique } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import { clockedDeps } from "../support/pipeline.ts";
import { count, instant, prune } from "../support/pruned.ts";

const DAY = 86_400_000;

/** Erased while nothing outside could be reached. */
async function erasedAlone(someone: Person) {
  vi.spyOn(console, "error").mockImplementation(() => {});
  intercept("http://away.test", () => new Response("busy", { status: 503 }));
  const settings = {
    AWS_ENDPOINT_URL_SNS: "http://away.test",
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: "http://away.test",
  };
  expect((await call("DELETE", "/users", { as: someone, deps: testDeps({ settings }) })).http).toBe(200);
  vi.restoreAllMocks();
}
const unfinished = ({ id, cognito_user_id }: Person, ...arns: string[]) =>
  query<{ kind: string }>(
    sql`select kind from pending_erasures where target = any(${sql.param([String(id), cognito_user_id, ...arns])}::text[]) order by kind`,
  );

test("an erasure that a crash or an outage cut short is finished at night, and its traces are looked for until none can come", async () => {
  const someone = await person();
  const { arn } = await device(someone);
  await erasedAlone(someone);
  const clock = { ms: Date.now() };
  await prune(clockedDeps(clock), clock.ms);
  expect(await unfinished(someone, arn)).toHaveLength(3);

  clock.ms += 3_600_000;
  vi.spyOn(console, "error").mockImplementation(() => {});
  intercept("http://away.test", () => new Response("busy", { status: 503 }));
  const away = { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: "http://away.test" };
  await prune(clockedDeps(clock, { settings: away }), clock.ms);
  vi.restoreAllMocks();
  expect(await unfinished(someone, arn)).toEqual([{ kind: "pool_user" }, { kind: "traces" }]);

  clock.ms += DAY;
  const pool = intercept("http://pool.test", () => Response.json({ __type: "UserNotFoundException" }, { status: 400 }));
  await query(
    sql`insert into dead_letters (queue, message_id, body, reason, created_at) values ('send-sms', ${unique("late")}, ${JSON.stringify({ recipients: [{ user_id: someone.id, phone_number: "+48791000000" }] })}, '', ${instant(clock.ms)})`,
  );
  await prune(
    clockedDeps(clock, { settings: { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: "http://pool.test" } }),
    clock.ms,
  );
  vi.restoreAllMocks();
  expect(pool).toHaveLength(1);
  expect(await unfinished(someone, arn)).toEqual([{ kind: "traces" }]);
  expect(await count("dead_letters", sql`body like ${`%"user_id":${someone.id},%`}`)).toBe(0);

  clock.ms += 5 * DAY;
  await prune(clockedDeps(clock), clock.ms);
  expect(await unfinished(someone, arn)).toEqual([]);
});

/** A pool in which an account with this `sub` bears every name; the actions that it was asked for. */
function poolOf(sub: string) {
  const calls = intercept("http://pool.test", ({ headers }) =>
    headers.get("x-amz-target")!.endsWith("AdminGetUser")
      ? Response.json({ Username: "a name", UserAttributes: [{ Name: "sub", Value: sub }], Enabled: true })
      : new Response(""),
  );
  return () => calls.map(({ headers }) => headers.get("x-amz-target")!.split(".")[1]);
}

test("an account of the pool is deleted at night where it is the erased person's, and not one that signed up under the name since", async () => {
  const settings = { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: "http://pool.test" };
  const clock = { ms: Date.now() + 3_600_000 };
  for (const [sub, asked] of [
    [(someone: Person) => someone.cognito_user_id, ["AdminGetUser", "AdminDeleteUser"]],
    [() => crypto.randomUUID(), ["AdminGetUser"]],
  ] as const) {
    const someone = await person();
    await erasedAlone(someone);
    const actions = poolOf(sub(someone));
    await prune(clockedDeps(clock, { settings }), clock.ms);
    vi.restoreAllMocks();
    expect(actions()).toEqual(asked);
    expect(await unfinished(someone)).toEqual([{ kind: "traces" }]);
  }
});

test("an endpoint on which somebody else has signed in since stays theirs", async () => {
  const [former, next] = [await person(), await person()];
  const { arn, token } = await device(former);
  await erasedAlone(former);
  expect((await call("PATCH", "/users/device", { as: next, json: { device_token: token } })).http).toBe(200);
  const clock = { ms: Date.now() + 3_600_000 };
  const calls = intercept("http://aws.test", ({ headers }) =>
    headers.has("x-amz-target")
      ? Response.json({ __type: "UserNotFoundException" }, { status: 400 })
      : new Response(""),
  );
  const settings = {
    AWS_ENDPOINT_URL_SNS: "http://aws.test",
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: "http://aws.test",
  };
  await prune(clockedDeps(clock, { settings }), clock.ms);
  vi.restoreAllMocks();
  expect(calls.filter(({ body }) => body.includes(encodeURIComponent(arn)))).toEqual([]);
  expect(await unfinished(former, arn)).toEqual([{ kind: "traces" }]);
});
