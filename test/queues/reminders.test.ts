import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { fault, inbox, person, query, unique, uniqueNumber } from "../support/index.ts";
import { type Clock, clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
/** Near the real now: the stand-in refuses signatures of other days. On a whole minute, as wall times are. */
const clockAt = (offset = 0): Clock => ({ ms: Math.floor(Date.now() / MINUTE) * MINUTE + offset });

/** An event whose reminder was claimed a minute ahead and picked; the channel message is left in `deps.sent`. */
async function pickedEvent(reached: Parameters<typeof person>[0] = {}) {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const someone = await person(reached);
  const group_id = await group(someone);
  const event_id = await event(someone, { group_id, at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  await receive(deps, taken(deps));
  return { clock, deps, someone, group_id, event_id };
}

test("a reminder waits in its channel's queue until its second and is accepted once", async () => {
  const { clock, deps, someone, event_id } = await pickedEvent();
  const [message] = deps.sent;
  expect(message).toMatchObject({
    type: "send-email",
    version: 1,
    recipients: [{ user_id: someone.id, email: someone.email }],
  });
  expect(clock.ms + message!.delaySeconds * 1000).toBeGreaterThanOrEqual(clockAt().ms);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "email", status: "sent", reminder_status: "picked", reason: "default", attempts: 1 },
  ]);
});

test("the same channel message twice in a batch, again, and by two consumers at once gives one send", async () => {
  const { clock, deps, someone, event_id } = await pickedEvent();
  const [message] = taken(deps);
  clock.ms += MINUTE;
  await Promise.all([receive(deps, [message, message]), receive(deps, [message])]);
  await receive(deps, [message]);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(await ledger(event_id)).toHaveLength(1);
});

test("the same picking message twice and twice at once picks each person once", async () => {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const someone = await person();
  const event_id = await event(someone, { group_id: await group(someone), at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  const [message] = taken(deps);
  await Promise.all([receive(deps, [message]), receive(deps, [message])]);
  await receive(deps, [message]);
  expect(taken(deps).filter(({ type }) => type === "send-email")).toHaveLength(1);
  expect(await ledger(event_id)).toHaveLength(1);
});

test("a picking message delivered again hands on what its first delivery wrote and could not send", async () => {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const someone = await person();
  await event(someone, { group_id: await group(someone), at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  const message = taken(deps);
  const ids = ["0123456789abcdef0123456789abcdef"];
  const broken = {
    ...deps,
    bindings: {
      ...deps.bindings,
      SEND_EMAIL: { sendBatch: () => Promise.reject(new Error("queue away")) } as unknown as Queue,
    },
  };
  expect(await receive(broken, message, { ids })).toMatchObject([{ outcome: "retry" }]);
  expect(await receive(deps, message, { ids })).toMatchObject([{ outcome: "ack" }]);
  expect(taken(deps)).toMatchObject([{ type: "send-email" }]);
});

test("a message that arrives well before its second goes back untried and is sent at it", async () => {
  const { clock, deps, someone, event_id } = await pickedEvent();
  const due = clock.ms + MINUTE;
  await receive(deps, taken(deps));
  expect(await inbox("email", someone.email)).toHaveLength(0);
  await drain(deps, clock);
  expect(clock.ms).toBeGreaterThanOrEqual(due);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([{ status: "sent" }]);
});

test("someone who left before the send gets nothing, and the ledger says why", async () => {
  const { clock, deps, someone, event_id, group_id } = await pickedEvent();
  await query(sql`delete from group_members where group_id = ${group_id} and user_id = ${someone.id}`);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(0);
  expect(await ledger(event_id)).toMatchObject([{ status: "suppressed", last_error: "no_participant" }]);
});

test("a deleted event and a moved event send nothing that is in flight", async () => {
  const gone = await pickedEvent();
  await query(sql`delete from events where id = ${gone.event_id}`);
  await drain(gone.deps, gone.clock);
  expect(await ledger(gone.event_id)).toMatchObject([{ status: "suppressed", last_error: "event_deleted" }]);
  const moved = await pickedEvent();
  await query(sql`update events set revision = revision + 1 where id = ${moved.event_id}`);
  await drain(moved.deps, moved.clock);
  expect(await ledger(moved.event_id)).toMatchObject([{ status: "suppressed", last_error: "event_moved" }]);
  expect(await inbox("email", moved.someone.email)).toHaveLength(0);
});

test("an address that is no longer the person's is not written to, and the next channel takes over", async () => {
  const number = uniqueNumber();
  const { clock, deps, someone, event_id } = await pickedEvent({ reminder_preferences: "SMS", mobile_number: number });
  await query(sql`update users set mobile_number = null where id = ${someone.id}`);
  await drain(deps, clock);
  expect(await inbox("sms", number)).toHaveLength(0);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "sms", status: "suppressed", last_error: "address_changed", reason: "chosen", attempts: 0 },
    { channel: "email", status: "sent", reason: "sms: no_verified_number" },
  ]);
});

test("SMS without a verified number, push without a device and an unsubscribed address fall to the next channel, and to none in the open", async () => {
  const sms = await pickedEvent({ reminder_preferences: "SMS" });
  expect(await ledger(sms.event_id)).toMatchObject([{ channel: "email", reason: "sms: no_verified_number" }]);
  const push = await pickedEvent({ reminder_preferences: "PUSH" });
  expect(await ledger(push.event_id)).toMatchObject([{ channel: "email", reason: "push: no_live_device" }]);
  const email = `${unique("unsubscribed")}@torium.test`;
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${email}, 'unsubscribed')`,
  );
  const none = await pickedEvent({ email });
  expect(await ledger(none.event_id)).toMatchObject([
    {
      channel: "none",
      status: "failed",
      last_error: "email: unsubscribed; push: no_live_device; sms: no_verified_number",
    },
  ]);
  const verified = `${unique("unsubscribed")}@torium.test`;
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${verified}, 'unsubscribed')`,
  );
  const last = await pickedEvent({ email: verified, mobile_number: uniqueNumber() });
  expect(await ledger(last.event_id)).toMatchObject([
    { channel: "sms", reason: "email: unsubscribed; push: no_live_device" },
  ]);
});

