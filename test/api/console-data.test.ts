import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { type Overview, readOverview } from "../../src/domain/console-overview.ts";
import { ask, consoleDeps, type Told } from "../support/console.ts";
import { fault, type Person, person, query, testDeps, unique, uniqueNumber } from "../support/index.ts";
import { clockedDeps, drain, event, group, receive, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
const at = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`;

/** Tests of a file share a database and the ledger's windows: each runs hours after the one before it. */
let hours = 0;
const later = () => Math.floor(Date.now() / MINUTE) * MINUTE + ++hours * 24 * 60 * MINUTE;

/** A reminder due two minutes after `start` to these people, sent through. */
async function reminded(start: number, admin: Person, ...others: Person[]) {
  const clock = { ms: start };
  const deps = clockedDeps(clock);
  const group_id = await group(admin, ...others);
  const event_id = await event(admin, { group_id, at: start + 2 * MINUTE, description: "Bring the secret cake" }, deps);
  await tick(deps, start);
  await drain(deps, clock);
  return { clock, event_id, group_id };
}

type Reached = Person & { mobile_number: string };

async function bySms(): Promise<Reached> {
  const mobile_number = uniqueNumber();
  return { ...(await person({ mobile_number, reminder_preferences: "SMS" })), mobile_number };
}

const optsOut = ({ mobile_number }: Reached) => fault({ channel: "sms", kind: "opted_out", to: mobile_number });

const read = (path: string, ms: number): Promise<Told> =>
  ask("GET", `/console/data/${path}`, { deps: consoleDeps({ now: () => ms }) });

async function letter(body: unknown, { queue = "send-sms", replayed = false } = {}): Promise<number> {
  const [made] = await query<{ id: number }>(
    sql`insert into dead_letters (queue, message_id, body, reason, replayed_at)
        values (${queue}, ${crypto.randomUUID()}, ${typeof body === "string" ? body : JSON.stringify(body)}, 'out of tries', ${replayed ? sql`now()` : null}) returning id`,
  );
  return made!.id;
}

test("the overview tells what fell due and what became of it, minute by minute, in one round trip", async () => {
  const start = later();
  const [ann, ben, cid] = [await person(), await bySms(), await bySms()];
  await optsOut(ben);
  const { clock } = await reminded(start, ann, ben, cid);
  await query(
    sql`insert into schedule_runs values ('schedule-events', ${at(start)}, now()) on conflict (job) do update set ran_at = excluded.ran_at`,
  );
  const told = await read("overview?minutes=15", clock.ms);
  expect([told.http, told.roundTrips]).toEqual([200, 1]);
  const { minutes, lateness, outcomes, queues, ...rest } = told.data;
  expect(minutes).toHaveLength(15);
  expect(minutes.map((one: { at: string }) => Date.parse(one.at))).toEqual(
    Array.from({ length: 15 }, (_, n) => Date.parse(rest.from) + n * MINUTE),
  );
  const busy = minutes.filter((one: Record<string, number>) => one.due! + one.sent! + one.failed! > 0);
  expect(busy[0]).toMatchObject({ at: new Date(start + 2 * MINUTE).toISOString(), due: 3 });
  const sum = (field: string) => minutes.reduce((all: number, one: Record<string, number>) => all + one[field]!, 0);
  expect([sum("due"), sum("sent"), sum("failed")]).toEqual([3, 3, 1]);
  for (const part of ["p50", "p95", "p99"]) expect(lateness[part]).toBeGreaterThanOrEqual(0);
  const counted = (channel: string, outcome: string) =>
    outcomes.filter((one: Record<string, unknown>) => one.channel === channel && one.outcome === outcome);
  expect(counted("email", "sent")).toContainEqual({
    channel: "email",
    outcome: "sent",
    reason: "default",
    count: expect.any(Number),
  });
  expect(counted("sms", "sent")).toEqual([{ channel: "sms", outcome: "sent", reason: "chosen", count: 1 }]);
  expect(queues.map(({ queue }: { queue: string }) => queue)).toEqual([
    "schedule-notifications",
    "send-sms",
    "send-email",
    "send-push",
    "send-push-group-invitation",
    "schedule-push-comments",
  ]);
  expect(rest).toMatchObject({
    to: new Date(clock.ms).toISOString(),
    step_seconds: 60,
    last_tick_at: new Date(start).toISOString(),
    oldest_overdue_at: null,
    sms: { budget_usd: "100000" },
  });
  expect((await read("overview?minutes=15", clock.ms + 30 * MINUTE)).data.outcomes).toEqual([]);
  expect((await read("overview?minutes=60", clock.ms + 30 * MINUTE)).data.outcomes).toEqual(outcomes);
});

test("a day is told in steps of ten minutes, and no other windows than four are known", async () => {
  const day = (await read("overview?minutes=1440", later())).data;
  expect([day.step_seconds, day.minutes.length]).toEqual([600, 144]);
  expect((await read("overview", later())).data.minutes).toHaveLength(60);
  for (const minutes of ["0", "30", "1441", "-60", "x"])
    expect((await read(`overview?minutes=${minutes}`, later())).http).toBe(400);
});

test("of more deliveries than can be counted the newest are, and `from` says since when: nothing before it is", async () => {
  const start = later();
  for (const offset of [0, 5, 10]) await reminded(start + offset * MINUTE, await person(), await person());
  const overview = (newest: number) => readOverview(testDeps().db, 1440, start + 30 * MINUTE, "0", newest);
  const sum = ({ minutes }: Overview, field: "due" | "sent") => minutes.reduce((all, one) => all + one[field], 0);
  const whole = await overview(7);
  expect([whole.cut, whole.minutes.length, sum(whole, "due"), sum(whole, "sent")]).toEqual([false, 144, 6, 6]);
  const cut = await overview(4);
  // The reminder of the earlier two fell due a moment before the first of them was settled.
  expect([cut.cut, sum(cut, "due"), sum(cut, "sent"), cut.outcomes.map(({ count }) => count)]).toEqual([
    true,
    2,
    4,
    [4],
  ]);
  expect(Date.parse(cut.from)).toBeGreaterThanOrEqual(start + 7 * MINUTE);
  expect(Date.parse(cut.from)).toBeLessThan(start + 12 * MINUTE);
  expect(Date.parse(cut.minutes[0]!.at)).toBeLessThanOrEqual(Date.parse(cut.from));
  expect(Date.parse(cut.minutes[1]!.at)).toBeGreaterThan(Date.parse(cut.from));
});

test("what is due and not settled waits in its queue, and what is not due yet does not", async () => {
  const start = later();
  const [ann, ben] = [await person(), await person()];
  const clock = { ms: start };
  const deps = clockedDeps(clock);
  await event(ann, { group_id: await group(ann, ben), at: start + 2 * MINUTE }, deps);
  await tick(deps, start);
  const waiting = async (ms: number) =>
    Object.fromEntries(
      (await read("overview", ms)).data.queues
        .filter((one: { waiting: number }) => one.waiting > 0)
        .map(({ queue, waiting, oldest_at }: Record<string, unknown>) => [queue, [waiting, oldest_at]]),
    );
  const due = new Date(start + 2 * MINUTE).toISOString();
  expect(await waiting(start + MINUTE)).toEqual({});
  expect(await waiting(start + 3 * MINUTE)).toEqual({ "schedule-notifications": [1, due] });
  await receive(
    deps,
    deps.sent.splice(0).map(({ delaySeconds: _, ...message }) => message),
  );
  expect(await waiting(start + 3 * MINUTE)).toEqual({ "send-email": [2, due] });
  expect((await read("overview", start + 3 * MINUTE)).data.oldest_overdue_at).toBe(due);
  await drain(deps, clock);
  expect(await waiting(start + 3 * MINUTE)).toEqual({});
});

test("reminders are listed newest due first, by event and by status, with what became of them, and page without a gap", async () => {
  const start = later();
  const someone = await person();
  const { event_id, group_id } = await reminded(start, someone);
  const [made] = (await read(`reminders?event_id=${event_id}`, start)).data;
  expect(made).toMatchObject({
    event_id,
    group_id,
    kind: "automatic",
    reminder: "0",
    due_at: new Date(start + 2 * MINUTE).toISOString(),
    status: "picked",
    reason: null,
    people: 1,
    sent: 1,
    failed: 0,
    pending: 0,
  });
  // Two of them at one moment.
  const copy = (status: string, minutes: number) =>
    query(
      sql`insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, next_attempt_at)
          select event_id, group_id, event_timestamp + make_interval(hours => ${++hours}), reminder, kind, due_at + make_interval(mins => ${minutes}), starts_at, revision,
                 claimed_at, send_at, ${status}::reminder_status, next_attempt_at from event_reminders where id = ${made.id}`,
    );
  for (const [status, minutes] of [
    ["expired", 1],
    ["expired", 2],
    ["suppressed", 2],
    ["pending", 3],
  ] as const)
    await copy(status, minutes);
  for (const filter of [
    `event_id=${event_id}`,
    "",
    "status=expired",
    `event_id=${event_id}&status=suppressed`,
    "status=pending",
    "status=picked",
  ]) {
    const whole = await read(`reminders?${filter}`, start);
    expect([whole.roundTrips, whole.page]).toEqual([1, { next_cursor: null }]);
    const keys = whole.data.map((one: { due_at: string; id: number }) => [one.due_at, one.id]);
    expect(keys).toEqual([...keys].sort((a, b) => (a[0] === b[0] ? b[1] - a[1] : a[0] < b[0] ? 1 : -1)));
    const paged: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const part: Told = await read(`reminders?limit=2&${filter}${cursor && `&cursor=${cursor}`}`, start);
      expect(part.data.length).toBeLessThanOrEqual(2);
      paged.push(...part.data);
      cursor = part.page!.next_cursor;
    }
    expect(paged).toEqual(whole.data);
  }
  const statuses = async (filter: string) =>
    (await read(`reminders?${filter}`, start)).data.map((one: { status: string }) => one.status);
  expect((await statuses(`event_id=${event_id}`)).sort()).toEqual([
    "expired",
    "expired",
    "pending",
    "picked",
    "suppressed",
  ]);
  expect(await statuses("status=suppressed")).toEqual(["suppressed"]);
  for (const wrong of ["status=sent", "event_id=x", "limit=51", "limit=0", "cursor=x"])
    expect((await read(`reminders?${wrong}`, start)).http).toBe(400);
  await query(sql`delete from event_reminders where status = 'pending'`);
});

test("one reminder is followed person by person, each with every channel that was tried", async () => {
  const start = later();
  const [ann, ben, cid] = [await person(), await bySms(), await person()];
  await optsOut(ben);
  const { event_id } = await reminded(start, ann, ben, cid);
  const [{ id }] = (await read(`reminders?event_id=${event_id}`, start)).data;
  const told = await read(`reminders/${id}`, start);
  expect([told.http, told.roundTrips, told.page]).toEqual([200, 1, { next_cursor: null }]);
  expect(told.data.reminder).toMatchObject({
    id,
    event_id,
    revision: 1,
    people: 3,
    send_at: new Date(start + 2 * MINUTE).toISOString(),
  });
  const people = told.data.people as {
    user_id: number;
    username: string;
    picked: boolean;
    deliveries: Record<string, unknown>[];
  }[];
  expect(people.map(({ user_id, picked }) => [user_id, picked])).toEqual([ann, ben, cid].map(({ id }) => [id, true]));
  expect(people[0]!.deliveries).toEqual([
    expect.objectContaining({
      channel: "email",
      step: 0,
      status: "sent",
      reason: "default",
      attempts: 1,
      last_error: null,
      late_seconds: expect.any(Number),
    }),
  ]);
  expect(people[0]!.deliveries[0]!.late_seconds).toBeGreaterThanOrEqual(0);
  expect(people[0]!.deliveries[0]!.provider_message_id).toEqual(expect.any(String));
  const ended = people[1]!.deliveries;
  expect(ended).toEqual([
    expect.objectContaining({ channel: "sms", step: 0, status: "failed", late_seconds: null }),
    expect.objectContaining({ channel: "email", step: 1, status: "sent" }),
  ]);
  expect(ended[0]!.last_error).toEqual(expect.any(String));
  const first = await read(`reminders/${id}?limit=2`, start);
  const second = await read(`reminders/${id}?limit=2&cursor=${first.page!.next_cursor}`, start);
  expect([...first.data.people, ...second.data.people]).toEqual(people);
  for (const unknown of ["9007199254740991", "x", "0"])
    expect((await read(`reminders/${unknown}`, start)).http).toBe(404);
});

test("one person is found by number or address, with what decides their channel and what became of each reminder", async () => {
  const start = later();
  const someone = await person({ mobile_number: uniqueNumber(), reminder_preferences: "PUSH" });
  await query(sql`insert into devices (user_id, platform, device_token, device_arn, dead_at) values
    (${someone.id}, 'fcm', ${unique("t")}, 'arn:dead', now()), (${someone.id}, 'apns', ${unique("t")}, 'arn:dead2', now())`);
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${someone.email}, 'unsubscribed')`,
  );
  await query(
    sql`insert into notification_preferences (user_id, kind, channel) values (${someone.id}, 'reminder', 'push')`,
  );
  const { event_id } = await reminded(start, someone);
  await reminded(start + 10 * MINUTE, someone);
  const find = (who: string, more = "") => ask("POST", `/console/data/person${more}`, { json: { who } });
  const told = await find(String(someone.id));
  expect([told.http, told.roundTrips]).toEqual([200, 1]);
  expect(told.data.person).toMatchObject({
    user_id: someone.id,
    reminder_preferences: "PUSH",
    verified: true,
    devices: { live: 0, dead: 2 },
    unsubscribed: true,
    suppressed_address: [{ channel: "email", reason: "unsubscribed" }],
    switched_off: ["push"],
  });
  expect(told.data.deliveries).toHaveLength(2);
  expect(told.data.deliveries[1]).toMatchObject({
    event_id,
    due_at: new Date(start + 2 * MINUTE).toISOString(),
    event_reminders_status: "picked",
    picked: true,
    picked_reason: "participant",
    channel: "sms",
    status: "sent",
    reason: expect.stringContaining("email: unsubscribed"),
  });
  expect((await find(` ${someone.email.toUpperCase()} `)).data).toEqual(told.data);
  const first = await find(String(someone.id), "?limit=1");
  const second = await find(String(someone.id), `?limit=1&cursor=${first.page!.next_cursor}`);
  expect([...first.data.deliveries, ...second.data.deliveries]).toEqual(told.data.deliveries);
  expect(second.page).toEqual({ next_cursor: null });
  expect((await find("9007199254740991")).http).toBe(404);
  expect((await find("nobody@torium.test")).http).toBe(404);
  for (const wrong of ["", "x", "12; drop", "a@b"])
    expect([wrong, (await find(wrong)).http]).toEqual([wrong, wrong === "a@b" ? 404 : 400]);
});

