/** Groups, events and devices as tests need them to stand, written straight into the database. */
import { sql } from "drizzle-orm";
import { snsClient } from "../../src/clients/sns.ts";
import { type Person, person, query, settings, unique } from "./index.ts";

export type Role = "standard" | "moderator" | "admin";

export const join = (group_id: number, someone: Person, role: Role = "standard") =>
  query(
    sql`insert into group_members (group_id, user_id, status) values (${group_id}, ${someone.id}, ${role}::member_status)`,
  );

/** A group with one person of each role, beside someone invited and a stranger. */
export async function groupOfEveryRole() {
  const [admin, moderator, standard, invited, stranger] = await Promise.all([
    person(),
    person(),
    person(),
    person(),
    person(),
  ]);
  const name = unique("Group");
  const [made] = await query<{ id: number }>(
    sql`insert into groups (name, description, admin_id) values (${name}, 'About it', ${admin!.id}) returning id`,
  );
  const group_id = made!.id;
  await Promise.all([
    join(group_id, admin!, "admin"),
    join(group_id, moderator!, "moderator"),
    join(group_id, standard!),
  ]);
  await query(
    sql`insert into group_invitation_logs (group_id, user_id, invited_by) values (${group_id}, ${invited!.id}, ${admin!.id})`,
  );
  return {
    group_id,
    name,
    admin: admin!,
    moderator: moderator!,
    standard: standard!,
    invited: invited!,
    stranger: stranger!,
  };
}

/** An event far ahead in a group, with those of its members who take part. */
export async function arrangedEvent(
  group_id: number,
  takingPart: { id: number }[],
): Promise<{ id: number; name: string }> {
  const name = unique("Event");
  const [made] = await query<{ id: number }>(
    sql`insert into events (group_id, name, description, event_timestamp, time_zone, starts_at, schedule_period, is_budget, planned_at, upcoming)
        values (${group_id}, ${name}, '', '2050-01-01 12:00', 'Europe/Warsaw', '2050-01-01 11:00Z', '1 day', false, now(), '[]') returning id`,
  );
  await query(
    sql`insert into events_users (event_id, user_id, group_id)
        select ${made!.id}::bigint, u, ${group_id}::bigint from unnest(${sql.param(takingPart.map(({ id }) => id))}::bigint[]) u`,
  );
  return { id: made!.id, name };
}

/** A device that SNS knows; its token is its address in the inbox. */
export async function device(owner: { id: number }, platform: "fcm" | "apns" = "fcm") {
  const token =
    platform === "fcm"
      ? `${unique("device-token")}-${"x".repeat(40)}`
      : crypto.randomUUID().replaceAll("-", "").repeat(2);
  const arn = await snsClient(settings).registerDevice(platform, token);
  const [made] = await query<{ id: number }>(
    sql`insert into devices (user_id, platform, device_token, device_arn, registered_at)
        values (${owner.id}, ${platform}::platform, ${token}, ${arn}, clock_timestamp()) returning id`,
  );
  return { id: made!.id, token, arn };
}