test("throttling, errors and lost answers are tried again later; an SMS whose answer was lost twice goes by e-mail", async () => {
  const throttled = await pickedEvent();
  await fault({ channel: "email", kind: "throttle", to: throttled.someone.email, times: 2 });
  await drain(throttled.deps, throttled.clock);
  expect(await inbox("email", throttled.someone.email)).toHaveLength(1);
  expect(await ledger(throttled.event_id)).toMatchObject([{ status: "sent", attempts: 3 }]);

  const number = uniqueNumber();
  const lost = await pickedEvent({ reminder_preferences: "SMS", mobile_number: number });
  await fault({ channel: "sms", kind: "drop_answer", to: number });
  await drain(lost.deps, lost.clock);
  expect(await inbox("sms", number)).toHaveLength(2);
  expect(await inbox("email", lost.someone.email)).toHaveLength(1);
  expect(await ledger(lost.event_id)).toMatchObject([
    { channel: "sms", status: "failed", last_error: "answer_lost" },
    { channel: "email", status: "sent" },
  ]);
});

test("a number that opted out is refused for good: e-mail takes over now, and at once the next time", async () => {
  const number = uniqueNumber();
  const { clock, deps, someone, event_id } = await pickedEvent({ reminder_preferences: "SMS", mobile_number: number });
  await fault({ channel: "sms", kind: "opted_out", to: number });
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "sms", status: "failed" },
    { channel: "email", status: "sent" },
  ]);
  expect(
    await query(sql`select reason from suppressed_addresses where channel = 'sms' and address = ${number}`),
  ).toHaveLength(1);
});

