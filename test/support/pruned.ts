/** The nightly schedule, and what it left. */
import { type SQL, sql } from "drizzle-orm";
import { runSchedule } from "../../src/cron/index.ts";
import { query, type TestDeps } from "./index.ts";

export const prune = (deps: TestDeps, at: number): Promise<void> =>
  runSchedule({ cron: "17 3 * * *", scheduledTime: at, noRetry: () => {} } as ScheduledController, deps);
export const instant = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;
export const count = async (table: string, where: SQL) =>
  (await query<{ n: number }>(sql`select count(*)::int as n from ${sql.raw(table)} where ${where}`))[0]!.n;
