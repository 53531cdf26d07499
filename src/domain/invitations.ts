/**
 * Invitations to a group, from made to answered. `open` is answered once, with `confirmed` or `rejected`, or `withdrawn`; whoever
 * rejected can be invited again, by a new row. One without `user_id` waits for an address; it is the caller's as soon as the
 * address is, whether or not the row names them yet.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { AppError, conflict, forbidden, notFound } from "../errors.ts";
import { type Caller, me, type Role, rfc3339Of, rowAs, transactAs } from "./access.ts";
import { lockGroup } from "./groups.ts";
import { type Page, type Paging, pageOf } from "./page.ts";
import { count, lockCaller, secondsToWait } from "./usage.ts";

/** The message goes out at once; this long after, the sweep looks whether it did. */
const SWEEP_AFTER_SECONDS = 60;

const instant = (now: number): SQL => sql`${new Date(now).toISOString()}::timestamptz`;

/** An invitation is the caller's by id, or by address where it waits for one. */
const mine = (i: SQL): SQL =>
  sql`(${i}.user_id = (select id from me) or (${i}.user_id is null and ${i}.email = (select email from me)))`;

export type Invitee = { user_id: number } | { email: string };
export type Made = { group_invitation_logs_id: number; user_id: number | null };

/** Within 24 hours by one person: invitations at all, and those to addresses without an account, whose letters nobody asked for. */
export type InvitationLimits = { aDay: number; unknownADay: number };

/**
 * Invites a person, or an address that nobody here has yet. Throws not_found for an unknown id, conflict for a member or an open invitation,
 * rate_limited.
 */
export async function invite(
  db: Db,
  caller: Caller,
  { group_id, ...invitee }: { group_id: number } & Invitee,
  { aDay, unknownADay }: InvitationLimits,
  now: number,
): Promise<Made> {
  const at = instant(now);
  const named = "email" in invitee ? sql`email = ${invitee.email}` : sql`id = ${invitee.user_id}`;
  const email = "email" in invitee ? invitee.email : null;
  const found = await transactAs<{
    role: Role | null;
    known: boolean;
    member: boolean;
    invited: boolean;
    retry_after: number | null;
    id: number | null;
    user_id: number | null;
  }>(
    db,
    lockCaller(caller, named),
    lockGroup(caller, group_id),
    sql`with ${me(caller)}, member as (
          select status from group_members where group_id = ${group_id} and user_id = (select id from me)
        ), person as (
          select id, email from users where ${named} and confirmed_at is not null
        ), address as (
          select coalesce((select email from person), ${email}::text) as email
        ), standing as (
          select exists (select from group_members m where m.group_id = ${group_id} and m.user_id = (select id from person)) as member,
                 exists (select from group_invitation_logs i where i.group_id = ${group_id} and i.status = 'open'
                         and (i.user_id = (select id from person) or (i.user_id is null and i.email = (select email from address)))) as invited
        ), wait as (
          select greatest(${secondsToWait("invitation", aDay, at)},
                          case when not exists (select from person) then ${secondsToWait("unknown_invitation", unknownADay, at)} end) as seconds
        ), made as (
          insert into group_invitation_logs (group_id, user_id, email, invited_by, created_at, next_attempt_at)
          select ${group_id}::bigint, (select id from person), case when not exists (select from person) then address.email end, me.id,
                 ${at}, ${at} + make_interval(secs => ${SWEEP_AFTER_SECONDS})
          from me, member, standing, address, wait
          where member.status in ('moderator', 'admin') and not standing.member and not standing.invited
            and address.email is not null and wait.seconds is null
          returning id, user_id
        ), counted as (${count("invitation", at, sql`made`)}
        ), unknown_counted as (${count("unknown_invitation", at, sql`made where user_id is null`)}
        )
        select (select id from me) as caller, (select status from member) as role, exists (select from person) as known,
               (select member from standing) as member, (select invited from standing) as invited,
               (select seconds from wait) as retry_after,
               (select id from made) as id, (select user_id from made) as user_id`,
  );
  if (found.id !== null) return { group_invitation_logs_id: found.id, user_id: found.user_id };
  if (found.role === null) throw notFound("group");
  if (!found.known && email === null) throw notFound("user");
  if (found.role === "standard") throw forbidden("Only a moderator or an admin invites people to this group");
  if (found.member) throw conflict("This person is in the group already");
  if (found.invited) throw conflict("This person is invited already");
  throw new AppError("rate_limited", "Too many invitations within 24 hours", { retryAfter: found.retry_after ?? 1 });
}

