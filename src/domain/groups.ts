/** Groups: who made them, who is in them. */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { type Caller, me, type Role, rowAs } from "./access.ts";
import { type Page, type Paging, pageOf } from "./page.ts";

export type Group = { group_id: number; name: string; description: string; admin_id: number; status: Role };

/**
 * Locks the group, if the caller is in it or invited to it. Goes before each statement that changes who is in a group, so that two of them
 * happen one after the other.
 */
export const lockGroup = (caller: Caller, group_id: number): SQL => sql`
  select g.id from groups g join users u on u.cognito_user_id = ${caller.cognito_user_id} and u.confirmed_at is not null
  where g.id = ${group_id} and (
    exists (select from group_members m where m.group_id = g.id and m.user_id = u.id)
    or exists (select from group_invitation_logs i where i.group_id = g.id and i.user_id = u.id)
    or exists (select from group_invitation_logs i where i.group_id = g.id and i.user_id is null and i.email = u.email))
  for no key update of g`;

/** The caller is its admin and first member. */
export function createGroup(
  db: Db,
  caller: Caller,
  { name, description }: { name: string; description: string },
): Promise<{ group_id: number }> {
  return rowAs(
    db,
    sql`with ${me(caller)}, made as (
          insert into groups (name, description, admin_id) select ${name}, ${description}, id from me
          returning id, admin_id
        ), joined as (
          insert into group_members (group_id, user_id, status) select id, admin_id, 'admin' from made
        )
        select (select id from me) as caller, (select id from made) as group_id`,
  );
}

/** The caller's groups with their own role, by id. */
export async function listGroups(
  db: Db,
  caller: Caller,
  { limit, after }: Paging<[number]>,
): Promise<Page<Group, [number]>> {
  const { list } = await rowAs<{ list: Group[] }>(
    db,
    sql`with ${me(caller)}
        select (select id from me) as caller, (
          select coalesce(json_agg(x order by x.group_id), '[]')
          from (
            select g.id as group_id, g.name, g.description, g.admin_id, m.status
            from group_members m join groups g on g.id = m.group_id
            where m.user_id = (select id from me) and m.group_id > ${after?.[0] ?? 0}
            order by m.group_id limit ${limit + 1}
          ) x
        ) as list`,
  );
  return pageOf(list, limit, (last) => [last.group_id]);
}
