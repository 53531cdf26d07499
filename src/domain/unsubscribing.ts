/**
 * A person's wish to get no more e-mail, and its end. By address, since whoever holds the link need not be anybody here: reminders go by the next
 * channel, and nobody can invite the address by mail.
 */
import { sql } from "drizzle-orm";
import { type Db, row } from "../clients/neon.ts";

/**
 * What is known of an address, in lower case: the language of its person, null where unknown; whether mail to it is stopped by wish; and whether
 * by something that no wish can end (a bounce, a complaint).
 */
export type MailStanding = { locale: string | null; unsubscribed: boolean; undeliverable: boolean };

const standing = (email: string) => sql`
  select (select u.locale from users u where u.email = ${email} and u.confirmed_at is not null) as locale,
         coalesce(bool_or(s.reason = 'unsubscribed'), false) as unsubscribed, coalesce(bool_or(s.reason <> 'unsubscribed'), false) as undeliverable
  from suppressed_addresses s where s.channel = 'email' and s.address = ${email}`;

/** One round trip, as each of these; safe to repeat. */
export const mailStanding = (db: Db, email: string): Promise<MailStanding> => row<MailStanding>(db, standing(email));

/** Answers how it stood before. */
export const unsubscribe = (db: Db, email: string): Promise<MailStanding> =>
  row<MailStanding>(
    db,
    sql`with stopped as (
          insert into suppressed_addresses (channel, address, reason) values ('email', ${email}, 'unsubscribed') on conflict do nothing
        ) ${standing(email)}`,
  );

/** Ends the wish, and nothing else that keeps mail from the address. Answers how it stood before. */
export const subscribeAgain = (db: Db, email: string): Promise<MailStanding> =>
  row<MailStanding>(
    db,
    sql`with gone as (
          delete from suppressed_addresses where channel = 'email' and address = ${email} and reason = 'unsubscribed'
        ) ${standing(email)}`,
  );