export type Invitation = {
  group_id: number;
  name: string;
  /** Who invited; the group's owner where that person is gone. */
  email: string;
  group_invitation_logs_id: number;
  created_at: string;
};

/** The caller's open invitations, newest first. */
export async function listInvitations(
  db: Db,
  caller: Caller,
  { limit, after }: Paging<[string, number]>,
): Promise<Page<Invitation, [string, number]>> {
  const behind = after ? sql`and (i.created_at, i.id) < (${after[0]}::timestamptz, ${after[1]}::bigint)` : sql.raw("");
  const { list } = await rowAs<{ list: Invitation[] }>(
    db,
    sql`with ${me(caller)}
        select (select id from me) as caller, (
          select coalesce(json_agg(x order by x.created_at desc, x.group_invitation_logs_id desc), '[]')
          from (
            select g.id as group_id, g.name, coalesce(w.email, o.email) as email, i.id as group_invitation_logs_id, ${rfc3339Of(sql`i.created_at`)} as created_at
            from group_invitation_logs i join groups g on g.id = i.group_id join users o on o.id = g.admin_id
            left join users w on w.id = i.invited_by
            where i.status = 'open' and ${mine(sql`i`)} ${behind}
            order by i.created_at desc, i.id desc limit ${limit + 1}
          ) x
        ) as list`,
  );
  return pageOf(list, limit, (last) => [last.created_at, last.group_invitation_logs_id]);
}

export function countInvitations(db: Db, caller: Caller): Promise<{ count: number }> {
  return rowAs(
    db,
    sql`with ${me(caller)}
        select (select id from me) as caller,
               (select count(*)::int from group_invitation_logs i where i.status = 'open' and ${mine(sql`i`)}) as count`,
  );
}

export type InvitationAnswer = "confirmed" | "rejected";

/** What becomes of an open invitation `i`, for SET. A message that is being sent right now is settled by whoever sends it. */
export function closed(status: InvitationAnswer | "withdrawn", now: number): SQL {
  const unsent = sql`i.delivery_status = 'pending' and (i.lease_until is null or i.lease_until <= ${instant(now)})`;
  const why = status === "withdrawn" ? "withdrawn" : "answered";
  return sql`status = ${status}::invitation_status, answered_at = ${instant(now)}, next_attempt_at = null,
             delivery_status = case when ${unsent} then 'suppressed' else i.delivery_status end,
             last_error = case when ${unsent} then ${why} else i.last_error end`;
}

/**
 * Answers the caller's invitation to a group. The answer that was given before changes nothing; the opposite one is a conflict.
 * A confirmed one whose person has left since is used up, and not_found.
 */
export async function answerInvitation(
  db: Db,
  caller: Caller,
  { group_id, status }: { group_id: number; status: InvitationAnswer },
  now: number,
): Promise<void> {
  const { answered, before, member } = await transactAs<{
    answered: boolean;
    before: "confirmed" | "rejected" | "withdrawn" | null;
    member: boolean;
  }>(
    db,
    lockCaller(caller),
    lockGroup(caller, group_id),
    sql`with ${me(caller)}, latest as (
          select i.id, i.status from group_invitation_logs i where i.group_id = ${group_id} and ${mine(sql`i`)}
          order by i.id desc limit 1
        ), answered as (
          update group_invitation_logs i
          set ${closed(status, now)}, user_id = me.id
          from latest, me
          where i.id = latest.id and i.status = 'open'
          returning i.group_id, i.user_id
        ), joined as (
          insert into group_members (group_id, user_id, status, status_since, joined_at)
          select group_id, user_id, 'standard', ${instant(now)}, ${instant(now)} from answered where ${status} = 'confirmed'
          on conflict do nothing
        )
        select (select id from me) as caller, exists (select from answered) as answered, (select status from latest) as before,
               exists (select from group_members m where m.group_id = ${group_id} and m.user_id = (select id from me)) as member`,
  );
  if (answered) return;
  const stands = before === "rejected" || (before === "confirmed" && member);
  if (!stands) throw notFound("invitation");
  if (before !== status) throw conflict(`The invitation was ${before} already`);
}
