/** Comments on an event, by and for those who take part in it. */
import { type Placeholder, sql } from "drizzle-orm";
import { type Db, readOf } from "../clients/neon.ts";
import { AppError, forbidden, notFound } from "../errors.ts";
import { ANYBODY, type Caller, me, readAs, rowAs, transactAs } from "./access.ts";
import { shortAge } from "./age.ts";
import { kept } from "./kept.ts";
import { type Page, type Paging, pageOf } from "./page.ts";
import { type Locale, localeOf } from "./texts/index.ts";
import { words } from "./texts/locale.ts";
import { rfc3339 } from "./time.ts";
import { count, lockCaller, secondsToWait } from "./usage.ts";

/** The pushes go out at once; this long after, the sweep looks whether they did. */
const SWEEP_AFTER_SECONDS = 60;

/** `user_id` null: the author is gone; `username` is a neutral word then. `event_timestamp` is a short age, `created_at` the instant. */
export type Comment = {
  id: number;
  event_id: number;
  user_id: number | null;
  username: string;
  comment: string;
  event_timestamp: string;
  created_at: string;
};

/** Null where the caller is a stranger to the event; whether they take part in it otherwise. */
type Standing = { takes_part: boolean | null };

function requireParticipant({ takes_part }: Standing): void {
  if (takes_part === null) throw notFound("event");
  if (!takes_part) throw forbidden("Only those who take part in the event read and write its comments");
}

/** `place`: the event where the caller is a member of its group; `key share` keeps it from being deleted meanwhile. */
const place = (event_id: number | Placeholder) => sql`place as (
  select e.id, m.user_id, exists (select from events_users p where p.event_id = e.id and p.user_id = m.user_id) as takes_part
  from events e join group_members m on m.group_id = e.group_id and m.user_id = (select id from me)
  where e.id = ${event_id}`;

/** At most `aMinute` by one person. One round trip. Throws not_found, forbidden, rate_limited. */
export async function createComment(
  db: Db,
  caller: Caller,
  { event_id, comment }: { event_id: number; comment: string },
  { aMinute }: { aMinute: number },
  now: number,
): Promise<{ events_comments_id: number; user_id: number }> {
  const at = sql`${new Date(now).toISOString()}::timestamptz`;
  const made = await transactAs<Standing & { retry_after: number | null; id: number | null; user_id: number }>(
    db,
    lockCaller(caller),
    sql`with ${me(caller)}, ${place(event_id)} for key share), wait as (
          select ${secondsToWait("comment", aMinute, at)} as seconds
        ), made as (
          insert into events_comments (event_id, user_id, comment, created_at, next_attempt_at)
          select id, user_id, ${comment}, ${at}, ${at} + make_interval(secs => ${SWEEP_AFTER_SECONDS}) from place, wait
          where takes_part and seconds is null
          returning id, user_id
        ), counted as (${count("comment", at, sql`made`)}
        )
        select (select id from me) as caller, (select takes_part from place) as takes_part, (select seconds from wait) as retry_after,
               (select id from made) as id, (select user_id from made) as user_id`,
  );
  requireParticipant(made);
  if (made.id !== null) return { events_comments_id: made.id, user_id: made.user_id };
  throw new AppError("rate_limited", "Too many comments within a minute", { retryAfter: made.retry_after ?? 1 });
}

/** As an array, which the database writes faster than an object: id, author, their name (both null where gone), text, instant in unix ms. */
type Told = [id: number, user_id: number | null, username: string | null, comment: string, created_at: number];

