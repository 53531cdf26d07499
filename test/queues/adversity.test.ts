import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { device } from "../support/arranged.ts";
import { call, fault, inbox, type Person, person, query, type Sent } from "../support/index.ts";
import { clockedDeps, drain, event, group, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A person with a group of `others` more people, and a clock on a whole minute. */
async function scene(given: Parameters<typeof person>[0] = {}, others = 0) {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const someone = await person(given);
  const group_id = await group(someone);
  const mark = crypto.randomUUID().slice(0, 8);
  await query(
    sql`with made as (
          insert into users (cognito_user_id, email, username, confirmed_at)
          select ${mark} || n, ${mark} || n || '@torium.test', 'Somebody', now() from generate_series(1, ${others}::int) n returning id
        )
        insert into group_members (group_id, user_id, status) select ${group_id}::bigint, id, 'standard' from made`,
  );
  return { clock, deps: clockedDeps(clock), someone, group_id };
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** The picking messages of an event that is due in a minute. */
async function claimed(
  { clock, deps, someone, group_id }: Scene,
  input: Record<string, unknown> = {},
): Promise<Sent[]> {
  const id = await event(someone, { group_id, at: clock.ms + 10 * MINUTE, ...input }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  return taken(deps).filter((one) => "event_id" in one && one.event_id === id);
}

/** The channel messages of such an event, at its moment. */
async function due(given: Scene, input: Record<string, unknown> = {}): Promise<Sent[]> {
  await receive(given.deps, await claimed(given, input));
  given.clock.ms += MINUTE;
  return taken(given.deps);
}

const recipients = (sent: Sent[]): object[] =>
  sent.flatMap((one): object[] => ("recipients" in one ? one.recipients : []));
const NOWHERE = { AWS_ENDPOINT_URL_SESV2: "http://127.0.0.1:9" };

test("an event at the end of time is refused, or at the least stops no other's reminder", async () => {
  const [mallory, victim] = [await scene(), await scene()];
  const start = mallory.clock.ms + 10 * MINUTE;
  const wall = (ms: number) => new Date(ms - 5 * 60 * MINUTE).toISOString().slice(0, 19).replace("T", " ");
  await call("POST", "/event", {
    as: mallory.someone,
    deps: mallory.deps,
    json: {
      group_id: mallory.group_id,
      name: "m",
      description: "",
      is_budget: false,
      reminders: [0],
      time_zone: "Etc/GMT+5",
      event_timestamp: wall(start),
      recurrence: "FREQ=DAILY;COUNT=2",
      exceptions: [{ occurrence: wall(start), moved_to: "9998-12-31 23:59:00" }],
    },
  });
  expect((await call("GET", "/event", { as: mallory.someone })).http).toBe(200);
  const id = await event(victim.someone, { group_id: victim.group_id, at: start + DAY }, victim.deps);
  await tick(victim.deps, start + DAY);
  expect(await query(sql`select from event_reminders where event_id = ${id}`)).toHaveLength(1);
});

test("a lead that cannot be worked on is parked, and the others of its tick are claimed", async () => {
  const [broken, whole] = [await scene(), await scene()];
  const at = broken.clock.ms + 10 * MINUTE;
  const bad = await event(broken.someone, { group_id: broken.group_id, at, recurrence: "FREQ=DAILY" }, broken.deps);
  const good = await event(whole.someone, { group_id: whole.group_id, at }, whole.deps);
  await query(sql`update events set recurrence = 'FREQ=NEVER' where id = ${bad}`);
  await tick(whole.deps, at);
  expect(await query(sql`select from event_reminders where event_id = ${good}`)).toHaveLength(1);
  expect(await query(sql`select from event_leads where event_id = ${bad} and next_due_at is null`)).toHaveLength(1);
});

test("where one of more than 2,000 people cannot be reached, the picking still goes on to the last", async () => {
  const given = await scene({}, 2_100);
  await query(
    sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${given.someone.email}, 'unsubscribed')`,
  );
  await receive(given.deps, await claimed(given));
  const rest = taken(given.deps).filter(({ type }) => type === "schedule-notifications");
  expect(rest).toHaveLength(1);
  await receive(given.deps, rest);
  expect(recipients(taken(given.deps))).toHaveLength(101);
});

test("every recipient that must be tried again is woken, in messages that stay below the queue's limit", async () => {
  const given = await scene({}, 119);
  const messages = await due(given, { name: "😀".repeat(500), description: "😀".repeat(500) });
  await receive({ ...given.deps, settings: { ...given.deps.settings, ...NOWHERE } }, messages);
  const again = taken(given.deps);
  expect(recipients(again)).toHaveLength(120);
  for (const message of again) expect(new TextEncoder().encode(JSON.stringify(message)).length).toBeLessThan(128_000);
});

test("1,500 deliveries that were left behind are swept once each, in two turns", async () => {
  const { clock, deps, someone, group_id } = await scene();
  await query(
    sql`with r as (
          insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, participants, next_attempt_at)
          select 900000000 + n, ${group_id}::bigint, '2031-01-01', '0', 'automatic', now(), now() + interval '1 day', 1, now(), now(), 'picked', 1, now()
          from generate_series(1, 1500) n returning id
        ), p as (
          insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
          select id, ${someone.id}::bigint, true, 'participant', 0 from r returning event_reminders_id
        )
        insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, next_attempt_at)
        select event_reminders_id, ${someone.id}::bigint, 'email', 0, 'default', now(), now() - interval '5 minutes' from p`,
  );
  const before = deps.roundTrips();
  await tick(deps, clock.ms);
  const swept = taken(deps).flatMap((one) => ("event_id" in one && one.event_id > 900_000_000 ? [one.event_id] : []));
  expect(swept).toHaveLength(1_500);
  expect(new Set(swept).size).toBe(1_500);
  expect(deps.roundTrips() - before).toBe(2);
});

test("an address that no database can hold is a dead letter, and the rest of its batch goes out", async () => {
  const given = await scene();
  const [good] = await due(given);
  const bad = {
    ...good,
    recipients: [{ user_id: 1, event_reminders_logs_id: 999_999, email: "a\u0000@b.c", message: "x" }],
  };
  expect(await receive(given.deps, [bad, good])).toMatchObject([{ outcome: "ack" }, { outcome: "ack" }]);
  expect(await inbox("email", given.someone.email)).toHaveLength(1);
});

test("a device that was registered again while its push was under way stays alive", async () => {
  const given = await scene({ reminder_preferences: "PUSH" });
  const { id, token } = await device(given.someone);
  const messages = await due(given);
  // Registered after the claim: the clock of the claim lies before it.
  await query(
    sql`update devices set registered_at = ${new Date(given.clock.ms + MINUTE).toISOString()}::timestamptz where id = ${id}`,
  );
  await fault({ channel: "push", kind: "endpoint_disabled", to: token, times: 1 });
  await receive(given.deps, messages);
  expect(await query(sql`select dead_at from devices where id = ${id}`)).toEqual([{ dead_at: null }]);
});

test("a reminder asks to pay only where there is something to pay", async () => {
  const [bank] = await query<{ id: number }>(sql`select id from organizations limit 1`);
  const reminded = async (input: Record<string, unknown>): Promise<string> => {
    const given = await scene({ organization_id: bank!.id });
    given.deps.sent.push(...(await due(given, input)));
    await drain(given.deps, given.clock);
    return (await mail(given.someone)).html!;
  };
  expect(await reminded({})).not.toContain('class="button"');
  expect(await reminded({ is_budget: true, budget: "10.00" })).toContain('class="button"');
});

const mail = async ({ email }: Person) => (await inbox("email", email)).at(-1)!;

test("a tick two years later goes through every occurrence up to its own moment", async () => {
  const { clock, deps, someone, group_id } = await scene();
  const start = clock.ms + 10 * MINUTE;
  const id = await event(someone, { group_id, at: start, time_zone: "UTC", recurrence: "FREQ=DAILY" }, deps);
  await tick(deps, start + 800 * DAY);
  expect(await query(sql`select count(*)::int as n from event_reminders where event_id = ${id}`)).toEqual([{ n: 801 }]);
});

test("a schedule run for a moment in the past judges by that moment", async () => {
  const { clock, deps, someone, group_id } = await scene();
  const id = await event(someone, { group_id, at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms - 8 * MINUTE);
  expect(await query(sql`select from event_reminders where event_id = ${id}`)).toHaveLength(0);
});
