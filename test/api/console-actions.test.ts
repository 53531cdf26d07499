import { sql } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import type { Fields, Log } from "../../src/log.ts";
import { Message } from "../../src/queues/messages.ts";
import { act, ask, consoleDeps, OPERATOR_TOKEN } from "../support/console.ts";
import { inbox, type Person, person, query, type TestDeps, unique, uniqueNumber } from "../support/index.ts";
import { operators, runAlerts } from "../support/operators.ts";
import { clockedDeps, drain, event, group, receive, taken, tick } from "../support/pipeline.ts";

afterEach(() => void vi.restoreAllMocks());

const MINUTE = 60_000;

let hours = 0;
const later = () => Math.floor(Date.now() / MINUTE) * MINUTE + ++hours * 60 * MINUTE;

async function letter(body: unknown, queue = "send-email"): Promise<number> {
  const [made] = await query<{ id: number }>(
    sql`insert into dead_letters (queue, message_id, body, reason)
        values (${queue}, ${crypto.randomUUID()}, ${typeof body === "string" ? body : JSON.stringify(body)}, 'out of tries') returning id`,
  );
  return made!.id;
}

const replayedAt = async (...ids: number[]) =>
  (
    await query<{ replayed: boolean }>(
      sql`select replayed_at is not null as replayed from dead_letters where id = any(${sql.param(ids)}::bigint[]) order by id`,
    )
  ).map(({ replayed }) => replayed);

const readable = (n = 1) => ({
  type: "schedule-notifications",
  version: 1,
  event_id: n,
  event_timestamp: "2026-11-11 18:00:00",
  event_reminders_id: n,
});

/** A reminder that two people wait for, and the message that was to bring it to them. */
async function undelivered(...people: [Person, ...Person[]]) {
  const clock = { ms: later() };
  const deps = clockedDeps(clock);
  await event(people[0], { group_id: await group(...people), at: clock.ms + 2 * MINUTE }, deps);
  await tick(deps, clock.ms);
  clock.ms += 2 * MINUTE;
  await receive(
    deps,
    taken(deps).map(({ delaySeconds: _, ...message }) => message),
  );
  const sent = taken(deps).map(({ delaySeconds: _, ...message }) => message);
  return { clock, deps, messages: sent };
}

/** The console with the queues of a pipeline, so that what is replayed there arrives. */
const consoleOf = (deps: TestDeps, clock: { ms: number }) => {
  const own = consoleDeps({ now: () => clock.ms });
  own.bindings = deps.bindings;
  return { ...own, sent: deps.sent };
};

test("a dead letter goes back to its queue as it was, and what it was to bring arrives", async () => {
  const someone = await person();
  const { clock, deps, messages } = await undelivered(someone);
  const id = await letter({ ...messages[0], of_a_later_version: 1 });
  expect(await inbox("email", someone.email)).toEqual([]);
  const told = await act("replay", { dead_letter_id: id }, { deps: consoleOf(deps, clock) });
  expect(told.data).toEqual({ replayed: 1, refused: [], remaining: 0, next: null });
  // The form, the letter, the mark.
  expect(told.roundTrips).toBe(3);
  expect(deps.sent).toEqual([{ ...messages[0], of_a_later_version: 1, delaySeconds: 0 }]);
  expect(await replayedAt(id)).toEqual([true]);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
});

test("replayed again, by itself or after it was settled, nothing is sent twice", async () => {
  const someone = await person();
  const { clock, deps, messages } = await undelivered(someone);
  const id = await letter(messages[0]);
  for (let times = 0; times < 3; times++) {
    expect((await act("replay", { dead_letter_id: id }, { deps: consoleOf(deps, clock) })).data.replayed).toBe(1);
    expect(deps.sent).toHaveLength(1);
    await drain(deps, clock);
  }
  expect(await inbox("email", someone.email)).toHaveLength(1);
});

test("all of a kind go back in lots, those behind what cannot be read too, and each once", async () => {
  const queue = "send-push";
  await letter(readable(), "send-sms");
  const ids: number[] = [];
  for (let n = 1; n <= 203; n++) ids.push(await letter(n <= 101 ? { type: "send-push" } : readable(n), queue));
  const deps = consoleDeps();
  const lots: { replayed: number; refused: unknown[]; remaining: number; next: number | null }[] = [];
  let after: number | null = 0;
  while (after !== null) {
    lots.push((await act("replay", { queue, after }, { deps })).data);
    after = lots.at(-1)!.next;
  }
  expect(lots.map(({ replayed, refused, remaining }) => [replayed, refused.length, remaining])).toEqual([
    [0, 100, 103],
    [99, 1, 3],
    [3, 0, 0],
  ]);
  expect(deps.sent.map((message) => "event_id" in message && message.event_id)).toEqual(
    ids.slice(101).map((_, n) => n + 102),
  );
  expect(await replayedAt(...ids)).toEqual(ids.map((_, n) => n >= 101));
  deps.sent.length = 0;
  expect((await act("replay", { queue, after: ids[100] }, { deps })).data).toEqual({
    replayed: 0,
    refused: [],
    remaining: 0,
    next: null,
  });
  expect(deps.sent).toEqual([]);
});

