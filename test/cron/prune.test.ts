import { type SQL, sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { BATCHES, PRUNED_AT_ONCE, pruneBatch } from "../../src/domain/pruning.ts";
import { arrangedEvent, groupOfEveryRole } from "../support/arranged.ts";
import { call, idToken, inbox, person, query, testDeps, unique } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, tick } from "../support/pipeline.ts";
import { count, instant, prune } from "../support/pruned.ts";

const DAY = 86_400_000;
const MONTH = 31 * DAY;

/** A reminder in the ledger with one delivery to each person, all settled at one moment. */
async function remembered(settled: number, people: { id: number }[], { delivery = "sent" } = {}): Promise<number> {
  const [made] = await query<{ id: number }>(
    sql`with r as (
          insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, participants, next_attempt_at, settled_at)
          values (${-Math.floor(Math.random() * 1e12)}, 1, '2020-01-01', '0', 'automatic', ${instant(settled)}, ${instant(settled)}, 1, ${instant(settled)}, ${instant(settled)},
                  'picked', ${people.length}, ${instant(settled)}, ${instant(settled)}) returning id
        ), p as (
          insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position)
          select r.id, u, true, 'participant', 0 from r, unnest(${sql.param(people.map(({ id }) => id))}::bigint[]) u returning *
        ), l as (
          insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, status, next_attempt_at, settled_at)
          select event_reminders_id, user_id, 'email', 0, 'chosen', ${instant(settled)}, ${delivery}::delivery_status, ${instant(settled)},
                 case when ${delivery} <> 'pending' then ${instant(settled)} end from p
        ) select id from r`,
  );
  return made!.id;
}

test("the ledger is kept for 13 months from its settling, and goes with everybody below it; what is pending stays", async () => {
  const now = Date.parse("2040-06-01T03:17:00Z");
  const people = [await person(), await person()];
  const old = await remembered(now - 14 * MONTH, people);
  const young = await remembered(now - 12 * MONTH, people);
  const stuck = await remembered(now - 14 * MONTH, people, { delivery: "pending" });
  const [waiting] = await query<{ id: number }>(
    sql`insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, next_attempt_at)
        values (-1, 1, '2020-01-01', '0', 'automatic', '2020-01-01', '2020-01-01', 1, '2020-01-01', '2020-01-01', 'pending', '2020-01-01') returning id`,
  );
  await prune(testDeps(), now);
  const ids = sql.param([old, young, stuck, waiting!.id]);
  expect(await query(sql`select id from event_reminders where id = any(${ids}::bigint[]) order by id`)).toEqual([
    { id: young },
    { id: stuck },
    { id: waiting!.id },
  ]);
  for (const table of ["event_reminders_users", "event_reminders_logs"]) {
    expect(await count(table, sql`event_reminders_id = ${old}`)).toBe(0);
    expect(await count(table, sql`event_reminders_id in (${young}, ${stuck})`)).toBe(4);
  }
});

