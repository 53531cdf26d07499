/** The events that a person takes part in, as they are told. */
import type { Db } from "../clients/neon.ts";
import { type Caller, type Role, readAs } from "./access.ts";
import { JsonText } from "./json-text.ts";
import { KeptPages } from "./kept-pages.ts";
import { inCurrency } from "./money.ts";
import type { Paging } from "./page.ts";
import type { Exception } from "./plan.ts";
import { rfc3339, rfc3339Told } from "./time.ts";

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

/** Events with their people on one page at the most, whatever its limit: each is told by some 100 bytes. */
const MOST_PEOPLE = 40_000;

/** With what they are encoded to a few MB of an isolate's 128; a page of 20 events of ten people has 23,000. */
const MOST_KEPT_CHARACTERS = 2_000_000;

/** The three periods as the first app's parser expects them. */
const PERIODS = { "1 day": "1 day, 0:00:00", "1 week": "7 days, 0:00:00", "1 month": "30 days, 0:00:00" };

/** As read_events_1 tells it: walls and instants as PostgreSQL writes them in JSON. */
type ToldEvent = Omit<EventRow, Written> & {
  schedule_period: keyof typeof PERIODS;
  upcoming: { starts_at: string }[] | null;
  people: number[];
  exceptions: [occurrence: string, moved_to: string | null][] | null;
  leads: string[];
};
type Written =
  | "group_name"
  | "status"
  | "reminder"
  | "schedule_period"
  | "users"
  | "exceptions"
  | "reminders"
  | "next_at";
type Told = {
  found: number;
  people: [id: number, email: string, username: string][] | null;
  groups: [id: number, name: string, role: Role][] | null;
  list: ToldEvent[];
};

/** The same one again where it is told again. */
export type EventPage = { list: JsonText<EventRow[]>; next: [string, number] | null };

const kept = new KeptPages<EventPage>(MOST_KEPT_CHARACTERS);

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
): Promise<EventPage> {
  const [after_at = null, after_id = null] = after ?? [];
  const asked = [group_id, id, after_at, after_id, limit + 1] as const;
  const key = JSON.stringify([caller.cognito_user_id, ...asked]);
  const known = kept.get(key, now);
  const given = [...asked, MOST_PEOPLE, rfc3339(now), known?.mark ?? null];
  const { mark, page: told } = await readAs<{ mark: string; page?: Told }>(db, caller, "read_events_3", ...given);
  if (known && !told) return known.page;
  const { page, until } = writePage(told!, limit, now);
  kept.keep(key, { mark, page, characters: page.list.text.length, from: now, until });
  return page;
}

/** `until` its first event begins, the page is the same for whoever asks with the same rows. */
function writePage(
  { found, people, groups, list }: Told,
  limit: number,
  now: number,
): { page: EventPage; until: number } {
  const shown = list.slice(0, limit);
  const last = found > shown.length ? shown.at(-1) : undefined;
  // Most events of a page are for the same people, who are many: each is written down once.
  const written = new Map(people?.map(([id, email, username]) => [id, JSON.stringify({ id, email, username })]));
  const named = new Map(groups?.map(([id, group_name, status]) => [id, { group_name, status }]));
  let until = Infinity;
  const texts = shown.map((event) => {
    const next = nextOf(event, now);
    until = Math.min(until, next);
    const own = JSON.stringify(eventOf(event, named.get(event.group_id)!, next));
    return `${own.slice(0, -1)},"users":[${event.people.flatMap((id) => written.get(id) ?? []).join()}]}`;
  });
  const next: EventPage["next"] = last ? [rfc3339Told(last.starts_at), last.id] : null;
  return { page: { list: new JsonText(`[${texts.join()}]`), next }, until };
}

type Group = Pick<EventRow, "group_name" | "status">;

/** When it begins next, in ms; never: Infinity. */
const nextOf = ({ upcoming }: ToldEvent, now: number): number =>
  Math.min(...(upcoming ?? []).map(({ starts_at }) => Date.parse(starts_at)).filter((at) => at > now));

function eventOf(told: ToldEvent, { group_name, status }: Group, next: number): Omit<EventRow, "users"> {
  return {
    id: told.id,
    name: told.name,
    description: told.description,
    is_budget: told.is_budget,
    budget: told.budget && inCurrency(told.budget, told.currency),
    group_id: told.group_id,
    group_name,
    status,
    event_timestamp: wallOf(told.event_timestamp),
    reminder: told.recurrence === null ? "once" : "periodical",
    schedule_period: PERIODS[told.schedule_period],
    starts_at: rfc3339Told(told.starts_at),
    time_zone: told.time_zone,
    recurrence: told.recurrence,
    exceptions: told.exceptions?.map(([at, to]) => ({ occurrence: wallOf(at), moved_to: to && wallOf(to) })) ?? [],
    reminders: told.leads.map((lead) => (lead.startsWith("P") ? lead : Number(lead))),
    next_at: next === Infinity ? null : rfc3339(next),
    currency: told.currency,
    created_at: rfc3339Told(told.created_at),
  };
}

/** "2030-06-01T18:00:00" as the app reads it. */
const wallOf = (told: string): string => told.replace("T", " ");
