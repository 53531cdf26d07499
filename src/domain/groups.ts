/** Groups: made, described, owned, deleted. */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { forbidden, invalid, notFound } from "../errors.ts";
import { type Caller, me, type Role, readAs, rowAs, transactAs } from "./access.ts";
import { type Page, type Paging, pageOf } from "./page.ts";

export type Group = { group_id: number; name: string; description: string; admin_id: number; status: Role };

/**
 * Locks the group, if the caller is in it or invited to it. Goes before each statement that changes who is in a group, so that two of them
 * happen one after the other. `update` keeps events from being planned in it as well; who may delete the group takes it.
 */
export const lockGroup = (
  caller: Caller,
  group_id: number,
  strength: "no key update" | "update" = "no key update",
): SQL => sql`
  select g.id from groups g join users u on u.cognito_user_id = ${caller.cognito_user_id} and u.confirmed_at is not null
  where g.id = ${group_id} and (
    exists (select from group_members m where m.group_id = g.id and m.user_id = u.id)
    or exists (select from group_invitation_logs i where i.group_id = g.id and i.user_id = u.id)
    or exists (select from group_invitation_logs i where i.group_id = g.id and i.user_id is null and i.email = u.email))
  for ${sql.raw(strength)} of g`;

/**
 * Locks what is deleted with the group, where `deleting` says so, in the order in which the tick and the queues' consumers do: deleted without, it and
 * they could wait for each other. Goes after `lockGroup`.
 */
export const lockContents = (group_id: number, deleting: SQL): SQL[] => [
  sql`select l.id from event_leads l join events e on e.id = l.event_id where e.group_id = ${group_id} and ${deleting} order by l.id for update of l`,
  sql`select id from events where group_id = ${group_id} and ${deleting} order by id for update`,
  sql`select c.id from events_comments c join events e on e.id = c.event_id where e.group_id = ${group_id} and ${deleting} order by c.id for update of c`,
  sql`select id from group_invitation_logs where group_id = ${group_id} and ${deleting} order by id for update`,
];

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
  const { list } = await readAs<{ list: Group[] }>(db, caller, "read_groups_1", after?.[0] ?? 0, limit + 1);
  return pageOf(list, limit, (last) => [last.group_id]);
}

/**
 * Names and describes the group. `admin_id`: a member who becomes its owner, and admin where they are not; the earlier owner stays admin. Throws
 * not_found, invalid_input at `admin_id`, forbidden. One round trip.
 */
export async function changeGroup(
  db: Db,
  caller: Caller,
  {
    id,
    name,
    description,
    admin_id = null,
  }: { id: number; name: string; description: string; admin_id?: number | undefined | null },
  now: number,
): Promise<void> {
  const { role, owner_known } = await transactAs<{ role: Role | null; owner_known: boolean }>(
    db,
    lockGroup(caller, id),
    sql`with ${me(caller)}, member as (
          select status from group_members where group_id = ${id} and user_id = (select id from me)
        ), owner as (
          select user_id, status from group_members where group_id = ${id} and user_id = ${admin_id}::bigint
        ), changed as (
          update groups g set name = ${name}, description = ${description}, admin_id = coalesce((select user_id from owner), g.admin_id)
          from member
          where g.id = ${id} and (member.status = 'admin' or (member.status = 'moderator' and ${admin_id}::bigint is null))
            and (${admin_id}::bigint is null or exists (select from owner))
          returning g.id
        ), promoted as (
          update group_members m set status = 'admin', status_since = ${new Date(now).toISOString()}::timestamptz
          from changed, owner
          where m.group_id = changed.id and m.user_id = owner.user_id and owner.status <> 'admin'
        )
        select (select id from me) as caller, (select status from member) as role, exists (select from owner) as owner_known`,
  );
  if (role === null) throw notFound("group");
  if (admin_id !== null && !owner_known) throw invalid("admin_id", "is not a member of the group");
  if (role === "standard") throw forbidden("Only moderators and admins change the group");
  if (admin_id !== null && role !== "admin") throw forbidden("Only an admin hands the group to another owner");
}

/** The group goes with its events, comments and invitations; its reminders stop, in flight too. One round trip. Throws not_found, forbidden. */
export async function deleteGroup(db: Db, caller: Caller, group_id: number): Promise<void> {
  const isAdmin = sql`exists (
    select from group_members m join users u on u.id = m.user_id
    where m.group_id = ${group_id} and m.status = 'admin' and u.cognito_user_id = ${caller.cognito_user_id} and u.confirmed_at is not null)`;
  const { role } = await transactAs<{ role: Role | null }>(
    db,
    lockGroup(caller, group_id, "update"),
    ...lockContents(group_id, isAdmin),
    sql`with ${me(caller)}, member as (
          select status from group_members where group_id = ${group_id} and user_id = (select id from me)
        ), gone as (
          delete from groups g using member where g.id = ${group_id} and member.status = 'admin'
        )
        select (select id from me) as caller, (select status from member) as role`,
  );
  if (role === null) throw notFound("group");
  if (role !== "admin") throw forbidden("Only an admin deletes the group");
}
