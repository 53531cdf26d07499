import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { device } from "../support/arranged.ts";
import { commented, count, crowd, logs, MINUTE, QUEUE, received, standing } from "../support/commented.ts";
import { fault, inbox, query } from "../support/index.ts";
import { drain, receive } from "../support/pipeline.ts";

test("a comment is pushed to every other participant, with what the app reads, in two round trips", async () => {
  const { deps, message, id, event, admin, moderator, standard, author, one, other } = await commented("c".repeat(100));
  expect(await received(deps, [message])).toEqual({ roundTrips: 2, outcomes: ["ack"] });
  for (const phone of [one, other]) {
    const body = `${admin.username}: ${"c".repeat(80)}…`;
    expect(await inbox("push", phone.token)).toMatchObject([
      {
        title: event.name,
        text: body,
        data: { forward_link: "None", event_id: String(event.id), title: event.name, message: body },
      },
    ]);
  }
  expect(await count(author)).toBe(0);
  expect(await logs(id)).toMatchObject(
    [moderator, standard].sort((a, b) => a.id - b.id).map((who) => ({ user_id: who.id, status: "sent", attempts: 1 })),
  );
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
  expect(deps.sent).toEqual([]);
});

test("the comments of one batch are claimed and settled together", async () => {
  const [first, second, third] = [await commented(), await commented(), await commented()];
  const done = await received(first.deps, [first.message, second.message, third.message, first.message]);
  expect(done).toEqual({ roundTrips: 2, outcomes: ["ack", "ack", "ack", "ack"] });
  for (const { one, other } of [first, second, third]) expect([await count(one), await count(other)]).toEqual([1, 1]);
});

test("the same message again, twice in a batch and by consumers at once gives one push", async () => {
  const { deps, message, one, other } = await commented();
  await Promise.all([
    receive(deps, [message, message], QUEUE),
    receive(deps, [message], QUEUE),
    receive(deps, [message], QUEUE),
  ]);
  expect(await received(deps, [message])).toMatchObject({ outcomes: ["ack"] });
  expect([await count(one), await count(other)]).toEqual([1, 1]);
});

test("a message of a comment that is settled costs one round trip", async () => {
  const { deps, message } = await commented();
  await receive(deps, [message], QUEUE);
  expect(await received(deps, [message])).toEqual({ roundTrips: 1, outcomes: ["ack"] });
});

