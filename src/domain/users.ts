/** A person's own settings, and how others find them. */
import { sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { conflict, notFound } from "../errors.ts";
import { type Caller, me, readAs, rowAs } from "./access.ts";

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

export async function getProfile(db: Db, caller: Caller): Promise<Profile> {
  const { caller: user_id, ...profile } = await readAs<{ caller: number } & Omit<Profile, "user_id">>(
    db,
    caller,
    "read_profile_1",
  );
  return { user_id, ...profile };
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
