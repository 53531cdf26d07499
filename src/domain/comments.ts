/** Comments on an event, by and for those who take part in it. */
import { sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { AppError, forbidden, notFound } from "../errors.ts";
import { type Caller, me, readAs, rowAs, transactAs } from "./access.ts";
import { shortAge } from "./age.ts";
import { JsonText } from "./json-text.ts";
import { KeptPages } from "./kept-pages.ts";
import type { Paging } from "./page.ts";
import { type Locale, localeOf } from "./texts/index.ts";
import { words } from "./texts/locale.ts";
import { rfc3339Told } from "./time.ts";
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
const place = (event_id: number) => sql`place as (
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

/** By columns, each null where there is no comment. Author and name are null where they are gone; the instant is as PostgreSQL writes it. */
type Columns =
  | readonly [
      ids: readonly number[],
      user_ids: readonly (number | null)[],
      names: readonly (string | null)[],
      comments: readonly string[],
      instants: readonly string[],
    ]
  | readonly [null, null, null, null, null];

type Told = Standing & { locale: string | null; columns: Columns };
/** Without its page where the one `known` still holds; without a mark where there is nothing to tell. */
type Answer = { mark: string; locale: string | null; page?: undefined } | { mark: string | null; page: Told };

/** With the isolate's other kept pages to a few MB; a page of 20 comments has some 3,300. */
const MOST_KEPT_CHARACTERS = 1_000_000;

/** A comment's JSON but for what is of the reader and of the hour: its author's name where they are gone, and how old it is. */
type Written = {
  /** Up to the name. */
  start: string;
  /** As JSON; null where the author is gone. */
  name: string | null;
  /** From there up to the age. */
  middle: string;
  /** The instant of which the age is told, in ms. */
  created_at: number;
  end: string;
};
type Next = [created_at: string, id: number] | null;
type WrittenPage = { comments: Written[]; next: Next };
type CommentPage = { list: JsonText<Comment[]>; next: Next };

/** The same for everybody who takes part, which is asked each time. */
const kept = new KeptPages<WrittenPage>(MOST_KEPT_CHARACTERS);

/** Newest first. `participants_only` leaves out authors who take part no more. One round trip. */
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
): Promise<CommentPage> {
  const asked = [event_id, participants_only, after?.[0] ?? null, after?.[1] ?? null, limit + 1] as const;
  const key = JSON.stringify(asked);
  const known = kept.get(key, now);
  const answer = await readAs<Answer>(db, caller, "read_comments_3", ...asked, known?.mark ?? null);
  if (!answer.page) return told(known!.page, now, localeOf(answer.locale, locale));
  requireParticipant(answer.page);
  const page = writePage(event_id, answer.page.columns, limit);
  const first = told(page, now, localeOf(answer.page.locale, locale));
  if (answer.mark !== null) {
    const characters = first.list.text.length;
    kept.keep(key, { mark: answer.mark, page, characters, from: now, until: Infinity });
  }
  return first;
}

function writePage(event_id: number, [ids, user_ids, names, comments, instants]: Columns, limit: number): WrittenPage {
  if (ids === null) return { comments: [], next: null };
  const written = ids.slice(0, limit).map((id, n): Written => {
    const name = names[n]!;
    const created_at = rfc3339Told(instants[n]!);
    return {
      start: `{"id":${id},"event_id":${event_id},"user_id":${user_ids[n]!},"username":`,
      name: name === null ? null : JSON.stringify(name),
      middle: `,"comment":${JSON.stringify(comments[n]!)},"event_timestamp":"`,
      created_at: Date.parse(created_at),
      end: `","created_at":"${created_at}"}`,
    };
  });
  const last = limit - 1;
  return { comments: written, next: ids.length > limit ? [rfc3339Told(instants[last]!), ids[last]!] : null };
}

function told({ comments, next }: WrittenPage, now: number, locale: Locale): CommentPage {
  const somebody = JSON.stringify(words(locale).somebody);
  const texts = comments.map(
    ({ start, name, middle, created_at, end }) =>
      `${start}${name ?? somebody}${middle}${shortAge(created_at, now)}${end}`,
  );
  return { list: new JsonText(`[${texts.join()}]`), next };
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
