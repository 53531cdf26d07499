import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { arrangedEvent, device, groupOfEveryRole, join } from "../support/arranged.ts";
import { call, person, query, unique, uniqueNumber } from "../support/index.ts";
import { clockedDeps, drain, event, group, tick } from "../support/pipeline.ts";

const exported = async (as: Parameters<typeof call>[2] & object) => call("GET", "/users/export", as);

test("all that is theirs, and nothing of others, in one round trip", async () => {
  const mobile_number = uniqueNumber();
  const someone = await person({
    mobile_number,
    reminder_preferences: "SMS",
    time_zone: "Europe/Warsaw",
    locale: "pl",
  });
  const phone = await device(someone);
  const { group_id, name, admin, stranger } = await groupOfEveryRole();
  await join(group_id, someone, "moderator");
  const taking = await arrangedEvent(group_id, [someone, admin]);
  await arrangedEvent(group_id, [admin]);
  await call("POST", "/event/comment", { as: someone, json: { event_id: taking.id, comment: 'Mine \\ "too"' } });
  await call("POST", "/event/comment", { as: admin, json: { event_id: taking.id, comment: "Theirs" } });
  await call("POST", "/group/members", { as: someone, json: { group_id, user_id: stranger.id } });
  const { group_id: elsewhere, admin: inviter } = await groupOfEveryRole();
  await call("POST", "/group/members", { as: inviter, json: { group_id: elsewhere, email: someone.email } });
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${someone.email}, 'unsubscribed')`,
  );
  await query(
    sql`insert into notification_preferences (user_id, kind, channel) values (${someone.id}, 'comment', 'push')`,
  );

  const { http, roundTrips, data } = await exported({ as: someone });
  expect({ http, roundTrips }).toEqual({ http: 200, roundTrips: 1 });
  expect(data).toMatchObject({
    cut: [],
    profile: { user_id: someone.id, email: someone.email, username: someone.username, mobile_number, locale: "pl" },
    devices: [{ platform: "fcm", dead_at: null }],
    groups: [{ group_id, name, status: "moderator", is_owner: false }],
    events: [
      {
        id: taking.id,
        name: taking.name,
        group_id,
        event_timestamp: "2050-01-01 12:00:00",
        is_own: false,
        takes_part: true,
      },
    ],
    comments: [{ event_id: taking.id, comment: 'Mine \\ "too"' }],
    deliveries: [],
  });
  expect(data.invitations).toMatchObject([
    { direction: "received", group_id: elsewhere, email: null, status: "open" },
    { direction: "sent", group_id, email: null, status: "open" },
  ]);
  expect(data.preferences.map((one: { what: string }) => one.what).sort()).toEqual(["switched_off", "unsubscribed"]);
  const text = JSON.stringify(data);
  for (const others of [admin.email, stranger.email, inviter.email, "Theirs", phone.token, phone.arn])
    expect(text).not.toContain(others);
});

test("each delivery of the last 13 months says what became of it", async () => {
  const clock = { ms: Date.now() };
  const deps = clockedDeps(clock);
  const [admin, someone] = [await person(), await person()];
  const event_id = await event(admin, { group_id: await group(admin, someone), at: clock.ms + 60_000 }, deps);
  await tick(deps, clock.ms);
  await drain(deps, clock);
  const { data } = await exported({ as: someone, deps: clockedDeps(clock) });
  expect(data.deliveries).toMatchObject([
    {
      event_id,
      event_name: "Dinner",
      kind: "automatic",
      picked: true,
      channel: "email",
      step: 0,
      status: "sent",
      attempts: 1,
    },
  ]);
  clock.ms += 400 * 86_400_000;
  expect((await exported({ as: someone, deps: clockedDeps(clock) })).data.deliveries).toEqual([]);
});

test("also what they made and take no part in, while they are in its group, and the numbers that codes went to", async () => {
  const someone = await person();
  const { group_id } = await groupOfEveryRole();
  const [within, left] = [
    await arrangedEvent(group_id, []),
    await arrangedEvent((await groupOfEveryRole()).group_id, []),
  ];
  await join(group_id, someone, "moderator");
  await query(sql`update events set created_by = ${someone.id} where id in (${within.id}, ${left.id})`);
  const mobile_number = uniqueNumber();
  await query(
    sql`insert into phone_verifications (user_id, mobile_number, code_hmac, expires_at) values (${someone.id}, ${mobile_number}, 'keyed', now())`,
  );
  const { data } = await exported({ as: someone });
  expect(data.events).toMatchObject([{ id: within.id, name: within.name, is_own: true, takes_part: false }]);
  expect(data.phone_codes).toMatchObject([{ mobile_number, used_at: null }]);
  expect(JSON.stringify(data)).not.toContain("keyed");
});

test("a long life fits into one answer: what is too much is named, and the newest is there", async () => {
  const someone = await person();
  const { id: event_id } = await arrangedEvent(await group(someone), [someone]);
  await query(
    sql`insert into events_comments (event_id, user_id, comment, created_at)
        select ${event_id}::bigint, ${someone.id}::bigint, lpad(n::text, 500, '"'), now() - make_interval(secs => n) from generate_series(1, 8000) n`,
  );
  await query(
    sql`with r as (
          insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, next_attempt_at, settled_at)
          select n, 1, '2026-01-01', '0', 'automatic', now(), now(), 1, now(), now(), 'picked', now(), now() from generate_series(1000001, 1021000) n returning id
        ), p as (
          insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position) select id, ${someone.id}::bigint, true, 'participant', 0 from r
        ) select 1`,
  );
  const { http, data, roundTrips } = await exported({ as: someone });
  expect({ http, roundTrips, cut: data.cut }).toEqual({ http: 200, roundTrips: 1, cut: ["comments", "deliveries"] });
  expect(data.comments.length).toBeGreaterThan(500);
  expect(data.comments[0].comment.endsWith('"1')).toBe(true);
  expect(data.deliveries.length).toBeGreaterThan(3000);
  // As the driver reads it: JSON as a text in JSON.
  expect(JSON.stringify(JSON.stringify(data)).length).toBeLessThan(10 * 1024 * 1024);
});

test("somebody else's parameters change nothing", async () => {
  const [someone, other] = [await person(), await person({ username: unique("Other") })];
  const { data } = await exported({ as: someone, query: { user_id: other.id } });
  expect(data.profile.user_id).toBe(someone.id);
});
