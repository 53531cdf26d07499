import { sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { JOBS, runSchedule } from "../src/cron/index.ts";
import { Message } from "../src/queues/messages.ts";
import { device } from "./support/arranged.ts";
import { call, person, query, settings, type TestDeps, unique } from "./support/index.ts";
import { type Listening, listen, SEED } from "./support/logged.ts";
import { failingDatabases, REPEATING } from "./support/logged-failures.ts";
import { intercept } from "./support/network.ts";
import { event, group, receive, taken, tick } from "./support/pipeline.ts";

const TYPES = Message.options.map(({ shape }) => shape.type.value);
const MINUTE = 60_000;
const all = Object.values(SEED).join(" ");

let log: Listening;
beforeEach(() => {
  log = listen();
});
afterEach(() => void vi.restoreAllMocks());

const depsAt = (clock: { ms: number }, changed: Parameters<Listening["depsOf"]>[0] = {}) =>
  log.depsOf({
    now: () => clock.ms,
    wait: async (ms) => {
      clock.ms += ms;
    },
    ...changed,
  });

/** The seeds are one person's at a time. */
async function theSeeded(preference: "SMS" | "PUSH" | "EMAIL") {
  await query(
    sql`update users set email = id || '@torium.test', mobile_number = null, username = 'Somebody' where email = ${SEED.email}`,
  );
  return person({
    email: SEED.email,
    username: SEED.username,
    mobile_number: SEED.number,
    reminder_preferences: preference,
  });
}

/** Messages of every type about the seeded person, as they come from the queues. */
async function messagesOfEveryType(clock: { ms: number }): Promise<Map<string, unknown[]>> {
  const deps = depsAt(clock);
  const sent: { type: string }[] = [];
  for (const preference of ["SMS", "PUSH", "EMAIL"] as const) {
    const admin = await theSeeded(preference);
    await device(admin);
    const [other, invitee] = [await person(), await person()];
    await device(other);
    await device(invitee);
    const group_id = await group(admin, other);
    const id = await event(
      admin,
      { group_id, at: clock.ms + 10 * MINUTE, name: SEED.place, description: SEED.text, users: [admin.id, other.id] },
      deps,
    );
    await call("POST", "/event/comment", { as: admin, deps, json: { event_id: id, comment: SEED.text } });
    for (const to of [{ user_id: invitee.id }, { email: SEED.stranger }])
      await call("POST", "/group/members", { as: admin, deps, json: { group_id, ...to } });
    sent.push(...taken(deps));
    clock.ms += 9 * MINUTE;
    await tick(deps, clock.ms);
    const picking = taken(deps).filter((one) => "event_id" in one && one.event_id === id);
    sent.push(...picking);
    await receive(
      deps,
      picking.map(({ delaySeconds: _, ...message }) => message),
    );
    sent.push(...taken(deps));
    clock.ms += MINUTE;
  }
  const bare = sent.map(({ delaySeconds: _, ...message }: { type: string; delaySeconds?: number }) => message);
  return Map.groupBy(bare, ({ type }) => type);
}

/** What no queue of ours holds: of each type, with seeds in whichever field, or nothing of the kind. */
const hostile = TYPES.flatMap((type): unknown[] => [
  { type, version: SEED.text },
  {
    type,
    version: 1,
    [SEED.email]: SEED.number,
    recipients: [{ [SEED.text]: all, email: SEED.email, phone_number: SEED.number }],
  },
  {
    type,
    version: 1,
    event_id: SEED.number,
    event_reminders_id: SEED.email,
    event_timestamp: SEED.text,
    events_comments_id: SEED.code,
    user_id: SEED.username,
    group_id: SEED.arn,
    comment: SEED.text,
    group_invitation_logs_id: all,
    timestamp: all,
  },
  {
    type,
    version: 1,
    event_id: 9e15,
    event_reminders_id: 9e15,
    event_timestamp: SEED.text,
    events_comments_id: 9e15,
    user_id: 9e15,
    group_id: 9e15,
    comment: all,
    group_invitation_logs_id: 9e15,
    timestamp: all,
    email: SEED.email,
    recipients: [
      {
        user_id: 9e15,
        event_reminders_logs_id: 9e15,
        message: all,
        phone_number: SEED.number,
        email: SEED.email,
        device_arn: SEED.arn,
      },
    ],
  },
]).concat(all, null, [all], { type: SEED.email }, { type: SEED.number, version: 1, recipients: [] });

const endsOf = (lines: Record<string, unknown>[]) => lines.filter(({ event }) => event === "messages");

/** One batch; of its messages, each is in one line. */
async function batch(deps: TestDeps, bodies: unknown[], queue: string) {
  const before = log.written.length;
  const settled = await receive(deps, bodies, { queue });
  const ids = endsOf(log.lines().slice(before)).flatMap(({ message_ids }) => String(message_ids).split(","));
  expect(ids.sort()).toEqual(settled.map(({ id }) => id).sort());
}

describe("a batch ends with a line for each type and outcome", () => {
  test.each(["accept", "refuse", "fail", "throttle", "are away", "are silent", "answer nonsense"])(
    "providers %s",
    async (how) => {
      const clock = { ms: Date.now() };
      const messages = await messagesOfEveryType(clock);
      expect([...messages.keys()].sort()).toEqual([...TYPES].sort());
      const answer = REPEATING[how as keyof typeof REPEATING];
      if (answer) intercept(settings.AWS_ENDPOINT_URL_SNS!, answer);
      for (const [type, bodies] of messages) {
        const deps = depsAt(clock);
        await batch(deps, bodies, type);
        for (let again = 0; again < 2; again++)
          for (const [retried, group] of Map.groupBy(taken(deps), (one) => one.type))
            await batch(
              deps,
              group.map(({ delaySeconds: _, ...message }) => message),
              retried,
            );
      }
      const lines = log.check();
      for (const type of TYPES)
        expect(endsOf(lines).some((line) => line.type === type && line.outcome === "done")).toBe(true);
    },
  );

  test("what cannot be read, also by the dead letters", async () => {
    const deps = depsAt({ ms: Date.now() });
    for (const queue of [...TYPES, "dead-letters"]) await batch(deps, hostile, queue);
    const outcomes = endsOf(log.check()).map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(["done", "dead letter"]));
  });

  test("the database fails", async () => {
    const clock = { ms: Date.now() };
    const messages = [...(await messagesOfEveryType(clock))];
    for (const db of Object.values(failingDatabases(log.depsOf().db)))
      for (const [type, bodies] of [
        ...messages,
        ...[...TYPES, "dead-letters"].map((type): [string, unknown[]] => [type, hostile]),
      ])
        await batch(depsAt(clock, { db }), bodies, type);
    expect(endsOf(log.check()).some(({ outcome }) => outcome === "retry")).toBe(true);
  });

  test("the queues fail", async () => {
    const clock = { ms: Date.now() };
    const messages = await messagesOfEveryType(clock);
    const full = {
      sendBatch: () => Promise.reject(new Error(all)),
      send: () => Promise.reject(new Error(all)),
    } as unknown as Queue;
    for (const [type, bodies] of messages) {
      const deps = depsAt(clock);
      for (const name of [
        "SCHEDULE_NOTIFICATIONS",
        "SEND_SMS",
        "SEND_EMAIL",
        "SEND_PUSH",
        "SEND_PUSH_GROUP_INVITATION",
        "SCHEDULE_PUSH_COMMENTS",
      ] as const)
        deps.bindings[name] = full;
      await batch(deps, bodies, type);
    }
    log.check();
  });
});