test("everything else goes when its days are over, and not before", async () => {
  const now = Date.parse("2030-06-01T03:17:00Z");
  const someone = await person();
  const { group_id } = await groupOfEveryRole();
  const { id: event_id } = await arrangedEvent(group_id, []);
  const [comment] = await query<{ id: number }>(
    sql`insert into events_comments (event_id, comment) values (${event_id}, 'Hi') returning id`,
  );
  const mark = unique("mark").toLowerCase();
  /** At so many days before now: one that goes, and one that stays. */
  const kept: Record<string, [days: number, (at: SQL, which: string) => SQL, table: string, mine: SQL]> = {
    phone_verifications: [
      2,
      (at) =>
        sql`insert into phone_verifications (user_id, mobile_number, code_hmac, created_at, expires_at) values (${someone.id}, ${mark}, 'x', ${at}, ${at})`,
      "phone_verifications",
      sql`mobile_number = ${mark}`,
    ],
    unconfirmed_people: [
      7,
      (at, which) =>
        sql`insert into users (cognito_user_id, email, username, created_at) values (${mark + which}, ${mark + which}, 'New', ${at})`,
      "users",
      sql`email like ${`${mark}%`}`,
    ],
    refused_invitations: [
      90,
      (at) =>
        sql`insert into group_invitation_logs (group_id, email, status, answered_at, delivery_status, next_attempt_at) values (${group_id}, ${mark}, 'rejected', ${at}, 'sent', null)`,
      "group_invitation_logs",
      sql`email = ${mark}`,
    ],
    dead_letters: [
      30,
      (at, which) =>
        sql`insert into dead_letters (queue, message_id, body, reason, created_at) values (${mark}, ${which}, '1', '', ${at})`,
      "dead_letters",
      sql`queue = ${mark}`,
    ],
    replayed_dead_letters: [
      7,
      (at, which) =>
        sql`insert into dead_letters (queue, message_id, body, reason, created_at, replayed_at) values (${`${mark}r`}, ${which}, '1', '', ${at}, ${at})`,
      "dead_letters",
      sql`queue = ${`${mark}r`}`,
    ],
    alerts: [
      90,
      (at, which) => sql`insert into alerts (part, key, message, closed_at) values (${mark}, ${which}, '', ${at})`,
      "alerts",
      sql`part = ${mark}`,
    ],
    console_forms: [
      1,
      (at, which) => sql`insert into console_forms (form, spent_at) values (${mark + which}, ${at})`,
      "console_forms",
      sql`form like ${`${mark}%`}`,
    ],
    worker_errors: [
      30,
      (at) => sql`insert into worker_errors (event, error, created_at) values (${mark}, 'Error', ${at})`,
      "worker_errors",
      sql`event = ${mark}`,
    ],
    comment_pushes: [
      90,
      (at, which) =>
        sql`insert into events_comments_logs (events_comments_id, user_id, status, settled_at) values (${comment!.id}, ${which === "old" ? 1 : 2}, 'sent', ${at})`,
      "events_comments_logs",
      sql`events_comments_id = ${comment!.id}`,
    ],
  };
  // The ledger has its test above, the counts of what is limited theirs beside what counts.
  expect([...Object.keys(kept), "reminders", "usage"].sort()).toEqual(Object.keys(BATCHES).sort());
  for (const [days, insert] of Object.values(kept)) {
    await query(insert(instant(now - days * DAY - 1), "old"));
    await query(insert(instant(now - days * DAY + 1), "young"));
  }
  // None of these has an end.
  await query(sql`insert into alerts (part, key, message, opened_at) values (${`${mark}o`}, 'open', '', '2020-01-01')`);
  await query(
    sql`insert into group_invitation_logs (group_id, email, status, created_at) values (${group_id}, ${`${mark}o`}, 'open', '2020-01-01')`,
  );
  await query(
    sql`insert into events_comments_logs (events_comments_id, user_id, created_at) values (${comment!.id}, 3, '2020-01-01')`,
  );
  await prune(testDeps(), now);
  await prune(testDeps(), now);
  for (const [name, [, , table, mine]] of Object.entries(kept))
    expect([name, await count(table, mine)]).toEqual([name, name === "comment_pushes" ? 2 : 1]);
  expect(await count("alerts", sql`part = ${`${mark}o`}`)).toBe(1);
  expect(await count("group_invitation_logs", sql`email = ${`${mark}o`}`)).toBe(1);
  expect(await count("users", sql`id = ${someone.id}`)).toBe(1);
});

test("many go in bounded batches, each one round trip; two runs at once take all and fail on nothing", async () => {
  const now = Date.parse("2031-06-01T03:17:00Z");
  const many = 2 * PRUNED_AT_ONCE + 1;
  const mark = unique("many");
  await query(
    sql`insert into dead_letters (queue, message_id, body, reason, created_at) select ${mark}, n::text, '1', '', ${instant(now - 31 * DAY)} from generate_series(1, ${many}::int) n`,
  );
  const deps = testDeps();
  expect(await pruneBatch(deps.db, "dead_letters", now)).toEqual({ gone: PRUNED_AT_ONCE, more: true });
  expect(deps.roundTrips()).toBe(1);
  await Promise.all([prune(testDeps(), now), prune(testDeps(), now)]);
  await prune(testDeps(), now);
  expect(await count("dead_letters", sql`queue = ${mark}`)).toBe(0);
});

test("a reminder of more people than a batch goes alone", async () => {
  const now = Date.parse("2032-06-01T03:17:00Z");
  const [big, small] = [
    await remembered(now - 20 * MONTH, [{ id: 1 }, { id: 2 }]),
    await remembered(now - 19 * MONTH, [{ id: 1 }]),
  ];
  await query(sql`update event_reminders set participants = 6000 where id = ${big}`);
  expect(await pruneBatch(testDeps().db, "reminders", now)).toEqual({ gone: 1, more: true });
  expect(await pruneBatch(testDeps().db, "reminders", now)).toEqual({ gone: 1, more: false });
  expect(await count("event_reminders", sql`id in (${big}, ${small})`)).toBe(0);
});

type Plan = {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Rows Removed by Filter"?: number;
  Plans?: Plan[];
};
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