test("who left, muted the event, switched comments off or has no live device is passed over, with the reason", async () => {
  const { deps, message, id, group_id, moderator, standard, event, one, other } = await commented();
  await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${standard.id}`);
  const muted = await crowd(3, group_id, event.id);
  const [quiet, off, bare] = muted.map((who) => who.id);
  await Promise.all([device({ id: quiet! }), device({ id: off! })]);
  await query(sql`update events_users set muted_until = now() + interval '1 day' where user_id = ${quiet}`);
  await query(sql`insert into notification_preferences (user_id, kind, channel) values (${off}, 'comment', 'push')`);
  await receive(deps, [message], QUEUE);
  expect([await count(one), await count(other)]).toEqual([1, 0]);
  expect(await logs(id)).toMatchObject([
    { user_id: moderator.id, status: "sent" },
    { user_id: quiet, status: "suppressed", last_error: "muted", attempts: 0 },
    { user_id: off, status: "suppressed", last_error: "switched_off", attempts: 0 },
    { user_id: bare, status: "suppressed", last_error: "no_live_device", attempts: 0 },
  ]);
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
});

test("a comment or event that is gone is nothing to push", async () => {
  const { deps, message, event, one } = await commented();
  await query(sql`delete from events where id = ${event.id}`);
  expect(await received(deps, [message])).toEqual({ roundTrips: 1, outcomes: ["ack"] });
  expect(await count(one)).toBe(0);
});

test("a throttled push is tried again by a delayed message of the same comment, and the others are not", async () => {
  const { clock, deps, message, id, one, other } = await commented();
  await fault({ channel: "push", kind: "throttle", to: one.token });
  await receive(deps, [message], QUEUE);
  expect(deps.sent).toMatchObject([{ type: "schedule-push-comments", events_comments_id: id }]);
  expect(deps.sent[0]!.delaySeconds).toBeGreaterThan(0);
  expect(await standing(id)).toEqual({ handed_on: true, waits: true });
  await drain(deps, clock);
  expect([await count(one), await count(other)]).toEqual([0, 1]);
  const rows = await logs(id);
  expect(rows.map(({ status, attempts }) => [status, attempts]).sort()).toEqual([
    ["failed", 5],
    ["sent", 1],
  ]);
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
});

test("a push whose answer was lost is sent again under one collapse id", async () => {
  const { clock, deps, message, one } = await commented();
  await fault({ channel: "push", kind: "drop_answer", to: one.token, times: 1 });
  await receive(deps, [message], QUEUE);
  await drain(deps, clock);
  const pushes = await inbox("push", one.token);
  expect(pushes).toHaveLength(2);
  const collapse = pushes.map(({ request }) => /collapse_key\W+([\w-]+)/.exec(decodeURIComponent(request.body))?.[1]);
  expect(new Set(collapse)).toEqual(
    new Set([`comment-${message.type === "schedule-push-comments" && message.events_comments_id}`]),
  );
});

test("an endpoint that is disabled or unknown dies, and the person's next live device takes over at once", async () => {
  const { clock, deps, message, id, moderator, standard, one, other } = await commented();
  const newer = await device(moderator);
  clock.ms = Date.now() + 1_000;
  await fault({ channel: "push", kind: "endpoint_disabled", to: newer.token });
  const unknown = other.arn.replace(/[^/]+$/, crypto.randomUUID());
  await query(sql`update devices set device_arn = ${unknown} where id = ${other.id}`);
  expect(await received(deps, [message])).toEqual({ roundTrips: 2, outcomes: ["ack"] });
  expect([await count(newer), await count(one), await count(other)]).toEqual([0, 1, 0]);
  const dead = await query(
    sql`select id, dead_at is not null as dead, dead_reason from devices where id = any(${sql.param([one.id, other.id, newer.id])}::bigint[]) order by id`,
  );
  expect(dead).toEqual([
    { id: one.id, dead: false, dead_reason: null },
    { id: other.id, dead: true, dead_reason: "NotFound" },
    { id: newer.id, dead: true, dead_reason: "EndpointDisabled" },
  ]);
  expect((await logs(id)).find((row) => row.user_id === standard.id)).toMatchObject({
    status: "failed",
    last_error: "NotFound",
  });
});

test("a push older than an hour is not sent but expires", async () => {
  const { clock, deps, message, id, one, other } = await commented();
  clock.ms += 60 * MINUTE;
  await receive(deps, [message], QUEUE);
  expect([await count(one), await count(other)]).toEqual([0, 0]);
  expect(await logs(id)).toMatchObject([{ status: "expired" }, { status: "expired" }]);
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
});

test("who leaves between two attempts gets no push", async () => {
  const { clock, deps, message, id, group_id, moderator, one } = await commented();
  await fault({ channel: "push", kind: "throttle", to: one.token, times: 1 });
  await receive(deps, [message], QUEUE);
  await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${moderator.id}`);
  await drain(deps, clock);
  expect(await count(one)).toBe(0);
  expect((await logs(id)).find((row) => row.user_id === moderator.id)).toMatchObject({
    status: "suppressed",
    last_error: "no_participant",
  });
});

test("more than 500 people go on in the next message, and who joined later hears nothing of it", async () => {
  const { clock, deps, message, id, event, group_id, one, other } = await commented();
  const many = await crowd(700, group_id, event.id);
  const last = await device({ id: Math.max(...many.map((who) => who.id)) });
  expect(await received(deps, [message])).toEqual({ roundTrips: 2, outcomes: ["ack"] });
  expect(await logs(id)).toHaveLength(500);
  expect(await standing(id)).toEqual({ handed_on: false, waits: true });
  expect(deps.sent).toMatchObject([
    { events_comments_id: id, after_user_id: (await logs(id)).at(-1)!.user_id, delaySeconds: 0 },
  ]);
  await drain(deps, clock);
  await crowd(1, group_id, event.id);
  await receive(deps, [message], QUEUE);
  expect(await logs(id)).toHaveLength(702);
  expect([await count(one), await count(other), await count(last)]).toEqual([1, 1, 1]);
  expect(await standing(id)).toEqual({ handed_on: true, waits: false });
});

test("at most six pushes are on their way at once", async () => {
  const { deps, message, event, group_id } = await commented();
  const phones: Awaited<ReturnType<typeof device>>[] = [];
  const people = await crowd(20, group_id, event.id);
  for (const who of people) phones.push(await device(who));
  const original = globalThis.fetch;
  let flying = 0;
  let most = 0;
  globalThis.fetch = async (...input) => {
    most = Math.max(most, ++flying);
    return original(...input).finally(() => flying--);
  };
  try {
    await receive(deps, [message], QUEUE);
  } finally {
    globalThis.fetch = original;
  }
  expect(most).toBe(6);
  for (const phone of phones) expect(await count(phone)).toBe(1);
});
