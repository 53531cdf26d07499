/** A person's own settings, and how others find them. */
import { sql } from "drizzle-orm";
import { type Db, readOf } from "../clients/neon.ts";
import { conflict, notFound } from "../errors.ts";
import { ANYBODY, type Caller, isCaller, me, readAs, rowAs } from "./access.ts";

export type Preference = "SMS" | "PUSH" | "EMAIL";

export type Profile = {
  user_id: number;
  username: string;
  email: string;
  /** E.164, verified. */
  mobile_number: string | null;
  /** Null: none chosen, which means e-mail. */
  reminder_preferences: Preference | null;
  cognito_user_id: string;
  device_arn: string | null;
  device_token: string | null;
  organization_id: number | null;
  organization_name: string | null;
  time_zone: string | null;
  locale: string | null;
};

/** The device is the live one that was registered last. */
const PROFILE = readOf(
  sql`select x.user_id as caller, row_to_json(x) as facts, null as list
      from (select) always left join (
        select u.id as user_id, u.username, u.email, u.mobile_number, u.reminder_preferences, u.cognito_user_id,
               d.device_arn, d.device_token, u.organization_id,
               (select name from organizations where id = u.organization_id) as organization_name, u.time_zone, u.locale
        from users u left join lateral (
          select device_arn, device_token from devices where user_id = u.id and dead_at is null
          order by registered_at desc, id desc limit 1
        ) d on true
        where ${isCaller(ANYBODY)}
      ) x on true`,
);

export async function getProfile(db: Db, caller: Caller): Promise<Profile> {
  return (await readAs<{ facts: Profile }>(db, caller, PROFILE)).facts;
}

/** What is absent stays as it is. Throws conflict for SMS without a verified number. */
export async function setPreferences(
  db: Db,
  caller: Caller,
  chosen: { reminder_preferences: Preference; time_zone?: string | undefined; locale?: string | undefined },
): Promise<void> {
  const { changed } = await rowAs<{ changed: boolean }>(
    db,
    sql`with ${me(caller)}, changed as (
          update users u
          set reminder_preferences = ${chosen.reminder_preferences}::preference,
              time_zone = coalesce(${chosen.time_zone ?? null}::text, u.time_zone), locale = coalesce(${chosen.locale ?? null}::text, u.locale)
          from me where u.id = me.id and (${chosen.reminder_preferences}::text <> 'SMS' or u.mobile_number is not null)
          returning u.id
        )
        select (select id from me) as caller, exists (select from changed) as changed`,
  );
  if (!changed) throw conflict("SMS needs a verified mobile number");
}

export async function setOrganization(db: Db, caller: Caller, organization_id: number): Promise<void> {
  const { changed } = await rowAs<{ changed: boolean }>(
    db,
    sql`with ${me(caller)}, changed as (
          update users u set organization_id = o.id from me, organizations o where u.id = me.id and o.id = ${organization_id}
          returning u.id
        )
        select (select id from me) as caller, exists (select from changed) as changed`,
  );
  if (!changed) throw notFound("organization");
}

/** Whose confirmed address this is; `email` in lower case. Throws not_found. */
export async function findByEmail(db: Db, caller: Caller, email: string): Promise<{ user_id: number }> {
  const { user_id } = await rowAs<{ user_id: number | null }>(
    db,
    sql`with ${me(caller)}
        select (select id from me) as caller, (select id from users where email = ${email} and confirmed_at is not null) as user_id`,
  );
  if (user_id === null) throw notFound("user");
  return { user_id };
}