/** By what narrows the list. */
const commentsBy = kept(4, (narrowed) => {
  const after = sql`(${sql.placeholder("after_at")}::timestamptz, ${sql.placeholder("after_id")}::bigint)`;
  const behind = narrowed.includes("behind") ? sql`and (c.created_at, c.id) < ${after}` : sql.raw("");
  const present = narrowed.includes("present")
    ? sql`and exists (select from events_users p where p.event_id = c.event_id and p.user_id = c.user_id)`
    : sql.raw("");
  return readOf(
    sql`with ${me(ANYBODY)}, ${place(sql.placeholder("event_id"))})
        select (select id from me) as caller,
               json_build_object('locale', (select locale from me), 'takes_part', (select takes_part from place)) as facts, (
          select coalesce(json_agg(x.told order by x.created_at desc, x.id desc), '[]')::text
          from (
            select c.id, c.created_at, json_build_array(c.id, c.user_id, (select username from users u where u.id = c.user_id), c.comment,
                                    floor(extract(epoch from c.created_at) * 1000)) as told
            from events_comments c
            where c.event_id = ${sql.placeholder("event_id")} and (select takes_part from place) ${behind} ${present}
            order by c.created_at desc, c.id desc limit ${sql.placeholder("rows")}
          ) x
        ) as list`,
  );
});

/** Newest first. `participants_only` leaves out authors who take part no more. */
export async function listComments(
  db: Db,
  caller: Caller,
  {
    event_id,
    participants_only,
    limit,
    after,
  }: { event_id: number; participants_only: boolean } & Paging<[string, number]>,
  { now, locale }: { now: number; locale: Locale },
): Promise<Page<Comment, [string, number]>> {
  const [after_at = null, after_id = null] = after ?? [];
  const { facts, list: found } = await readAs<{ facts: Standing & { locale: string | null }; list: string }>(
    db,
    caller,
    commentsBy(`${after ? "behind" : ""} ${participants_only ? "present" : ""}`),
    { event_id, rows: limit + 1, after_at, after_id },
  );
  requireParticipant(facts);
  const { somebody } = words(localeOf(facts.locale, locale));
  const list = (JSON.parse(found) as Told[]).map(
    ([id, user_id, username, comment, created_at]): Comment => ({
      id,
      event_id,
      user_id,
      username: username ?? somebody,
      comment,
      event_timestamp: shortAge(created_at, now),
      created_at: rfc3339(created_at),
    }),
  );
  return pageOf(list, limit, (last) => [last.created_at, last.id]);
}

/** Where the comment stands for the caller, none where they are strangers to it. */
const spoken = (comment_id: number) => sql`spoken as (
  select c.id, c.user_id = m.user_id as own, m.status,
         exists (select from events_users p where p.event_id = c.event_id and p.user_id = m.user_id) as takes_part
  from events_comments c join events e on e.id = c.event_id
  join group_members m on m.group_id = e.group_id and m.user_id = (select id from me)
  where c.id = ${comment_id})`;

/**
 * Its author's alone, and while they take part: whoever no longer reads the comments does not write among them either. One round trip.
 * Throws `not_found`, `forbidden`.
 */
export async function changeComment(
  db: Db,
  caller: Caller,
  { id, comment }: { id: number; comment: string },
): Promise<void> {
  const { found, changed } = await rowAs<{ found: boolean; changed: boolean }>(
    db,
    sql`with ${me(caller)}, ${spoken(id)}, changed as (
          update events_comments c set comment = ${comment} from spoken s where c.id = s.id and s.own and s.takes_part returning c.id
        )
        select (select id from me) as caller, exists (select from spoken) as found, exists (select from changed) as changed`,
  );
  if (!found) throw notFound("comment");
  if (!changed) throw forbidden("Only its author changes a comment, while taking part in the event");
}

/** By its author, or by whoever looks after the group, taking part or not. One round trip. Throws `not_found`, `forbidden`. */
export async function deleteComment(db: Db, caller: Caller, comment_id: number): Promise<void> {
  const { allowed } = await rowAs<{ allowed: boolean | null }>(
    db,
    sql`with ${me(caller)}, ${spoken(comment_id)}, gone as (
          delete from events_comments c using spoken s where c.id = s.id and (s.own or s.status <> 'standard')
        )
        select (select id from me) as caller, (select own is true or status <> 'standard' from spoken) as allowed`,
  );
  if (allowed === null) throw notFound("comment");
  if (!allowed) throw forbidden("Only its author, moderators and admins delete a comment");
}