test("beside many live rows, only what is past its keeping is looked at", async () => {
  const now = Date.now();
  const someone = await person();
  const { group_id } = await groupOfEveryRole();
  const { id: event_id } = await arrangedEvent(group_id, []);
  const [comment] = await query<{ id: number }>(
    sql`insert into events_comments (event_id, comment) values (${event_id}, 'Hi') returning id`,
  );
  const mark = unique("live").toLowerCase();
  const n = sql`generate_series(1, 20000) n`;
  const live = [
    sql`insert into worker_errors (event, error) select ${mark}, n::text from ${n}`,
    sql`insert into users (cognito_user_id, email, username, confirmed_at) select ${mark} || n, ${mark} || n, 'Live', now() from ${n}`,
    sql`insert into group_members (group_id, user_id, status) select ${group_id}, id, 'standard' from users where email like ${`${mark}%`}`,
    sql`insert into usage (user_id, kind, used_at) select id, 'comment', array[now()] from users where email like ${`${mark}%`}`,
    sql`insert into phone_verifications (user_id, mobile_number, code_hmac, expires_at) select ${someone.id}, n::text, 'x', now() from ${n}`,
    sql`insert into group_invitation_logs (group_id, email, status, answered_at) select ${group_id}, ${mark} || n, 'rejected', now() from ${n}`,
    sql`insert into dead_letters (queue, message_id, body, reason, replayed_at) select ${mark}, n::text, '1', '', now() from ${n}`,
    sql`insert into alerts (part, key, message, closed_at) select ${mark}, n::text, '', now() from ${n}`,
    sql`insert into worker_errors (event, error) select ${mark}, 'Error' from ${n}`,
    sql`insert into console_forms (form, spent_at) select ${mark} || n, now() from ${n}`,
    sql`insert into events_comments_logs (events_comments_id, user_id, status, settled_at) select ${comment!.id}, n, 'sent', now() from ${n}`,
    sql`insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, next_attempt_at, settled_at)
        select n + 5000000, 1, '2026-01-01', '0', 'automatic', now(), now(), 1, now(), now(), 'picked', now(), now() from ${n}`,
    sql`insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position) select id, 1, true, 'participant', 0 from event_reminders where event_id > 5000000`,
    sql`insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, status, next_attempt_at, settled_at)
        select id, 1, 'email', 0, 'chosen', now(), 'sent', now(), now() from event_reminders where event_id > 5000000`,
  ];
  for (const one of live) await query(one);
  await query(sql`analyze`);
  for (const [name, statement] of Object.entries(BATCHES)) {
    const [explained] = await query<{ "QUERY PLAN": { Plan: Plan }[] }>(
      sql`explain (analyze, format json) ${statement(instant(now))}`,
    );
    for (const node of nodes(explained!["QUERY PLAN"][0]!.Plan)) {
      if (!node["Relation Name"]) continue;
      const looked = (node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0);
      expect([name, node["Node Type"], node["Relation Name"], looked < 100]).toEqual([
        name,
        node["Node Type"],
        node["Relation Name"],
        true,
      ]);
      expect([name, node["Node Type"]]).not.toEqual([name, "Seq Scan"]);
    }
  }
});

test("what a daily event was reminded of is not reminded again after its ledger went, whatever it is planned anew", async () => {
  const clock = { ms: Date.parse("2033-01-10T10:00:00Z") };
  const deps = clockedDeps(clock);
  const someone = await person();
  const starts_at = "2033-01-10T10:01:00Z";
  const event_id = await event(
    someone,
    { group_id: await group(someone), at: Date.parse(starts_at), recurrence: "FREQ=DAILY" },
    deps,
  );
  await tick(deps, clock.ms);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  const occurrences = async () => (await ledger(event_id)).map(({ event_timestamp }) => event_timestamp);
  expect(await occurrences()).toEqual(["2033-01-10 11:01:00"]);
  // It sleeps until it is pruned: what was missed meanwhile is not made up for.
  clock.ms += 14 * MONTH;
  await tick(deps, clock.ms);
  await drain(deps, clock);
  await prune(clockedDeps(clock), clock.ms);
  expect(await occurrences()).not.toContain("2033-01-10 11:01:00");
  const before = (await inbox("email", someone.email)).length;
  for (const change of [
    { reminders: [0, 10] },
    { starts_at },
    { starts_at, recurrence: "FREQ=DAILY", reminders: [0] },
  ]) {
    expect(
      (await call("PUT", "/event", { as: someone, deps: clockedDeps(clock), json: { id: event_id, ...change } })).http,
    ).toBe(200);
    await tick(deps, clock.ms);
    await drain(deps, clock);
  }
  expect(await occurrences()).not.toContain("2033-01-10 11:01:00");
  expect(await inbox("email", someone.email)).toHaveLength(before);
});

test("a part that fails holds up none of the others, and is told", async () => {
  const now = Date.parse("2034-06-01T03:17:00Z");
  const mark = unique("fault");
  await query(
    sql`insert into alerts (part, key, message, closed_at) values (${mark}, 'a', '', ${instant(now - 91 * DAY)})`,
  );
  await query(sql`alter table phone_verifications rename to hidden`);
  vi.spyOn(console, "error").mockImplementation(() => {});
  await expect(prune(testDeps(), now)).rejects.toThrow();
  vi.restoreAllMocks();
  await query(sql`alter table hidden rename to phone_verifications`);
  expect(await count("alerts", sql`part = ${mark}`)).toBe(0);
});

test("somebody who confirms after their sign-up was forgotten is made anew", async () => {
  const now = Date.parse("2035-06-01T03:17:00Z");
  const [sub, email] = [crypto.randomUUID(), `${unique("late")}@torium.test`.toLowerCase()];
  await query(
    sql`insert into users (cognito_user_id, email, username, created_at) values (${sub}, ${email}, 'Late', ${instant(now - 8 * DAY)})`,
  );
  await prune(testDeps(), now);
  expect(await count("users", sql`email = ${email}`)).toBe(0);
  expect((await call("GET", "/users", { as: await idToken(sub, email) })).data).toMatchObject({ email });
});