/** Runs a schedule; what it throws is what the platform logs. */
async function run(cron: string, deps: TestDeps): Promise<"ok" | "failed"> {
  const before = log.written.length;
  const scheduledTime = deps.now();
  let outcome: "ok" | "failed" = "ok";
  try {
    await runSchedule({ cron, scheduledTime, noRetry: () => {} } as ScheduledController, deps);
  } catch (error) {
    outcome = "failed";
    const { name, message, stack = "", cause = null } = error as Error;
    log.holdsNothing([name, message, stack]);
    expect(cause).toBe(null);
  }
  const ends = log
    .lines()
    .slice(before)
    .filter(({ event }) => event === "schedule");
  expect(ends).toMatchObject([{ cron, outcome, scheduled_at: new Date(scheduledTime).toISOString() }]);
  return outcome;
}

const ALERTS = "*/5 * * * *";

describe.each([...Object.keys(JOBS), "of nothing"])("the schedule %s ends with a line", (cron) => {
  test("whatever fails", async () => {
    const clock = { ms: Date.now() + 60 * MINUTE };
    const somebody = await theSeeded("SMS");
    const broken = await event(
      somebody,
      { group_id: await group(somebody), at: clock.ms, name: SEED.place, recurrence: "FREQ=DAILY" },
      depsAt({ ms: clock.ms - 60 * MINUTE }),
    );
    await query(sql`update events set recurrence = ${SEED.text}, description = ${SEED.text} where id = ${broken}`);
    await query(
      sql`insert into dead_letters (queue, message_id, body, reason) values ('send-sms', ${unique("letter")}, ${JSON.stringify(SEED)}, ${SEED.text})`,
    );
    await receive(depsAt(clock), hostile, { queue: "dead-letters" });
    let told: { body: string }[] = [];
    const outside = (answer: () => Promise<Response> | Response) => {
      told = intercept("https://operators.test", answer);
      return depsAt(clock);
    };
    const outcomes: string[] = [];
    for (const answer of [
      ...Object.values(REPEATING),
      () => Promise.reject(new TypeError(`fetch failed: https://operators.test/discord/Pomidorowa-55127`)),
      () => Response.json({ id: SEED.code }),
    ]) {
      outcomes.push(await run(cron, outside(answer)));
      clock.ms += 5 * MINUTE;
    }
    const deps = outside(() => Response.json({ id: "1" }));
    const bucket = {
      get: () => Promise.reject(new Error(all)),
      put: () => Promise.reject(new Error(all)),
      delete: () => Promise.reject(new Error(all)),
    };
    outcomes.push(await run(cron, { ...deps, bindings: { ...deps.bindings, LOGOS: bucket as unknown as R2Bucket } }));
    const databases = Object.values(failingDatabases(deps.db));
    const [seen, heard] = [log.written.length, told.length];
    const away: string[] = [];
    for (const db of databases) away.push(await run(cron, { ...deps, db }));
    if (cron === ALERTS) {
      // Whatever fails, they end well: to tell of it is what they are for. However often it fails it is one outage.
      expect(new Set([...outcomes, ...away])).toEqual(new Set(["ok"]));
      const lines = log.lines().slice(seen);
      expect(lines.filter(({ event }) => event === "database away")).toHaveLength(databases.length);
      expect(told.slice(heard).filter(({ body }) => body.includes("**database**"))).toHaveLength(1);
    } else {
      expect(away).toContain("failed");
      expect([...outcomes, ...away].includes("ok")).toBe(cron !== "of nothing");
    }
    log.check();
  });

  test("what Discord is told names nobody", async () => {
    const clock = { ms: Date.now() + 600 * MINUTE };
    await receive(depsAt(clock), hostile, { queue: "dead-letters" });
    const told = intercept("https://operators.test", () => Response.json({ id: "1" }));
    await run(cron, depsAt(clock)).catch(() => {});
    log.holdsNothing(told.map(({ body }) => body));
    log.check();
  });
});
