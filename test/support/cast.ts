/** A group with somebody for each part one can have in it, an event and a comment there, and somebody else's group with the same. */
import { sql } from "drizzle-orm";
import { arrangedEvent, groupOfEveryRole, join } from "./arranged.ts";
import { type Person, person, query } from "./index.ts";

/** In the order of the columns of a table of access. Nobody has no token; moderator, admin and standard take no part in the event. */
export const PARTS = [
  "nobody",
  "stranger",
  "invited",
  "standard",
  "moderator",
  "admin",
  "elsewhere",
  "participant",
  "author",
] as const;

export type Cast = Awaited<ReturnType<typeof cast>>;

export async function cast() {
  const [group, other] = await Promise.all([groupOfEveryRole(), groupOfEveryRole()]);
  const [participant, author, second, deputy] = await Promise.all([person(), person(), person(), person()]);
  for (const someone of [participant, author, second]) await join(group.group_id, someone);
  await join(group.group_id, deputy, "moderator");
  const [event, otherEvent] = await Promise.all([
    spokenOf(group.group_id, author, [participant, author]),
    spokenOf(other.group_id, other.admin, [other.admin]),
  ]);
  return {
    ...group,
    ...event,
    /** Admin of the other group, taking part in its event and author of its comment. */
    elsewhere: other.admin,
    participant,
    author,
    nobody: null,
    /** One more standard member and one more moderator, for others to act upon. */
    second,
    deputy,
    other: { group_id: other.group_id, ...otherEvent },
  };
}

/** An event that is ahead, and a comment on it. */
async function spokenOf(group_id: number, author: Person, people: Person[]) {
  const { id: event_id } = await arrangedEvent(group_id, people);
  const upcoming = JSON.stringify([{ event_timestamp: "2050-01-01 12:00:00", starts_at: "2050-01-01T11:00:00Z" }]);
  await query(sql`update events set upcoming = ${upcoming}::jsonb where id = ${event_id}`);
  const [comment] = await query<{ id: number }>(
    sql`insert into events_comments (event_id, user_id, comment) values (${event_id}, ${author.id}, 'As it was') returning id`,
  );
  return { event_id, comment_id: comment!.id };
}

/** Everything that the two groups hold, and whoever is in them, to see that a refusal changed nothing. */
export async function holdings({ group_id, other }: Cast): Promise<object> {
  const both = sql`(${group_id}::bigint, ${other.group_id}::bigint)`;
  const events = sql`(select id from events where group_id in ${both})`;
  const all = (table: string, where: ReturnType<typeof sql>) =>
    sql`(select json_agg(to_jsonb(x) order by to_jsonb(x)::text) from ${sql.raw(table)} x where ${where}) as ${sql.raw(table)}`;
  const [row] = await query(
    sql`select ${all("groups", sql`x.id in ${both}`)}, ${all("group_members", sql`x.group_id in ${both}`)},
               ${all("group_invitation_logs", sql`x.group_id in ${both}`)}, ${all("events", sql`x.group_id in ${both}`)},
               ${all("events_users", sql`x.event_id in ${events}`)}, ${all("events_comments", sql`x.event_id in ${events}`)},
               ${all("event_reminders", sql`x.group_id in ${both}`)},
               ${all("users", sql`x.id in (select user_id from group_members where group_id in ${both})`)}`,
  );
  return row!;
}
