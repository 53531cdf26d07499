/** The phones that a person is signed in on. */
import { sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import type { Platform } from "../clients/sns.ts";
import { type Caller, me, rowAs } from "./access.ts";

export type Device = { platform: Platform; device_token: string; device_arn: string };

/** The device is the caller's from now on, whoever had it before, and alive again. An endpoint serves one token: older rows of it go. */
export async function keepDevice(db: Db, caller: Caller, device: Device, now: number): Promise<void> {
  const { platform, device_token, device_arn } = device;
  await rowAs(
    db,
    sql`with ${me(caller)}, gone as (
          delete from devices where device_arn = ${device_arn} and device_token <> ${device_token} and exists (select from me)
        ), kept as (
          insert into devices (user_id, platform, device_token, device_arn, registered_at)
          select me.id, ${platform}::platform, ${device_token}::text, ${device_arn}::text, ${new Date(now).toISOString()}::timestamptz from me
          on conflict (platform, device_token) do update
            set user_id = excluded.user_id, device_arn = excluded.device_arn, registered_at = excluded.registered_at, dead_at = null, dead_reason = null
        )
        select (select id from me) as caller`,
  );
}
