/** The events that a person takes part in, as they are told. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, readOf } from "../clients/neon.ts";
import { ANYBODY, type Caller, me, type Role, readAs, rfc3339Of, wallOf } from "./access.ts";
import { byKey } from "./by-key.ts";
import { JsonText } from "./json-text.ts";
import { kept } from "./kept.ts";
import { UNUSUAL_DECIMALS, USUAL_DECIMALS } from "./money.ts";
import type { Paging } from "./page.ts";
import type { Exception } from "./plan.ts";
import { rfc3339 } from "./time.ts";

export type EventRow = {
  id: number;
  name: string;
  description: string;
  is_budget: boolean;
  budget: string | null;
  group_id: number;
  group_name: string;
  status: Role;
  event_timestamp: string;
  reminder: "once" | "periodical";
  schedule_period: string;
  users: { id: number; email: string; username: string }[];
  starts_at: string;
  time_zone: string;
  recurrence: string | null;
  exceptions: Exception[];
  reminders: (number | string)[];
  next_at: string | null;
  currency: string;
  created_at: string;
};

/** Events with their people on one page at the most, whatever its limit: the database answers 10 MiB at the most. */
const PEOPLE_A_PAGE = 40_000;

/** The three periods as the first app's parser expects them. */
const PERIOD_OUT = sql`case e.schedule_period when '1 day' then '1 day, 0:00:00' when '1 week' then '7 days, 0:00:00' else '30 days, 0:00:00' end`;

/** As text with just the decimals of its currency: "100.00", which is held as 100.0000. The list is no parameter, which would be read for each event. */
const BUDGET_OUT = sql`trunc(e.budget, coalesce((${sql.raw(`'${JSON.stringify(UNUSUAL_DECIMALS)}'`)}::jsonb ->> e.currency)::int, ${USUAL_DECIMALS}::int))::text`;

/**
 * By what narrows the list. What is many for an event is a subquery of its own: so the work grows with the page alone, however few events the planner
 * expects. That a participant is a member is what the foreign keys hold.
 */
const eventsBy = kept(8, (narrowed) => {
  const part = (name: string, condition: SQL) => (narrowed.includes(name) ? condition : sql.raw(""));
  const ofGroup = part("group", sql`and e.group_id = ${sql.placeholder("group_id")}`);
  const one = part("one", sql`and e.id = ${sql.placeholder("id")}`);
  const after = sql`(${sql.placeholder("after_at")}::timestamptz, ${sql.placeholder("after_id")}::bigint)`;
  const behind = part("behind", sql`and (e.starts_at, e.id) > ${after}`);
  return readOf(
    sql`with ${me(ANYBODY)}, page as materialized (
          select e.*, row_number() over by_time as place,
                 sum(1 + (select count(*) from events_users eu where eu.event_id = e.id)) over by_time as weight
          from (
            select e.id, e.name, e.description, e.is_budget, e.budget, e.currency, e.group_id, e.event_timestamp, e.time_zone, e.starts_at,
                   e.recurrence, e.schedule_period, e.upcoming, e.created_at
            from events_users own join events e on e.id = own.event_id
            where own.user_id = (select id from me) ${ofGroup} ${one} ${behind}
            order by e.starts_at, e.id limit ${sql.placeholder("rows")}
          ) e
          window by_time as (order by e.starts_at, e.id)
        ), shown as materialized (
          select e.*, g.name as group_name, gm.status
          from page e join groups g on g.id = e.group_id
          join group_members gm on gm.group_id = e.group_id and gm.user_id = (select id from me)
          where e.place <= ${sql.placeholder("limit")} and (e.weight <= ${PEOPLE_A_PAGE} or e.place = 1)
        ), listed as (
          select e.id, e.name, e.description, e.is_budget, ${BUDGET_OUT} as budget, e.group_id, e.group_name, e.status,
                 ${wallOf(sql`e.event_timestamp`)} as event_timestamp, case when e.recurrence is null then 'once' else 'periodical' end as reminder,
                 ${PERIOD_OUT} as schedule_period,
                 (select coalesce(json_agg(p order by p.id), '[]')
                  from (select u.id, u.email, u.username from events_users eu ${byKey("users", "u", sql`u.id = eu.user_id`)}
                        where eu.event_id = e.id and u.id is not null) p) as users,
                 ${rfc3339Of(sql`e.starts_at`)} as starts_at, e.time_zone, e.recurrence,
                 (select coalesce(json_agg(json_build_object('occurrence', ${wallOf(sql`x.event_timestamp`)}, 'moved_to', ${wallOf(sql`x.moved_to`)}) order by x.event_timestamp), '[]')
                  from event_exceptions x where x.event_id = e.id) as exceptions,
                 (select coalesce(json_agg(case when l.lead like 'P%' then to_json(l.lead) else to_json(l.lead::int) end order by l.id), '[]')
                  from event_leads l where l.event_id = e.id and not l.fallback and l.user_id is null) as reminders,
                 (select ${rfc3339Of(sql`min((o ->> 'starts_at')::timestamptz)`)} from jsonb_array_elements(e.upcoming) o
                  where (o ->> 'starts_at')::timestamptz > ${sql.placeholder("now")}::timestamptz) as next_at,
                 e.currency, ${rfc3339Of(sql`e.created_at`)} as created_at
          from shown e
          order by e.place
        )
        select (select id from me) as caller, json_build_object('more', (select count(*) from page) > count(*)) as facts,
               coalesce(json_agg(listed), '[]')::text as list
        from listed`,
  );
});

/**
 * The events that the caller takes part in, by time. Who plans one for others alone does not see it here: the first app opens each event's
 * comments, which are the participants'. Filters narrow and never refuse. One round trip.
 */
export async function listEvents(
  db: Db,
  caller: Caller,
  {
    limit,
    after,
    group_id = null,
    id = null,
  }: { group_id?: number | undefined | null; id?: number | undefined | null } & Paging<[string, number]>,
  now: number,
): Promise<{ list: JsonText<EventRow[]>; next: [string, number] | null }> {
  const narrowed = [group_id !== null && "group", id !== null && "one", after && "behind"].filter(Boolean).join(" ");
  const [after_at = null, after_id = null] = after ?? [];
  const { facts, list } = await readAs<{ facts: { more: boolean }; list: string }>(db, caller, eventsBy(narrowed), {
    group_id,
    id,
    after_at,
    after_id,
    limit,
    rows: limit + 1,
    now: rfc3339(now),
  });
  const events = new JsonText<EventRow[]>(list);
  const last = facts.more ? events.read().at(-1) : undefined;
  return { list: events, next: last ? [last.starts_at, last.id] : null };
}
