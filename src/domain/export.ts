/** Everything that is kept of a person, for them to take along. */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { AppError } from "../errors.ts";
import { type Caller, me, rfc3339Of, transactAs, wallOf } from "./access.ts";
import { LEDGER_MONTHS } from "./keeping.ts";
import { count, lockCaller, secondsToWait } from "./usage.ts";

/** An answer of the database has 10 MiB at the most, in which each byte of a text may take two: the lists' shares add up to less than half of that. */
const KIB = {
  devices: 128,
  preferences: 16,
  groups: 512,
  events: 1024,
  phone_codes: 16,
  comments: 1024,
  invitations: 512,
  deliveries: 1536,
};
/** No list looks at more rows than can fit into its share. */
const ROWS = 20_000;

export type PersonalData = {
  exported_at: string;
  /** Names of the lists of which only the newest fitted in. */
  cut: string[];
  profile: object;
} & Record<keyof typeof KIB, object[]>;

/**
 * The caller's profile and lists, each newest first. Device tokens and endpoints are left out: they are no news to the person, and a file lies around
 * in which somebody else could read them. At most `aDay` by one person, as many as they like where it is absent. One round trip. Throws rate_limited.
 */
export async function exportPerson(
  db: Db,
  caller: Caller,
  now: number,
  aDay = Number.MAX_SAFE_INTEGER,
): Promise<PersonalData> {
  const at = sql`${new Date(now).toISOString()}::timestamptz`;
  const lists: Record<keyof typeof KIB, SQL> = {
    devices: sql`
      select d.platform, ${rfc3339Of(sql`d.registered_at`)} as registered_at, ${rfc3339Of(sql`d.dead_at`)} as dead_at
      from devices d where d.user_id = me.id order by d.registered_at desc, d.id desc`,
    preferences: sql`
      select 'switched_off' as what, p.kind::text, p.channel::text, ${rfc3339Of(sql`p.created_at`)} as since from notification_preferences p where p.user_id = me.id
      union all
      select s.reason, null, s.channel::text, ${rfc3339Of(sql`s.created_at`)} from suppressed_addresses s
      where (s.channel, s.address) in (('email', u.email), ('sms', u.mobile_number))
      order by 4 desc`,
    groups: sql`
      select g.id as group_id, g.name, g.description, m.status, g.admin_id = me.id as is_owner, ${rfc3339Of(sql`m.joined_at`)} as joined_at
      from group_members m join groups g on g.id = m.group_id where m.user_id = me.id order by m.joined_at desc, g.id desc`,
    events: sql`
      select e.id, e.group_id, e.name, e.description, ${wallOf(sql`e.event_timestamp`)} as event_timestamp, e.time_zone, e.recurrence,
             e.budget::text as budget, e.currency, p.rsvp, p.share::text as share, coalesce(e.created_by = me.id, false) as is_own,
             p.user_id is not null as takes_part, ${rfc3339Of(sql`coalesce(p.added_at, e.created_at)`)} as added_at
      from events e left join events_users p on p.event_id = e.id and p.user_id = me.id
      where e.id in (
        select event_id from events_users where user_id = me.id
        union select o.id from events o join group_members m on m.group_id = o.group_id and m.user_id = me.id where o.created_by = me.id
      ) order by coalesce(p.added_at, e.created_at) desc, e.id desc`,
    phone_codes: sql`
      select v.mobile_number, ${rfc3339Of(sql`v.created_at`)} as created_at, ${rfc3339Of(sql`v.used_at`)} as used_at
      from phone_verifications v where v.user_id = me.id order by v.created_at desc, v.id desc`,
    comments: sql`
      select c.id, c.event_id, c.comment, ${rfc3339Of(sql`c.created_at`)} as created_at
      from events_comments c where c.user_id = me.id order by c.created_at desc, c.id desc`,
    invitations: sql`
      select i.id as group_invitation_logs_id, case when i.invited_by = me.id then 'sent' else 'received' end as direction, i.group_id, g.name as group_name,
             case when i.invited_by = me.id then i.email end as email, i.status, ${rfc3339Of(sql`i.created_at`)} as created_at,
             ${rfc3339Of(sql`i.answered_at`)} as answered_at
      from group_invitation_logs i join groups g on g.id = i.group_id
      where i.user_id = me.id or (i.user_id is null and i.email = me.email) or i.invited_by = me.id order by i.created_at desc, i.id desc`,
    deliveries: sql`
      select r.event_id, e.name as event_name, ${wallOf(sql`r.event_timestamp`)} as event_timestamp, r.kind, ${rfc3339Of(sql`r.due_at`)} as due_at,
             p.picked, p.reason as picked_because, l.channel, l.step, l.reason as channel_because, l.status, l.last_error, l.attempts,
             ${rfc3339Of(sql`l.settled_at`)} as settled_at
      from event_reminders_users p join event_reminders r on r.id = p.event_reminders_id
      left join event_reminders_logs l on l.event_reminders_id = p.event_reminders_id and l.user_id = p.user_id
      left join events e on e.id = r.event_id
      where p.user_id = me.id and p.created_at > ${at} - make_interval(months => ${LEDGER_MONTHS}) order by p.created_at desc, r.id desc, l.step desc`,
  };
  const names = Object.keys(lists) as (keyof typeof lists)[];
  const { retry_after, data, cut } = await transactAs<{
    retry_after: number | null;
    data: Omit<PersonalData, "exported_at" | "cut"> | null;
    cut: string[] | null;
  }>(
    db,
    lockCaller(caller),
    sql`with ${me(caller)}, wait as (
      select ${secondsToWait("export", aDay, at)} as seconds
    ), allowed as (
      select from wait where seconds is null
    ), counted as (${count("export", at, sql`allowed`)}
    ), ${sql.join(
      names.map((name) => within(name, lists[name])),
      sql`, `,
    )}
    select (select id from me) as caller, (select seconds from wait) as retry_after, case when exists (select from allowed) then json_build_object('profile', (
      select row_to_json(x) from (
        select u.id as user_id, u.username, u.email, u.mobile_number, u.reminder_preferences, u.cognito_user_id, o.name as organization_name,
               u.time_zone, u.locale, ${rfc3339Of(sql`u.confirmed_at`)} as confirmed_at, ${rfc3339Of(sql`u.created_at`)} as created_at
        from me join users u on u.id = me.id left join organizations o on o.id = u.organization_id
      ) x
    ), ${sql.join(
      names.map((name) => sql`${name}::text, (select list from ${sql.raw(name)}_in)`),
      sql`, `,
    )}) end as data, case when exists (select from allowed) then array_to_json(array_remove(array[${sql.join(
      names.map((name) => sql`case when (select cut from ${sql.raw(name)}_in) then ${name}::text end`),
      sql`, `,
    )}], null)) end as cut`,
  );
  if (data === null)
    throw new AppError("rate_limited", "Too many exports within 24 hours", { retryAfter: retry_after ?? 1 });
  return { exported_at: new Date(now).toISOString(), cut: cut ?? [], ...data };
}

/** `<name>_in as (…)`: the rows of a list from its beginning, as far as its share goes, and whether that leaves any out. */
const within = (name: keyof typeof KIB, list: SQL): SQL => sql`${sql.raw(name)}_in as (
  select coalesce(json_agg(x.line order by x.place) filter (where x.fits), '[]') as list, coalesce(not bool_and(x.fits), false) as cut
  from (
    select y.line, y.place, sum(octet_length(y.line::text) + 2) over (order by y.place) <= ${KIB[name] * 1024} and y.place <= ${ROWS} as fits
    from (
      select row_to_json(z) as line, row_number() over () as place
      from me join users u on u.id = me.id cross join lateral (${list} limit ${ROWS + 1}) z
    ) y
  ) x
)`;
