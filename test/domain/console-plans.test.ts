import { type SQL, sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { overviewStatement } from "../../src/domain/console-overview.ts";
import { remindersStatement } from "../../src/domain/console-reminders.ts";
import { query } from "../support/index.ts";

type Plan = {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  Plans?: Plan[];
};
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

const HOUR = 3_600_000;
const NOW = Date.parse("2030-06-01T12:00:00Z");
/** Those that are filled here: an empty table is read as it is. */
const LEDGER = /^(event_reminders(_users|_logs)?|dead_letters|alerts)$/;

/** Rows of the ledger's tables that a statement looks at. */
async function looked(statement: SQL): Promise<{ rows: number; scans: string[] }> {
  const [explained] = await query<{ "QUERY PLAN": { Plan: Plan }[] }>(sql`explain (analyze, format json) ${statement}`);
  const at = nodes(explained!["QUERY PLAN"][0]!.Plan).filter((node) => LEDGER.test(node["Relation Name"] ?? ""));
  return {
    rows: at.reduce(
      (sum, node) => sum + (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"],
      0,
    ),
    scans: at
      .filter((node) => node["Node Type"] === "Seq Scan" && node["Actual Loops"] > 0)
      .map((node) => node["Relation Name"]!),
  };
}

/** 100 days of a reminder each 144 seconds, of two people each; a hundredth of them expired. */
beforeAll(async () => {
  const at = sql`${new Date(NOW).toISOString()}::timestamptz - make_interval(secs => n * 144)`;
  await query(
    sql`insert into event_reminders (event_id, group_id, event_timestamp, reminder, kind, due_at, starts_at, revision, claimed_at, send_at, status, participants, next_attempt_at, settled_at)
        select n % 500, 1, (${at}) at time zone 'UTC', '0', 'automatic', ${at}, ${at}, 1, ${at}, ${at}, case when n % 100 = 0 then 'expired' else 'picked' end::reminder_status, 2, ${at}, ${at}
        from generate_series(0, 59999) n`,
  );
  await query(sql`insert into event_reminders_users (event_reminders_id, user_id, picked, reason, position, created_at)
                  select r.id, u, true, 'participant', 0, r.due_at from event_reminders r, generate_series(1, 2) u`);
  await query(sql`insert into event_reminders_logs (event_reminders_id, user_id, channel, step, reason, due_at, status, next_attempt_at, settled_at)
                  select p.event_reminders_id, p.user_id, 'email', 0, 'default', p.created_at, 'sent', p.created_at, p.created_at from event_reminders_users p`);
  await query(
    sql`insert into dead_letters (queue, message_id, body, reason, replayed_at) select 'send-sms', n::text, '{}', '', now() from generate_series(1, 20000) n`,
  );
  await query(
    sql`insert into alerts (part, key, message, closed_at) select 'p', n::text, '', now() from generate_series(1, 20000) n`,
  );
  await query(sql`vacuum analyze`);
}, 60_000);

test("the overview looks at its window of a long ledger and no further", async () => {
  // A day is a large share of this ledger, and the planner may rightly read all of it.
  for (const minutes of [15, 60, 180]) {
    const { rows, scans } = await looked(overviewStatement(minutes, NOW));
    expect([minutes, scans]).toEqual([minutes, []]);
    // Settled and due: a reminder and its two deliveries each.
    expect(rows).toBeLessThan(((minutes * 60) / 144 + 5) * 10 + 200);
  }
});

test("a page of reminders looks at no more than itself and what hangs on it", async () => {
  const paging = { limit: 50, after: null };
  const old = { limit: 50, after: [new Date(NOW - 1_000 * HOUR).toISOString(), 1] as [string, number] };
  for (const which of [
    { event_id: null, status: null },
    { event_id: null, status: "picked" },
    { event_id: null, status: "expired" },
    { event_id: null, status: "suppressed" },
    { event_id: null, status: "pending" },
    { event_id: 77, status: null },
    { event_id: 77, status: "expired" },
    { event_id: 12_345_678, status: null },
  ] as const) {
    for (const page of [paging, old]) {
      const { rows, scans } = await looked(remindersStatement(which, page));
      expect([which, scans]).toEqual([which, []]);
      expect([which, rows < 500]).toEqual([which, true]);
    }
  }
});
