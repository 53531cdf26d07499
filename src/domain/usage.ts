/**
 * How often one person does what is limited, counted over the window that ends now. A verb locks the person first (`lockCaller`), so that what
 * it reads here is still true when it writes; what it refuses is not counted.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Caller } from "./access.ts";

const WINDOW_SECONDS = { comment: 60, invitation: 86_400, unknown_invitation: 86_400, export: 86_400 } as const;
export type Use = keyof typeof WINDOW_SECONDS;

/** Locks the caller, and whoever else is named, by id: nobody is erased meanwhile, and no limit passed by two requests at once. */
export const lockCaller = (caller: Caller, other: SQL = sql`false`): SQL =>
  sql`select id from users where cognito_user_id = ${caller.cognito_user_id} or ${other} order by id for no key update`;

const window = (use: Use): SQL => sql`make_interval(secs => ${WINDOW_SECONDS[use]})`;

/** Seconds until `me` may do it once more; null where it may be done now. */
export const secondsToWait = (use: Use, limit: number, at: SQL): SQL => sql`(
  select extract(epoch from t + ${window(use)} - ${at})::float8
  from usage u, unnest(u.used_at) t
  where u.user_id = (select id from me) and u.kind = ${use}::usage_kind and t > ${at} - ${window(use)}
  order by t desc offset ${limit - 1} limit 1)`;

/** Counts one use of `me`, where `done` has a row. */
export const count = (use: Use, at: SQL, done: SQL): SQL => sql`
  insert into usage as u (user_id, kind, used_at) select me.id, ${use}::usage_kind, array[${at}] from me where exists (select from ${done})
  on conflict (user_id, kind) do update
    set used_at = array(select t from unnest(u.used_at) t where t > ${at} - ${window(use)} order by t) || excluded.used_at`;
