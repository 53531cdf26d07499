/**
 * Changes of an event. What moves its reminders raises its revision and plans them anew: what is in flight for the former plan is suppressed where
 * it is about to be sent, and the ledger's key keeps what went out from going out again.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { conflict, forbidden, type Issue, notFound } from "../errors.ts";
import { type Caller, me, type Role, transactAs, wallOf } from "./access.ts";
import { planned, refuse } from "./event-plan.ts";
import { leftMeanwhile, noMember } from "./events.ts";
import { parseAmount } from "./money.ts";
import type { Period } from "./recurrence.ts";
import { reschedule, type ScheduleChange, type StoredSchedule } from "./reschedule.ts";
import { rfc3339 } from "./time.ts";

/** An absent field keeps its value. */
export type EventChange = ScheduleChange & {
  id: number;
  /** An event stays in its group: another one is refused. */
  group_id?: number | undefined;
  name?: string | undefined;
  description?: string | undefined;
  is_budget?: boolean | undefined;
  /** As it came in; looked at only where the event has a budget. */
  budget?: unknown;
  currency?: string | undefined;
  /** All participants, by id. */
  users?: number[] | undefined;
};

/** As the statement found it. `budget` has four decimals. */
type Stored = StoredSchedule & {
  group_id: number;
  revision: number;
  is_budget: boolean;
  budget: string | null;
  currency: string;
};
type Answer = { role: Role | null; stored: Stored | null; strangers: number[]; id: number | null };
/** `holds`: what must be so of the event `e`, or nothing is written. `amount` null: the budget stays. */
type Write = { holds: SQL; amount: string | null; plan: Plan | null };
type Plan = ReturnType<typeof planned> & { schedule_period: Period };

const USUAL_CURRENCY = "PLN";
/**
 * The first writing knows nothing, the second what the first has read, each further one what another has written meanwhile: whenever one fails
 * somebody else's has succeeded, so that twenty people can change one event at once.
 */
const WRITINGS = 21;

/**
 * One round trip for what can be said without knowing the event: everything but its time, also beside fields of time that repeat what is
 * stored. A rule is expanded here and not in the database, so a new time needs the stored rule and zone first: two round trips then, the second
 * writing only onto the revision that the first one read. `first_due_at` is the first reminder of a new plan, ms; null where the
 * plan stands. Throws `not_found`, `forbidden`, `invalid_input`, and `conflict` where others were faster every time.
 */
export async function changeEvent(
  db: Db,
  caller: Caller,
  change: EventChange,
  now: number,
): Promise<{ first_due_at: number | null }> {
  let write = unread(change);
  for (let writing = 0; writing < WRITINGS; writing++) {
    const answer = await writeChange(db, caller, change, write);
    if (answer === null) continue;
    if (answer.role === null || answer.stored === null) throw notFound("event");
    if (answer.id !== null) return { first_due_at: write.plan?.first_due_at ?? null };
    write = onto(answer.stored, answer.strangers, change, now);
    if (answer.role === "standard") throw forbidden("Only moderators and admins change events");
  }
  throw conflict("The event was changed by others at the same time");
}

/** The change as far as it goes without knowing the event. */
function unread(change: EventChange): Write {
  const currency = change.currency ?? USUAL_CURRENCY;
  const amount = change.budget === undefined ? null : amountIn(change.budget, currency);
  const kept = sql`e.is_budget and (${change.currency ?? null}::text is null or e.currency = ${currency})`;
  const holds = [
    change.budget === undefined
      ? sql`(not coalesce(${change.is_budget ?? null}::boolean, e.is_budget) or (${kept}))`
      : sql`(not coalesce(${change.is_budget ?? null}::boolean, e.is_budget) or (${amount !== null}::boolean and (${change.currency !== undefined}::boolean or e.currency = ${currency})))`,
    ...repeated(change),
  ];
  return { holds: sql.join(holds, sql` and `), amount, plan: null };
}