test("a letter that cannot be read is refused with the reason, and stays", async () => {
  const deps = consoleDeps();
  for (const body of [
    { type: "send-sms", version: 1 },
    { ...readable(), version: 2 },
    "not JSON",
    "null",
    '"text"',
    "[".repeat(5_000),
  ]) {
    const id = await letter(body);
    const told = await act("replay", { dead_letter_id: id }, { deps });
    expect(told.data).toMatchObject({
      replayed: 0,
      refused: [{ id, reason: expect.stringMatching(/^unreadable: \w/) }],
    });
    expect(await replayedAt(id)).toEqual([false]);
  }
  expect(deps.sent).toEqual([]);
});

test("where the queue does not take it, the letter is not marked, and another try brings it", async () => {
  const id = await letter(readable());
  const deps = consoleDeps();
  const away = async () => {
    throw new Error("the queue is away");
  };
  const failing = {
    ...deps,
    bindings: { ...deps.bindings, SCHEDULE_NOTIFICATIONS: { send: away, sendBatch: away } as unknown as Queue },
  };
  const told = await act("replay", { dead_letter_id: id }, { deps: failing });
  expect([told.http, told.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(await replayedAt(id)).toEqual([false]);
  expect((await act("replay", { dead_letter_id: id }, { deps })).data.replayed).toBe(1);
});

test("a letter that is not there is not found, and what names both or neither is refused", async () => {
  expect((await act("replay", { dead_letter_id: 9e15 })).http).toBe(404);
  for (const wrong of [
    {},
    { dead_letter_id: 1, queue: "send-sms" },
    { queue: "Send SMS" },
    { dead_letter_id: "1" },
    { queue: "send-sms", after: -1 },
  ])
    expect((await act("replay", wrong)).http).toBe(400);
});

test("every queue's message is of those that can be replayed", () => {
  for (const { shape } of Message.options) expect(shape.type.value).toMatch(/^[a-z-]{1,64}$/);
});

const openAlert = async () => {
  const [made] = await query<{ id: number }>(
    sql`insert into alerts (part, key, message) values (${unique("part")}, 'k', 'It broke') returning id`,
  );
  return made!.id;
};
const alertOf = async (id: number) =>
  (
    await query<Record<string, string | null>>(
      sql`select acknowledged_at, silenced_until, closed_at from alerts where id = ${id}`,
    )
  )[0]!;

test("an alert is acknowledged once, and silenced for as long as is asked or not at all", async () => {
  const clock = { ms: Date.parse("2030-01-01T12:00:00.000Z") };
  const deps = consoleDeps({ now: () => clock.ms });
  const id = await openAlert();
  expect(await act("acknowledge", { alert_id: id }, { deps })).toMatchObject({ http: 200, data: null, roundTrips: 2 });
  const { acknowledged_at } = await alertOf(id);
  expect(Date.parse(acknowledged_at!)).toBe(clock.ms);
  clock.ms += MINUTE;
  await act("acknowledge", { alert_id: id }, { deps });
  expect((await alertOf(id)).acknowledged_at).toBe(acknowledged_at);
  for (const minutes of [15, 60, 240, 1440]) {
    expect((await act("silence", { alert_id: id, minutes }, { deps })).http).toBe(200);
    expect(Date.parse((await alertOf(id)).silenced_until!)).toBe(clock.ms + minutes * MINUTE);
  }
  await act("silence", { alert_id: id, minutes: 0 }, { deps });
  expect((await alertOf(id)).silenced_until).toBeNull();
});

test("an alert that is over is quieted no more, and one that never was is not found", async () => {
  const id = await openAlert();
  await query(sql`update alerts set closed_at = now() where id = ${id}`);
  for (const [action, more] of [
    ["acknowledge", {}],
    ["silence", { minutes: 15 }],
  ] as const) {
    expect(await act(action, { alert_id: id, ...more })).toMatchObject({ http: 409, message: "The alert is over" });
    expect((await act(action, { alert_id: 9e15, ...more })).http).toBe(404);
  }
  expect(await alertOf(id)).toMatchObject({ acknowledged_at: null, silenced_until: null });
});

/** A fault that Discord was told of: the tick stands still. */
async function ticking() {
  const here = await operators();
  const deps = here.depsOf();
  await here.run(deps);
  await here.run(deps, { tick: false });
  const [alert] = await query<{ id: number }>(
    sql`select id from alerts where part = 'tick' and closed_at is null order by id desc limit 1`,
  );
  return { ...here, deps, alert_id: alert!.id, atConsole: () => consoleDeps({ now: here.now }) };
}

test("a silenced alert posts nothing more while it lasts, says so again after it, and an acknowledged one never", async () => {
  const { run, deps, alert_id, atConsole, messages, posted } = await ticking();
  const ours = (content: string) => content.includes("**tick**");
  const standing = () => [posted.filter(ours).length, ...[...messages.values()].filter(ours)];
  await act("silence", { alert_id, minutes: 15 }, { deps: atConsole() });
  const before = standing();
  await run(deps, { tick: false });
  await run(deps, { tick: false });
  expect(standing()).toEqual(before);
  await run(deps, { tick: false });
  await run(deps, { tick: false });
  expect(standing()).not.toEqual(before);
  await act("acknowledge", { alert_id }, { deps: atConsole() });
  const acknowledged = standing();
  await run(deps, { tick: false });
  expect(standing()).toEqual(acknowledged);
  const told = posted.filter(ours).length;
  await run(deps);
  expect(posted.filter(ours)).toHaveLength(told);
  expect(standing()).not.toEqual(acknowledged);
});

test("an alert that was silenced before Discord heard of it is posted when the silence is over", async () => {
  const here = await operators();
  const deps = here.depsOf();
  await here.run(deps);
  here.answerDiscord(() => new Response(null, { status: 500 }));
  await here.run(deps, { tick: false });
  here.answerDiscord(null);
  const [alert] = await query<{ id: number }>(
    sql`select id from alerts where part = 'tick' and closed_at is null order by id desc limit 1`,
  );
  await act("silence", { alert_id: alert!.id, minutes: 15 }, { deps: consoleDeps({ now: here.now }) });
  const before = here.posted.length;
  await runAlerts(deps);
  await here.run(deps, { tick: false });
  expect(here.posted).toHaveLength(before);
  await act("silence", { alert_id: alert!.id, minutes: 0 }, { deps: consoleDeps({ now: here.now }) });
  await here.run(deps, { tick: false });
  expect(here.posted).toHaveLength(before + 1);
});

/** Operators whose clock a test moves by itself, at a console. */
async function looking() {
  const here = await operators();
  const ahead = { ms: 0 };
  const now = () => here.now() + ahead.ms;
  const deps = here.depsOf({ now, settings: { OPERATOR_TOKEN } });
  await here.run(deps);
  return { ...here, ahead, deps, look: () => act("look", {}, { deps }) };
}

test("the operator's look is the clock's: it finds what broke, tells Discord, and says what it found", async () => {
  const { ahead, deps, look, posted } = await looking();
  posted.length = 0;
  const about = () => posted.filter((content) => content.includes("**tick**"));
  ahead.ms += 10 * MINUTE;
  const { deps: telling, lines } = logged(deps);
  const told = await act("look", {}, { deps: telling });
  expect(told).toMatchObject({ http: 200, data: { first: true, told: true } });
  expect(told.data.faults).toContain("tick/silent");
  expect(about()).toEqual([expect.stringMatching(/^🔴/)]);
  expect(lines.filter(({ event }) => event === "operator look")).toMatchObject([
    { operator: "token", faults: told.data.faults.length, outcome: "ok" },
  ]);
  await query(
    sql`update schedule_runs set ran_at = ${new Date(deps.now()).toISOString()} where job = 'schedule-events'`,
  );
  ahead.ms += MINUTE;
  expect((await look()).data.faults).not.toContain("tick/silent");
  expect(about()).toEqual([expect.stringMatching(/^🔴/), expect.stringMatching(/^🟢/)]);
});

test("nobody looks within 30 seconds of the last look, by hand or by the clock, also of two at once", async () => {
  const { ahead, look, run, deps } = await looking();
  const answered = async () => {
    const { http, headers } = await look();
    return [http, headers.get("retry-after")];
  };
  expect(await answered()).toEqual([429, "30"]);
  ahead.ms += 29_500;
  expect(await answered()).toEqual([429, "1"]);
  ahead.ms += 500;
  expect((await Promise.all([look(), look()])).map(({ http }) => http).sort()).toEqual([200, 429]);
  ahead.ms += 20_000;
  expect(await answered()).toEqual([429, "10"]);
  await run(deps);
  expect(await answered()).toEqual([429, "30"]);
  ahead.ms += 30_000;
  expect(await answered()).toEqual([200, null]);
});

/** Deps whose log is kept, line by line. */
function logged(deps: TestDeps = consoleDeps()) {
  const lines: Fields[] = [];
  const log: Log = {
    info: (event, fields) => void lines.push({ event, ...fields }),
    warn: (event, fields) => void lines.push({ event, ...fields }),
    error: (event, _, fields) => void lines.push({ event, ...fields }),
  };
  return { deps: { ...deps, log }, lines };
}

test("what is masked is revealed when it is asked for, in the shape that it is told in", async () => {
  const mobile_number = uniqueNumber();
  const someone = await person({ username: "Zuzanna", mobile_number, reminder_preferences: "SMS" });
  const { deps, clock } = await undelivered(someone, await person());
  await drain(deps, clock);
  const body = { type: "send-sms", recipients: [{ phone_number: mobile_number, message: "Hi" }] };
  const id = await letter(body, "send-sms");
  const [{ event_reminders_id }] = (await ask("POST", "/console/data/person", { json: { who: String(someone.id) } }))
    .data.deliveries;

  const found = await act("reveal", { dead_letter_id: id });
  const [told] = (await ask("GET", "/console/data/dead-letters?limit=1")).data;
  expect(JSON.parse(found.data.body)).toEqual(body);
  expect({ ...found.data, body: null }).toEqual({ ...told, body: null });

  const reminder = await act("reveal", { event_reminders_id });
  expect(reminder.data.people.map((one: { username: string }) => one.username)).toContain("Zuzanna");
  const masked = await ask("GET", `/console/data/reminders/${event_reminders_id}`);
  expect(reminder.data.reminder).toEqual(masked.data.reminder);
  expect(reminder.page).toEqual(masked.page);
  const { next_cursor: cursor } = (await ask("GET", `/console/data/reminders/${event_reminders_id}?limit=1`)).page!;
  expect((await act("reveal", { event_reminders_id, cursor })).data.people).toHaveLength(1);

  const whole = await act("reveal", { user_id: someone.id });
  expect(whole.data.person).toMatchObject({ username: "Zuzanna", email: someone.email, mobile_number });
  expect(whole.data.deliveries).toEqual(
    (await ask("POST", "/console/data/person", { json: { who: String(someone.id) } })).data.deliveries,
  );
  for (const nobody of [{ dead_letter_id: 9e15 }, { event_reminders_id: 9e15 }, { user_id: 9e15 }])
    expect((await act("reveal", nobody)).http).toBe(404);
  for (const wrong of [{}, { dead_letter_id: id, user_id: someone.id }, { user_id: someone.email }])
    expect((await act("reveal", wrong)).http).toBe(400);
});

test("every action and every reveal is one line of the log: who, what, which, how it ended; and never a value", async () => {
  const mobile_number = uniqueNumber();
  const someone = await person({ username: "Zuzanna", mobile_number });
  const id = await letter({ ...readable(), email: someone.email, phone_number: mobile_number });
  const alert_id = await openAlert();
  const { deps, lines } = logged();
  const actions = [
    ["reveal", { user_id: someone.id }, { kind: "person", id: someone.id, outcome: "ok" }],
    ["reveal", { dead_letter_id: id }, { kind: "dead_letter", id, outcome: "ok" }],
    ["reveal", { event_reminders_id: 9e15 }, { kind: "reminder", id: 9e15, outcome: "not_found" }],
    ["replay", { dead_letter_id: id }, { dead_letter_id: id, replayed: 1, refused: 0, outcome: "ok" }],
    ["acknowledge", { alert_id }, { alert_id, outcome: "ok" }],
    ["silence", { alert_id, minutes: 60 }, { alert_id, minutes: 60, outcome: "ok" }],
  ] as const;
  for (const [action, json] of actions) await act(action, json, { deps });
  await ask("POST", "/console/data/person", { json: { who: someone.email }, deps });
  const own = lines.filter(({ event }) => String(event).startsWith("operator "));
  expect(own).toEqual(
    actions.map(([action, , more]) => ({
      event: `operator ${action}`,
      request_id: expect.any(String),
      operator: "token",
      ...more,
    })),
  );
  const all = JSON.stringify(lines);
  for (const value of [someone.email, mobile_number, "Zuzanna"]) expect(all).not.toContain(value);
});

test("a session is named in the log by its beginning, which opens nothing", async () => {
  const signedIn = await ask("POST", "/console/session", {
    json: { token: "an-operator-token-for-tests" },
    headers: { authorization: null },
  });
  const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
  const { deps, lines } = logged();
  await act("acknowledge", { alert_id: await openAlert() }, { deps, headers: { authorization: null, cookie } });
  const [line] = lines.filter(({ event }) => event === "operator acknowledge");
  expect(line!.operator).toBe(`session ${cookie.slice("torium_operator=".length).slice(0, 8)}`);
});
