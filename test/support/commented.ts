/** A comment on its way to phones, and what the database says of it. */
import { sql } from "drizzle-orm";
import { arrangedEvent, device, groupOfEveryRole } from "./arranged.ts";
import { call, inbox, query, type TestDeps, unique } from "./index.ts";
import { type Clock, clockedDeps, receive, taken } from "./pipeline.ts";

export const MINUTE = 60_000;
export const QUEUE = { queue: "schedule-push-comments" };

/** An event of three (admin, moderator, standard), each with a phone, and a comment by the admin whose message is in `message`. */
export async function commented(comment = "Who brings the cake?") {
  const clock: Clock = { ms: Date.now() };
  const deps = clockedDeps(clock);
  const group = await groupOfEveryRole();
  const event = await arrangedEvent(group.group_id, [group.admin, group.moderator, group.standard]);
  const [author, one, other] = [await device(group.admin), await device(group.moderator), await device(group.standard)];
  const made = await call("POST", "/event/comment", { as: group.admin, deps, json: { event_id: event.id, comment } });
  const [message] = taken(deps);
  return {
    ...group,
    clock,
    deps,
    event,
    message: message!,
    id: made.data.events_comments_id as number,
    author,
    one,
    other,
  };
}

/** People who take part as well, without devices; by id. */
export const crowd = (size: number, group_id: number, event_id: number) =>
  query<{ id: number }>(
    sql`with made as (
          insert into users (cognito_user_id, email, username, confirmed_at)
          select gen_random_uuid(), ${unique("crowd").toLowerCase()} || n || '@torium.test', 'Crowd', now() from generate_series(1, ${size}::int) n
          returning id
        ), joined as (
          insert into group_members (group_id, user_id, status) select ${group_id}::bigint, id, 'standard' from made returning user_id
        ), taking_part as (
          insert into events_users (event_id, group_id, user_id) select ${event_id}::bigint, ${group_id}::bigint, user_id from joined
        )
        select id from made order by id`,
  );

export const logs = (id: number) =>
  query<{ user_id: number; status: string; attempts: number; last_error: string | null }>(
    sql`select user_id, status, attempts, last_error from events_comments_logs where events_comments_id = ${id} order by user_id`,
  );
export const standing = async (id: number) => {
  const [row] = await query<{ handed_on: boolean; waits: boolean }>(
    sql`select handed_on_at is not null as handed_on, next_attempt_at is not null as waits from events_comments where id = ${id}`,
  );
  return row;
};
export const count = async ({ token }: { token: string }) => (await inbox("push", token)).length;
export const received = async (deps: TestDeps, messages: unknown[]) => {
  const before = deps.roundTrips();
  const settled = await receive(deps, messages, QUEUE);
  return { roundTrips: deps.roundTrips() - before, outcomes: settled.map(({ outcome }) => outcome) };
};