/** That the fields of time which were sent are those stored. False of some that are: then they are compared once the event is read. */
function repeated(change: ScheduleChange): SQL[] {
  const { event_timestamp, starts_at, time_zone, reminder, schedule_period, recurrence, exceptions, leads } = change;
  if (exceptions !== undefined || leads !== undefined) return [sql`false`];
  const holds: SQL[] = [];
  if (starts_at !== undefined) holds.push(sql`e.starts_at = date_trunc('second', ${rfc3339(starts_at)}::timestamptz)`);
  if (event_timestamp !== undefined) holds.push(sql`e.event_timestamp = ${event_timestamp}::timestamp`);
  if (time_zone !== undefined) holds.push(sql`e.time_zone = ${time_zone}`);
  if (recurrence !== undefined) return [...holds, sql`e.recurrence is not distinct from ${recurrence}::text`];
  if (reminder !== undefined) holds.push(sql`(e.recurrence is null) = ${reminder === "once"}::boolean`);
  if (schedule_period !== undefined) holds.push(sql`e.schedule_period = ${schedule_period}::schedule_period`);
  return holds;
}

/** The change onto the event as it was read. Throws `invalid_input`. */
function onto(stored: Stored, strangers: number[], change: EventChange, now: number): Write {
  const { schedule, issues: ofSchedule } = reschedule(stored, change, now);
  const { amount, issues: ofMoney } = moneyOf(stored, change);
  const ofGroup: Issue[] =
    change.group_id !== undefined && change.group_id !== stored.group_id
      ? [{ path: "group_id", message: "an event stays in its group" }]
      : [];
  refuse([...ofGroup, ...ofSchedule, ...ofMoney, ...strangers.map(noMember)]);
  const holds = sql`e.revision = ${stored.revision} and e.is_budget = ${stored.is_budget} and e.currency = ${stored.currency}
    and e.budget is not distinct from ${stored.budget}::numeric`;
  const plan = schedule && { ...planned(schedule), schedule_period: schedule.schedule_period };
  return { holds, amount, plan };
}

function moneyOf(stored: Stored, change: EventChange): { amount: string | null; issues: Issue[] } {
  if (!(change.is_budget ?? stored.is_budget)) return { amount: null, issues: [] };
  // The stored decimals beyond the amount's own are no part of it: 100.0000 PLN can become 100 JPY, 99.5000 cannot.
  const budget = change.budget === undefined ? stored.budget?.replace(/\.?0+$/, "") : change.budget;
  const amount = amountIn(budget, change.currency ?? stored.currency);
  return { amount, issues: amount === null ? [BAD_BUDGET] : [] };
}
const BAD_BUDGET: Issue = { path: "budget", message: "must be an amount in the event's currency" };

const amountIn = (budget: unknown, currency: string): string | null =>
  typeof budget === "string" || typeof budget === "number" ? parseAmount(budget, currency) : null;

