import { sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { snsClient } from "../../src/clients/sns.ts";
import { arrangedEvent, device, groupOfEveryRole, join } from "../support/arranged.ts";
import {
  accessToken,
  call,
  idToken,
  inbox,
  type Person,
  person,
  query,
  settings,
  testDeps,
  unique,
  uniqueNumber,
} from "../support/index.ts";
import { servedSince, state, taking } from "../support/membership.ts";
import { intercept } from "../support/network.ts";
import { clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { depsWithPool, send, event as trigger } from "../support/triggers.ts";

const erase = (as: Person | string, deps = testDeps()) => call("DELETE", "/users", { as, deps });
const left = ({ id }: Person) => query(sql`select id from users where id = ${id}`);
const pending = (...targets: string[]) =>
  query<{ kind: string; target: string }>(
    sql`select kind, target from pending_erasures where target = any(${sql.param(targets)}::text[]) order by kind`,
  );
const isKnown = async (arn: string) =>
  (await snsClient(settings).publishPush(arn, { title: "", body: "", data: {}, collapse_id: "a", ttl_seconds: 60 }))
    .outcome === "sent";

/** Everything that the database holds, as text. */
async function wholeDatabase(): Promise<string> {
  const tables = await query<{ name: string }>(
    sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
  );
  const texts = await Promise.all(
    tables.map(({ name }) =>
      query<{ all: string }>(sql`select coalesce(json_agg(t)::text, '') as all from ${sql.raw(name)} t`),
    ),
  );
  return texts.map(([text]) => text!.all).join("\n");
}

/** Somebody of whom the database holds as much as it can. */
async function wellKnown() {
  const [bank] = await query<{ id: number }>(
    sql`insert into organizations (name, url, logo_link) values (${unique("Bank")}, 'https://bank.test/', 'a.png') returning id`,
  );
  const mobile_number = uniqueNumber();
  const someone = await person({ mobile_number, organization_id: bank!.id, time_zone: "Europe/Warsaw", locale: "pl" });
  const phones = [await device(someone), await device(someone, "apns")];
  await query(
    sql`insert into phone_verifications (user_id, mobile_number, code_hmac, created_at, expires_at)
        values (${someone.id}, ${mobile_number}, 'x', now() - interval '2 days', now())`,
  );
  await query(
    sql`insert into notification_preferences (user_id, kind, channel) values (${someone.id}, 'comment', 'push')`,
  );
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${someone.email}, 'unsubscribed')`,
  );
  await query(sql`insert into usage (user_id, kind, used_at) values (${someone.id}, 'comment', array[now()])`);
  return { ...someone, mobile_number, phones };
}

test("nothing that names the person is left anywhere, neither here nor at SNS and in the pool, in two round trips", async () => {
  const someone = await wellKnown();
  const others = await groupOfEveryRole();
  await join(others.group_id, someone);
  const { id: event_id } = await arrangedEvent(others.group_id, [someone, others.standard]);
  await call("POST", "/event/comment", { as: someone, json: { event_id, comment: "I was here" } });
  const pool = intercept("http://pool.test", () => Response.json({}));
  const answer = await erase(someone, depsWithPool());
  expect(answer).toMatchObject({ http: 200, data: null, roundTrips: 2, sent: [] });
  vi.restoreAllMocks();

  const everything = (await wholeDatabase()).toLowerCase();
  for (const mark of [someone.email, someone.username, someone.mobile_number, someone.cognito_user_id])
    expect(everything).not.toContain(mark.toLowerCase());
  for (const { arn, token } of someone.phones) {
    expect(everything).not.toContain(token.toLowerCase());
    expect(await isKnown(arn)).toBe(false);
  }
  expect(pool.map(({ headers, body }) => [headers.get("x-amz-target"), JSON.parse(body)])).toEqual([
    [
      "AWSCognitoIdentityProviderService.AdminDeleteUser",
      { UserPoolId: settings.COGNITO_USER_POOL_ID, Username: someone.cognito_user_id },
    ],
  ]);
  expect(pool[0]!.headers.get("authorization")).toMatch(/^AWS4-HMAC-SHA256 .*cognito-idp/);
  expect(await taking(event_id)).toEqual([{ user_id: others.standard.id }]);
  const { data } = await call("GET", "/event/comment", { as: others.standard, query: { event_id } });
  expect(data).toMatchObject([{ user_id: null, username: "Somebody", comment: "I was here" }]);
});

test("every token is refused from then on, a second erasure too, and no row comes back", async () => {
  const someone = await person();
  expect((await erase(someone)).http).toBe(200);
  for (const as of [
    someone.token,
    await accessToken(someone.cognito_user_id),
    await idToken(someone.cognito_user_id, someone.email),
  ]) {
    for (const [method, path] of [
      ["GET", "/users"],
      ["GET", "/users/export"],
      ["DELETE", "/users"],
      ["GET", "/groups"],
    ] as const)
      expect(await call(method, path, { as })).toMatchObject({ http: 401, error: { code: "unauthenticated" } });
  }
  expect(await query(sql`select from users where email = ${someone.email}`)).toEqual([]);
});

test("a later sign-up with the same address is a new person, of whom nothing is known", async () => {
  const former = await wellKnown();
  const group_id = await group(await person(), former);
  await erase(former);
  intercept("http://pool.test", () => Response.json({}));
  const sub = crypto.randomUUID();
  const body = JSON.stringify(
    trigger("PostConfirmation_ConfirmSignUp", sub, { sub, email: former.email, email_verified: "true" }),
  );
  expect((await send(body)).http).toBe(200);
  vi.restoreAllMocks();
  const { data } = await call("GET", "/users", { as: await accessToken(sub) });
  expect(data).toMatchObject({ email: former.email, mobile_number: null, device_token: null, organization_id: null });
  expect(data.user_id).not.toBe(former.id);
  expect((await call("GET", "/groups", { as: await accessToken(sub) })).data).toEqual([]);
  expect((await state(group_id))!.roles[data.user_id]).toBeUndefined();
  expect((await erase(former)).http).toBe(401);
});

test("groups go to the longest-serving admin, for want of one to the longest-serving member, and with the last member they end", async () => {
  const someone = await person();
  const [early, late, third] = [await person(), await person(), await person()];
  const [withAdmins, withMembers, alone] = [
    await group(someone, early, late),
    await group(someone, late, early, third),
    await group(someone),
  ];
  await query(
    sql`update group_members set status = 'admin' where group_id = ${withAdmins} and user_id in (${early.id}, ${late.id})`,
  );
  await servedSince(withAdmins, late, "2020-01-02");
  await servedSince(withAdmins, early, "2020-01-03");
  await query(
    sql`update group_members set joined_at = '2020-01-01' where group_id = ${withMembers} and user_id = ${early.id}`,
  );
  await query(
    sql`update group_members set status = 'moderator' where group_id = ${withMembers} and user_id = ${third.id}`,
  );
  const { id: event_id } = await arrangedEvent(alone, [someone]);
  expect((await erase(someone)).http).toBe(200);
  expect(await state(withAdmins)).toMatchObject({
    admin_id: late.id,
    roles: { [late.id]: "admin", [early.id]: "admin" },
  });
  expect(await state(withMembers)).toMatchObject({
    admin_id: early.id,
    roles: { [early.id]: "admin", [late.id]: "standard", [third.id]: "moderator" },
  });
  expect(await state(alone)).toBeUndefined();
  expect(await query(sql`select id from events where id = ${event_id}`)).toEqual([]);
});

test("invitations to the person and their open ones to others are gone, answered ones stay without them", async () => {
  const { group_id, admin, stranger, invited, moderator } = await groupOfEveryRole();
  const mine = `${unique("mine").toLowerCase()}@torium.test`;
  await query(
    sql`insert into group_invitation_logs (group_id, user_id, email, invited_by, status)
        values (${group_id}, null, ${invited.email}, ${admin.id}, 'withdrawn'), (${group_id}, null, ${mine}, ${moderator.id}, 'open'),
               (${group_id}, ${stranger.id}, null, ${moderator.id}, 'rejected')`,
  );
  await erase(invited);
  await erase(moderator);
  expect(
    await query(sql`select user_id, email, invited_by, status from group_invitation_logs where group_id = ${group_id}`),
  ).toEqual([{ user_id: stranger.id, email: null, invited_by: null, status: "rejected" }]);
});

test("a reminder that is on its way to the person is suppressed, others get theirs, and the ledger keeps a number without a name", async () => {
  const clock = { ms: Date.now() };
  const deps = clockedDeps(clock);
  const [admin, someone] = [await person(), await person()];
  const event_id = await event(admin, { group_id: await group(admin, someone), at: clock.ms + 60_000 }, deps);
  await tick(deps, clock.ms);
  await receive(
    deps,
    taken(deps).map(({ delaySeconds: _, ...message }) => message),
  );
  expect((await ledger(event_id)).map(({ status }) => status)).toEqual(["pending", "pending"]);
  expect((await erase(someone, clockedDeps(clock))).http).toBe(200);
  const row = async () => (await ledger(event_id)).find(({ user_id }) => user_id === someone.id);
  expect(await row()).toMatchObject({ status: "suppressed", last_error: "person_gone" });
  await drain(deps, clock);
  expect(await row()).toMatchObject({ status: "suppressed", last_error: "person_gone", picked: true });
  expect(await inbox("email", someone.email)).toEqual([]);
  expect(await inbox("email", admin.email)).toHaveLength(1);
  clock.ms += 3_600_000;
  await tick(deps, clock.ms);
  expect(taken(deps)).toEqual([]);
});

test("SNS and the pool being out of reach stops no erasure: what they are to forget is written down, and nothing of it is logged", async () => {
  const someone = await person();
  const { arn } = await device(someone);
  const lines: unknown[] = [];
  for (const level of ["log", "warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation((line) => void lines.push(line));
  const calls = intercept("http://away.test", () => new Response("busy", { status: 503 }));
  const away = testDeps({
    settings: {
      AWS_ENDPOINT_URL_SNS: "http://away.test",
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: "http://away.test",
    },
  });
  expect(await erase(someone, away)).toMatchObject({ http: 200, roundTrips: 1 });
  vi.restoreAllMocks();
  expect(calls).toHaveLength(2);
  expect(await left(someone)).toEqual([]);
  expect(await pending(arn, someone.cognito_user_id, String(someone.id))).toEqual([
    { kind: "endpoint", target: arn },
    { kind: "pool_user", target: someone.cognito_user_id },
    { kind: "traces", target: String(someone.id) },
  ]);
  const log = lines.join("\n");
  expect(log).toContain('"event":"erasure"');
  for (const mark of [arn, someone.cognito_user_id, someone.email]) expect(log).not.toContain(mark);
});
