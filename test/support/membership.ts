/** Who is in a group, as the API changes it and the database tells it. */
import { sql } from "drizzle-orm";
import { groupOfEveryRole, join, type Role } from "./arranged.ts";
import { call, type Person, person, query } from "./index.ts";

export const remove = (as: Person | undefined, group_id: number, { id }: { id: number }) =>
  call("DELETE", "/group/members", { ...(as && { as }), query: { group_id, user_id: id } });
export const promote = (as: Person | undefined, group_id: number, { id }: { id: number }, status: string) =>
  call("PATCH", "/group/members/role", { ...(as && { as }), json: { group_id, user_id: id, status } });

/** The group's owner and the role of each of its people; nothing where it is gone. */
export async function state(group_id: number) {
  const [found] = await query<{ admin_id: number; roles: Record<string, Role> }>(
    sql`select g.admin_id, (select coalesce(json_object_agg(m.user_id, m.status), '{}') from group_members m where m.group_id = g.id) as roles
        from groups g where g.id = ${group_id}`,
  );
  return found && { ...found, of: ({ id }: Person): Role | undefined => found.roles[id] };
}
export const servedSince = (group_id: number, { id }: Person, at: string) =>
  query(
    sql`update group_members set status_since = ${at}::timestamptz where group_id = ${group_id} and user_id = ${id}`,
  );
export const invitations = (group_id: number) =>
  query<{ status: string; delivery_status: string; last_error: string | null; next_attempt_at: string | null }>(
    sql`select status, delivery_status, last_error, next_attempt_at from group_invitation_logs where group_id = ${group_id} order by id`,
  );
export const taking = (event_id: number) =>
  query<{ user_id: number }>(sql`select user_id from events_users where event_id = ${event_id} order by user_id`);

/** A group with one more person of each role. */
export async function doubledGroup() {
  const made = await groupOfEveryRole();
  const others = { admin: await person(), moderator: await person(), standard: await person() };
  for (const role of ["admin", "moderator", "standard"] as const) await join(made.group_id, others[role], role);
  return { ...made, others };
}
