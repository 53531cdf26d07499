/** How a person's row comes to be: from the pool's triggers, or from a token where those left none. */
import { sql } from "drizzle-orm";
import { type Db, transact } from "../clients/neon.ts";
import { conflict, unauthenticated } from "../errors.ts";
import { cleanLine } from "./texts/clean.ts";

/** As the pool knows them. `email` in lower case; null where nothing proves the address, and then a row can only be confirmed. */
export type Newcomer = { cognito_user_id: string; email: string | null; name: string | null };

export type Entry = { id: number } | { refused: "erased" | "taken" | "unknown" };

/**
 * Keeps the person's row; `confirmed` makes it theirs and finds their open invitations. Triggers may come twice, late and in any order: a
 * confirmed row is never changed, an unconfirmed one gives way to the newest sign-up of its address, unless it is in a group: it then came with a first
 * Torium's people, and its account is the one that the pool knows. One round trip.
 */
export async function keepPerson(
  db: Db,
  { cognito_user_id: sub, email, name }: Newcomer,
  { confirmed }: { confirmed: boolean },
): Promise<Entry> {
  const username = email && usernameOf(name, email);
  const erased = sql`exists (select from erased_people where cognito_user_id_sha256 = encode(sha256(convert_to(${sub}, 'UTF8')), 'hex'))`;
  // Unconfirmed rows of the same address, which give way. Their comments stay, without an author.
  const replaced = sql`users u where u.email = ${email} and u.cognito_user_id <> ${sub} and u.confirmed_at is null and not ${erased}
    and not exists (select from group_members m where m.user_id = u.id)`;
  const [kept] = await transact<{ erased: boolean; taken: boolean; id: number | null }>(
    db,
    // Two sign-ups of one address wait for each other: each sees what the other left.
    sql`select pg_advisory_xact_lock(hashtextextended(${`sign-up ${email ?? sub}`}, 0))`,
    // Their row, their groups and their comments first, in the order in which others lock: a new name writes those anew, and open invitations are taken up before.
    sql`select id from users where cognito_user_id = ${sub} and confirmed_at is null for no key update`,
    sql`select id from groups where id in (
          select m.group_id from group_members m join users u on u.id = m.user_id where u.cognito_user_id = ${sub} and u.confirmed_at is null)
        order by id for no key update`,
    sql`select id from events_comments where user_id in (
          select id from users where cognito_user_id = ${sub} and confirmed_at is null union all select u.id from ${replaced})
        order by id for no key update`,
    sql`delete from users where id in (select u.id from ${replaced})`,
    sql`with known as (
          select id from users where cognito_user_id = ${sub} and confirmed_at is not null
        ), taken as (
          select from users where email = ${email} and cognito_user_id <> ${sub}
        ), made as (
          insert into users (cognito_user_id, email, username, confirmed_at)
          select ${sub}::text, ${email}::text, ${username}::text, case when ${confirmed} then now() end
          where ${email}::text is not null and not ${erased} and not exists (select from taken) and not exists (select from known)
          on conflict (cognito_user_id) do update
            set email = case when users.confirmed_at is null then excluded.email else users.email end,
                username = case when users.confirmed_at is null then excluded.username else users.username end,
                confirmed_at = coalesce(users.confirmed_at, excluded.confirmed_at)
          returning id, email
        ), woken as (
          update users set confirmed_at = now()
          where ${confirmed} and ${email}::text is null and cognito_user_id = ${sub} and confirmed_at is null and not ${erased}
          returning id, email
        ), invited as (
          update group_invitation_logs i set user_id = p.id
          from (select id, email from made union all select id, email from woken union all select id, ${email}::text from known) p
          where ${confirmed} and i.email = p.email and i.user_id is null and i.status = 'open'
            and not exists (select from group_invitation_logs o where o.user_id = p.id and o.group_id = i.group_id and o.status = 'open')
        )
        select ${erased} as erased, exists (select from taken) as taken,
               coalesce((select id from known), (select id from made), (select id from woken)) as id`,
  );
  if (kept!.erased) return { refused: "erased" };
  if (kept!.id !== null) return { id: kept!.id };
  return { refused: kept!.taken ? "taken" : "unknown" };
}

/** What a trigger asks for; refused as an error, which Cognito shows to whoever signs up. */
export async function signUp(db: Db, person: Newcomer, options: { confirmed: boolean }): Promise<{ id: number }> {
  const entry = await keepPerson(db, person, options);
  if ("id" in entry) return entry;
  if (entry.refused === "erased") throw unauthenticated("This account was erased");
  throw conflict("This address has an account already");
}

/** Cognito's name in one clean line, else the part of the address before the @. */
const usernameOf = (name: string | null, email: string): string =>
  cleanLine(name ?? "") || email.slice(0, email.lastIndexOf("@"));