test("what a crashed consumer held is taken up by the tick once its lease has run out", async () => {
  const { clock, deps, someone, event_id } = await pickedEvent();
  taken(deps);
  const lease = new Date(clock.ms + 120_000).toISOString();
  await query(
    sql`update event_reminders_logs l set lease_token = gen_random_uuid(), lease_until = ${lease}::timestamptz, attempts = 1, next_attempt_at = ${new Date(clock.ms).toISOString()}::timestamptz
        from event_reminders er where er.id = l.event_reminders_id and er.event_id = ${event_id}`,
  );
  clock.ms += 100_000;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(0);
  clock.ms = Date.parse(lease) + MINUTE;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([{ status: "sent", attempts: 2 }]);
});

test("a reminder whose messages were all lost is picked up by a later tick", async () => {
  const { clock, deps, someone } = await pickedEvent();
  taken(deps);
  clock.ms += 5 * MINUTE;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
});

test("a reminder over 15 minutes late says so, and one whose occurrence began an hour ago is expired, not sent", async () => {
  const late = await pickedEvent();
  late.clock.ms += 17 * MINUTE;
  await drain(late.deps, late.clock);
  const [message] = await inbox("email", late.someone.email);
  expect(message!.text).toMatch(/late/i);
  const stale = await pickedEvent();
  stale.clock.ms += 61 * MINUTE;
  await drain(stale.deps, stale.clock);
  expect(await inbox("email", stale.someone.email)).toHaveLength(0);
  expect(await ledger(stale.event_id)).toMatchObject([{ status: "expired" }]);
});

test("after an outage a tick expires what is stale without picking anybody", async () => {
  const clock = clockAt();
  const deps = clockedDeps(clock);
  const someone = await person();
  const event_id = await event(someone, { group_id: await group(someone), at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  clock.ms += 65 * MINUTE;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  expect(await ledger(event_id)).toMatchObject([
    { reminder_status: "expired", picked: false, why: "expired", channel: null },
  ]);
});

test("a message that cannot be read is kept whole with its reason, and the rest of its batch goes out", async () => {
  const { clock, deps, someone } = await pickedEvent();
  clock.ms += MINUTE;
  const unreadable = { type: "send-email", version: 1, recipients: [{ user_id: "x" }], note: "a\u0000b" };
  const id = unique("unreadable");
  const settled = await receive(deps, [unreadable, taken(deps)[0]], {
    queue: "send-email",
    ids: [id, unique("readable")],
  });
  expect(settled).toMatchObject([{ outcome: "ack" }, { outcome: "ack" }]);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  const kept = await query<{ body: string; reason: string }>(
    sql`select body, reason from dead_letters where message_id = ${id}`,
  );
  expect(kept).toMatchObject([{ reason: expect.stringContaining("event_reminders_id") }]);
  expect(JSON.parse(kept[0]!.body)).toEqual(unreadable);
});

test("while the database is away nothing is acknowledged, and the batch comes back", async () => {
  const { deps } = await pickedEvent();
  const away = clockedDeps({ ms: deps.now() }, { settings: { DATABASE_URL: "postgres://nobody:x@localhost:1/none" } });
  expect(await receive(away, [taken(deps)[0]])).toMatchObject([{ outcome: "retry" }]);
});

test("dead letters keep the message as it was, with the ledger's reason, once", async () => {
  const { deps, clock, event_id } = await pickedEvent();
  const [message] = taken(deps);
  await query(
    sql`update event_reminders_logs l set last_error = 'Throttling' from event_reminders er where er.id = l.event_reminders_id and er.event_id = ${event_id}`,
  );
  const id = unique("dead");
  await receive(deps, [message], { queue: "dead-letters", ids: [id] });
  await receive(clockedDeps(clock), [message], { queue: "dead-letters", ids: [id] });
  const kept = await query<{ queue: string; body: string; reason: string }>(
    sql`select queue, body, reason from dead_letters where message_id = ${id}`,
  );
  expect(kept).toMatchObject([{ queue: "send-email", reason: "out of tries: Throttling" }]);
  expect(JSON.parse(kept[0]!.body)).toMatchObject({ type: "send-email" });
});