test("who was not picked for a reminder is told why, in a row without a channel", async () => {
  const start = later();
  const [ann, ben] = [await person(), await person()];
  const clock = { ms: start };
  const deps = clockedDeps(clock);
  const event_id = await event(ann, { group_id: await group(ann, ben), at: start + 2 * MINUTE }, deps);
  await query(
    sql`update events_users set muted_until = ${at(start + 60 * MINUTE)} where event_id = ${event_id} and user_id = ${ben.id}`,
  );
  await tick(deps, start);
  await drain(deps, clock);
  const told = await ask("POST", "/console/data/person", { json: { who: String(ben.id) } });
  expect(told.data.deliveries).toEqual([
    expect.objectContaining({ event_id, picked: false, picked_reason: "muted", channel: null, status: null }),
  ]);
});

test("dead letters are listed newest first, of all queues or one, and counted by kind", async () => {
  await query(sql`delete from dead_letters`);
  const ids = [
    await letter({ type: "send-sms" }),
    await letter({ type: "send-email" }, { queue: "send-email" }),
    await letter({ type: "send-sms" }, { replayed: true }),
  ];
  const told = await read("dead-letters", Date.now());
  expect([told.roundTrips, told.page]).toEqual([1, { next_cursor: null }]);
  expect(told.data.map(({ id }: { id: number }) => id)).toEqual([...ids].reverse());
  expect(told.data[2]).toMatchObject({ queue: "send-sms", reason: "out of tries", replayed_at: null, readable: false });
  expect(told.data[0].replayed_at).toEqual(expect.any(String));
  const one = await read("dead-letters?queue=send-sms&limit=1", Date.now());
  const two = await read(`dead-letters?queue=send-sms&limit=1&cursor=${one.page!.next_cursor}`, Date.now());
  expect([...one.data, ...two.data].map(({ id }: { id: number }) => id)).toEqual([ids[2], ids[0]]);
  expect(two.page).toEqual({ next_cursor: null });
  expect((await read("dead-letters/kinds", Date.now())).data).toEqual([
    { queue: "send-email", waiting: 1, replayed: 0 },
    { queue: "send-sms", waiting: 1, replayed: 1 },
  ]);
});

