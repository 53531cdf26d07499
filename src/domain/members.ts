/** Who is in a group, and with which role. A group has an admin as long as it has members; its owner, `admin_id`, is one of its admins. */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { conflict, forbidden, notFound } from "../errors.ts";
import { type Caller, me, type Role, rowAs, transactAs } from "./access.ts";
import { lockContents, lockGroup } from "./groups.ts";
import { closed, type Invitee } from "./invitations.ts";
import { type Page, type Paging, pageOf } from "./page.ts";

export type Member = { user_id: number; username: string; email: string; status: Role };

/** The others in a group of the caller's, by id. */
export async function listMembers(
  db: Db,
  caller: Caller,
  { group_id, limit, after }: { group_id: number } & Paging<[number]>,
): Promise<Page<Member, [number]>> {
  const { role, list } = await rowAs<{ role: Role | null; list: Member[] }>(
    db,
    sql`with ${me(caller)}, member as (
          select group_id, user_id, status from group_members where group_id = ${group_id} and user_id = (select id from me)
        )
        select (select id from me) as caller, (select status from member) as role, (
          select coalesce(json_agg(x order by x.user_id), '[]')
          from (
            select m.user_id, u.username, u.email, m.status
            from member mine join group_members m on m.group_id = mine.group_id join users u on u.id = m.user_id
            where m.user_id <> mine.user_id and m.user_id > ${after?.[0] ?? 0}
            order by m.user_id limit ${limit + 1}
          ) x
        ) as list`,
  );
  if (role === null) throw notFound("group");
  return pageOf(list, limit, (last) => [last.user_id]);
}

/**
 * `member`: the caller's membership; `target`: another's or one's own, none where `user_id` is null; `successor`: the longest-serving admin beside
 * the target.
 */
const standings = (caller: Caller, group_id: number, user_id: SQL): SQL => sql`${me(caller)}, member as (
    select status from group_members where group_id = ${group_id} and user_id = (select id from me)
  ), target as (
    select user_id, status, user_id = (select id from me) as is_self from group_members where group_id = ${group_id} and user_id = ${user_id}
  ), successor as (
    select user_id from group_members where group_id = ${group_id} and user_id <> ${user_id} and status = 'admin'
    order by status_since, user_id limit 1
  )`;

/** Once the target has left or is admin no more (`gone`), the successor owns what they owned. */
const handOn = (group_id: number, user_id: SQL, gone: SQL): SQL => sql`
  update groups g set admin_id = successor.user_id from successor
  where g.id = ${group_id} and g.admin_id = ${user_id} and exists (select from ${gone})`;

type Standing = { role: Role | null; target: Role | null };

/**
 * Ends a membership at once, with its participation in events, or withdraws an invitation, also of an address that nobody here has yet. The last
 * member's leaving deletes the group; the owner's hands it to the longest-serving admin. One round trip. Throws not_found, forbidden, and conflict for the last admin while others stay.
 */
export async function removeMember(
  db: Db,
  caller: Caller,
  { group_id, ...someone }: { group_id: number } & Invitee,
  now: number,
): Promise<void> {
  const [user_id, email] =
    "email" in someone
      ? [sql`(select id from users where email = ${someone.email} and confirmed_at is not null)`, sql`${someone.email}`]
      : [
          sql`${someone.user_id}::bigint`,
          sql`(select email from users where id = ${someone.user_id} and confirmed_at is not null)`,
        ];
  const isAlone = sql`exists (
    select from group_members m join users u on u.id = m.user_id
    where m.group_id = ${group_id} and m.user_id = ${user_id} and u.cognito_user_id = ${caller.cognito_user_id} and u.confirmed_at is not null)
    and not exists (select from group_members m where m.group_id = ${group_id} and m.user_id <> ${user_id})`;
  const found = await transactAs<Standing & { is_self: boolean; invited: boolean; done: boolean }>(
    db,
    lockGroup(caller, group_id, "update"),
    ...lockContents(group_id, isAlone),
    sql`with ${standings(caller, group_id, user_id)}, invitation as (
          select i.id from group_invitation_logs i
          where i.group_id = ${group_id} and i.status = 'open' and (i.user_id = ${user_id} or (i.user_id is null and i.email = ${email}))
        ), others as (
          select from group_members where group_id = ${group_id} and user_id <> ${user_id} limit 1
        ), emptied as (
          delete from groups g using target where g.id = ${group_id} and target.is_self and not exists (select from others) returning g.id
        ), removed as (
          delete from group_members m using target, member
          where m.group_id = ${group_id} and m.user_id = target.user_id and exists (select from others)
            and (target.is_self or member.status = 'admin' or (member.status = 'moderator' and target.status = 'standard'))
            and (target.status <> 'admin' or exists (select from successor))
          returning m.user_id
        ), handed_on as (${handOn(group_id, user_id, sql`removed`)}
        ), withdrawn as (
          update group_invitation_logs i set ${closed("withdrawn", now)}
          from invitation, member
          where i.id = invitation.id and member.status in ('moderator', 'admin') and not exists (select from target)
          returning i.id
        )
        select (select id from me) as caller, (select status from member) as role, (select status from target) as target,
               coalesce((select is_self from target), false) as is_self, exists (select from invitation) as invited,
               exists (select from emptied) or exists (select from removed) or exists (select from withdrawn) as done`,
  );
  if (found.role === null) throw notFound("group");
  if (found.target === null && !found.invited) throw notFound("member");
  if (found.done) return;
  if (found.is_self) throw conflict("The last admin stays while others do: make another member admin first");
  throw forbidden(
    found.target === null
      ? "Only moderators and admins withdraw invitations"
      : "A moderator removes standard members, an admin anyone",
  );
}

/**
 * A moderator makes standard members moderators and back, an admin anyone anything; the same rules hold for oneself. An owner who is admin no more hands the
 * group to the longest-serving admin. One round trip. Throws not_found, forbidden, and conflict for the last admin.
 */
export async function changeRole(
  db: Db,
  caller: Caller,
  { group_id, status, ...someone }: { group_id: number; user_id: number; status: Role },
  now: number,
): Promise<void> {
  const user_id = sql`${someone.user_id}::bigint`;
  const found = await transactAs<Standing & { allowed: boolean; kept: boolean }>(
    db,
    lockGroup(caller, group_id),
    sql`with ${standings(caller, group_id, user_id)}, allowed as (
          select target.user_id, target.status as before from target, member
          where member.status = 'admin'
             or (member.status = 'moderator' and target.status <> 'admin' and ${status}::member_status <> 'admin')
        ), changed as (
          update group_members m set status = ${status}::member_status, status_since = ${new Date(now).toISOString()}::timestamptz
          from allowed
          where m.group_id = ${group_id} and m.user_id = allowed.user_id and allowed.before <> ${status}::member_status
            and (allowed.before <> 'admin' or exists (select from successor))
          returning m.user_id
        ), demoted as (
          select from changed, allowed where allowed.before = 'admin'
        ), handed_on as (${handOn(group_id, user_id, sql`demoted`)}
        )
        select (select id from me) as caller, (select status from member) as role, (select status from target) as target,
               exists (select from allowed) as allowed,
               not exists (select from changed) and (select status from target) <> ${status}::member_status as kept`,
  );
  if (found.role === null) throw notFound("group");
  if (found.target === null) throw notFound("member");
  if (!found.allowed) throw forbidden("A moderator changes standard members and moderators, an admin anyone");
  if (found.kept) throw conflict("The last admin stays admin: make another member admin first");
}
