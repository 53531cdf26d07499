import { type SQL, sql } from "drizzle-orm";

/** A device whose endpoint the provider calls disabled or unknown. */
export type DeadDevice = { device_id: number; reason: string };

/** `buried as (…)`: retires them, unless their owner signed in on them again since `claimedAt`, ms. */
export const bury = (dead: DeadDevice[], claimedAt: number, now: number): SQL => sql`buried as (
  update devices d set dead_at = ${new Date(now).toISOString()}::timestamptz, dead_reason = x.reason
  from jsonb_to_recordset(${JSON.stringify(dead)}::jsonb) as x (device_id bigint, reason text)
  where d.id = x.device_id and d.dead_at is null and d.registered_at <= ${new Date(claimedAt).toISOString()}::timestamptz)`;
