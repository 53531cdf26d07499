/** What a run finds, and how a fault is named: by its part and key, so that the next run knows it again. Its message is for operators and names nobody. */
import type { Asked } from "../clients/aws.ts";

export type Fault = { part: string; key: string; message: string; count: number };

/** `complete`: every fault of the part that lasts is named, so that all others are over. */
export type Report = { part: string; faults: Fault[]; complete: boolean };

/** What the database tells, of the minutes since the last run and before. */
export type Ledger = {
  last_tick_at: string | null;
  /** When the alerts last looked; null: they never did. */
  last_run_at: string | null;
  oldest_overdue_at: string | null;
  expired_reminders: number;
  settled: { channel: string; outcome: string; error: string | null; count: number }[];
  /** Seconds from due to sent, where anything was: of 95 of 100, and how many were over a minute. */
  lateness: { channel: string; p95: number; late: number }[];
  /** Deliveries that failed and wait for another attempt, past their moment. */
  waiting: { channel: string; error: string; count: number; since: string }[];
  dead_letters: { queue: string; count: number }[];
  /** Of what erasures leave to do, what should be done by now, and since when the oldest waits. */
  erasures: { count: number; since: string | null };
  errors: { event: string; error: string; count: number; request_id: string | null }[];
  month: string;
  sms_spent_usd: string;
  /** Addresses that turned out dead within 24 hours, and people who complained. */
  bounces: number;
  complaints: number;
  connections: number;
  max_connections: number;
};

export type MailAccount = { sending: boolean; standing: string; quota: number; sent: number };
export type PushPlatform = { enabled: boolean; certificate_until: string | null };

export type Facts = {
  now: number;
  ledger: Ledger;
  database_ms: number;
  sms_budget_usd: string;
  keys: Asked<{ count: number }>;
  mail: Asked<MailAccount>;
  push: { platform: string; found: Asked<PushPlatform> }[];
  bucket: Asked<unknown>;
};

export type Check = (facts: Facts) => Report;

/** A part that was looked at whole: each fault that it may have, and whether it has. */
export function report(
  part: string,
  faults: [key: string, broken: boolean, message: () => string, count?: number][],
): Report {
  const found = faults.filter(([, broken]) => broken);
  return {
    part,
    complete: true,
    faults: found.map(([key, , message, count]) => ({ part, key, message: message(), count: count ?? 1 })),
  };
}

/** Nobody knows how the part is, which is a fault of its own; what was broken is not taken for mended. */
export const unknown = (part: string, key: string, message: string): Report => ({
  part,
  complete: false,
  faults: [{ part, key, message, count: 1 }],
});

export const secondsSince = (instant: string, now: number) => (now - Date.parse(instant)) / 1000;
export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** "45 s", "12 min", "3 h 5 min". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  const minutes = Math.floor(s / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