/** Null where a named participant left the group meanwhile. */
async function writeChange(db: Db, caller: Caller, change: EventChange, write: Write): Promise<Answer | null> {
  const { id, users = null, currency = null } = change;
  const { holds, amount, plan } = write;
  const participants = sql`${users && sql.param(users)}::bigint[]`;
  const isBudget = sql`coalesce(${change.is_budget ?? null}::boolean, e.is_budget)`;
  const moved = plan
    ? sql`, event_timestamp = ${plan.columns.event_timestamp}, time_zone = ${plan.columns.time_zone}, starts_at = ${plan.columns.starts_at},
            recurrence = ${plan.columns.recurrence}, schedule_period = ${plan.schedule_period}::schedule_period,
            planned_at = ${plan.columns.planned_at}, upcoming = ${plan.columns.upcoming}, revision = e.revision + 1`
    : sql``;
  // New rows under new ids, so that a tick that read the former plan claims nothing. `cleared` counts what is deleted, and so has it deleted
  // before a row of the same key is written.
  const replanned = plan
    ? sql`, former_lead as (
            delete from event_leads l using changed c where l.event_id = c.id and l.user_id is null returning l.id
          ), former_exception as (
            delete from event_exceptions x using changed c where x.event_id = c.id returning x.event_id
          ), cleared as (
            select c.id from changed c where (select count(*) from former_lead) + (select count(*) from former_exception) >= 0
          ), ${plan.children(sql`cleared`)}`
    : sql``;
  const statement = sql`with ${me(caller)}, event as (
      select e.*, gm.status as role
      from events e join me on true join group_members gm on gm.group_id = e.group_id and gm.user_id = me.id
      where e.id = ${id}
    ), stranger as (
      select (l.place - 1)::int as n from event, unnest(${participants}) with ordinality l (user_id, place)
      where not exists (select from group_members gm where gm.group_id = event.group_id and gm.user_id = l.user_id)
    ), changed as (
      update events e
      set name = coalesce(${change.name ?? null}::text, e.name), description = coalesce(${change.description ?? null}::text, e.description),
          is_budget = ${isBudget}, budget = case when ${isBudget} then coalesce(${amount}::numeric, e.budget) end,
          currency = coalesce(${currency}::text, e.currency)${moved}
      from event
      where e.id = event.id and event.role <> 'standard' and not exists (select from stranger)
        and e.group_id = coalesce(${change.group_id ?? null}::bigint, e.group_id) and ${holds}
      returning e.id, e.group_id
    ), removed as (
      delete from events_users p using changed c where p.event_id = c.id and p.user_id <> all(${participants})
    ), added as (
      insert into events_users (event_id, user_id, group_id)
      select c.id, u.user_id, c.group_id from changed c, (select distinct unnest(${participants}) as user_id) u
      on conflict (event_id, user_id) do nothing
    )${replanned}
    select (select id from me) as caller, (select role from event) as role, (select id from changed) as id,
           (select coalesce(json_agg(n order by n), '[]') from stranger) as strangers, (
      select json_build_object(
        'group_id', e.group_id, 'revision', e.revision, 'event_timestamp', ${wallOf(sql`e.event_timestamp`)}, 'time_zone', e.time_zone,
        'recurrence', e.recurrence, 'schedule_period', e.schedule_period, 'is_budget', e.is_budget, 'budget', e.budget::text, 'currency', e.currency,
        'exceptions', (select coalesce(json_agg(json_build_object('occurrence', ${wallOf(sql`x.event_timestamp`)}, 'moved_to', ${wallOf(sql`x.moved_to`)})
                                                order by x.event_timestamp), '[]') from event_exceptions x where x.event_id = e.id),
        'leads', (select coalesce(json_agg(l.lead order by l.id), '[]') from event_leads l where l.event_id = e.id and not l.fallback and l.user_id is null))
      from event e
    ) as stored`;
  try {
    return await transactAs<Answer>(db, ...lockEvent(caller, id), statement);
  } catch (error) {
    if (leftMeanwhile(error)) return null;
    throw error;
  }
}

/** Events `e` of the caller's groups, with their membership `gm`. */
const ownEvents = (caller: Caller): SQL => sql`events e join group_members gm on gm.group_id = e.group_id
  join users u on u.id = gm.user_id and u.cognito_user_id = ${caller.cognito_user_id} and u.confirmed_at is not null`;

/**
 * Locks what a change writes, in the order in which a tick does: leads, then the event. The group is held against being deleted meanwhile, and
 * participants are read only after whoever was faster has written theirs. For members alone.
 */
const lockEvent = (caller: Caller, event_id: number): [SQL, SQL, SQL] => {
  const own = ownEvents(caller);
  return [
    sql`select g.id from ${own} join groups g on g.id = e.group_id where e.id = ${event_id} for key share of g`,
    sql`select l.id from ${own} join event_leads l on l.event_id = e.id where e.id = ${event_id} order by l.id for update of l`,
    sql`select e.id from ${own} where e.id = ${event_id} for no key update of e`,
  ];
};

/** Its reminders stop, in flight too; the ledger stays. One round trip. Throws `not_found`, `forbidden`. */
export async function deleteEvent(db: Db, caller: Caller, event_id: number): Promise<void> {
  const { role } = await transactAs<{ role: Role | null }>(
    db,
    ...lockEvent(caller, event_id),
    // In the order in which a new name of their author and the handing on of their pushes lock them: deleted without, they could wait for each other.
    sql`select c.id from ${ownEvents(caller)} join events_comments c on c.event_id = e.id
        where e.id = ${event_id} and gm.status = 'admin' order by c.id for update of c`,
    sql`with ${me(caller)}, event as (
          select e.id, gm.status as role
          from events e join me on true join group_members gm on gm.group_id = e.group_id and gm.user_id = me.id
          where e.id = ${event_id}
        ), gone as (
          delete from events e using event where e.id = event.id and event.role = 'admin'
        )
        select (select id from me) as caller, (select role from event) as role`,
  );
  if (role === null) throw notFound("event");
  if (role !== "admin") throw forbidden("Only admins delete events");
}