test("alerts are listed, open ones first, then those that were over within a week", async () => {
  const now = later();
  const part = unique("part");
  const alert = (key: string, opened: number, closed: number | null) =>
    query(sql`insert into alerts (part, key, message, opened_at, seen_at, closed_at)
              values (${part}, ${key}, 'It broke', ${at(opened)}, ${at(opened)}, ${closed === null ? null : at(closed)})`);
  await alert("old", now - 100 * MINUTE, null);
  await alert("new", now - 5 * MINUTE, null);
  await alert("over", now - 60 * MINUTE, now - MINUTE);
  await alert("long over", now - 20_000 * MINUTE, now - 7 * 1440 * MINUTE - 1);
  const told = await read("alerts", now);
  expect(told.roundTrips).toBe(1);
  const mine = told.data.filter((one: { part: string }) => one.part === part);
  expect(mine.map(({ key }: { key: string }) => key)).toEqual(["new", "old", "over"]);
  expect(mine[2]).toMatchObject({
    message: "It broke",
    count: 1,
    closed_at: new Date(now - MINUTE).toISOString(),
    acknowledged_at: null,
    silenced_until: null,
  });
});

test("nothing that is told names anybody: not by name, address, number, words or device", async () => {
  const start = later();
  const mobile_number = uniqueNumber();
  const known = await person({ username: "Zuzanna Wiśniewska", mobile_number, reminder_preferences: "SMS" });
  const device = `arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/torium/${crypto.randomUUID()}`;
  const token = unique("device-token");
  await query(
    sql`insert into devices (user_id, platform, device_token, device_arn) values (${known.id}, 'fcm', ${token}, ${device})`,
  );
  const { event_id } = await reminded(start, known);
  const [{ id }] = (await read(`reminders?event_id=${event_id}`, start)).data;
  const recipient = { user_id: known.id, event_reminders_logs_id: 1, message: "Zuzanna, bring the secret cake" };
  const words = { event_reminders_id: id, event_timestamp: "2026-11-11 18:00:00", version: 1 };
  await letter({ ...words, type: "send-sms", recipients: [{ ...recipient, phone_number: mobile_number }] });
  await letter({ ...words, type: "send-email", recipients: [{ ...recipient, email: known.email }] });
  await letter({ ...words, type: "send-push", recipients: [{ ...recipient, device_arn: device }] });
  await letter({ type: "schedule-push-comments", comment: "the secret cake", user_id: known.id });
  await letter({
    type: known.email,
    [known.email]: mobile_number,
    [mobile_number]: { deeper: [token, known.username, Number(mobile_number.slice(1))] },
  });
  await letter({
    user_id: mobile_number,
    event_timestamp: `of ${known.username}`,
    version: known.email,
    recipients: token,
  });
  await letter(`not JSON: ${known.email}`);
  await letter(JSON.stringify(known.username));
  const personal = [
    known.username,
    "Zuzanna",
    "Wiśniewska",
    known.email,
    known.email.split("@")[0]!,
    mobile_number,
    mobile_number.slice(1),
    "secret cake",
    token,
    device,
  ];
  const told = [
    await read("overview?minutes=60", start + 5 * MINUTE),
    await read("dead-letters", start),
    await read("dead-letters/kinds", start),
    await read("reminders", start),
    await read(`reminders/${id}`, start),
    await ask("POST", "/console/data/person", { json: { who: known.email } }),
    await ask("POST", "/console/data/person", { json: { who: String(known.id) } }),
    await read("alerts", start),
  ];
  for (const { http, text } of told) {
    expect(http).toBe(200);
    for (const value of personal) expect(text).not.toContain(value);
  }
  expect(told[4]!.data.people[0].username).toBe("Z…");
  expect(told[5]!.data.person).toMatchObject({
    username: "Z…",
    email: "p…@t….test",
    mobile_number: `+48…${mobile_number.slice(-2)}`,
  });
  expect(told[1]!.text).toContain("(device)");
});
