/**
 * Words of statements that work on a list of ids. To the planner such a list is a row or so, and what waits is a row or so as well, since mostly nothing does:
 * beside them a merge with a whole table in the order of its key, or everything that waits by its partial index, look as cheap as looking each id up. At the top
 * of an hour they are not: ten thousand wait, and a hundred ids at a time would each time read them all.
 */
import { type SQL, sql } from "drizzle-orm";

/** `left join lateral (…) alias on true`: the one row of the table that the condition names by a key. For its limit the planner looks it up for each row by itself. */
export const byKey = (table: string, alias: string, condition: SQL): SQL =>
  sql`left join lateral (select ${sql.raw(alias)}.* from ${sql.raw(`${table} ${alias}`)} where ${condition} limit 1) ${sql.raw(alias)} on true`;

/** That the row `alias`, which is looked up by its id, is pending: said so that no partial index of what is pending knows it. */
export const isPending = (alias: string): SQL => sql.raw(`${alias}.status::text = 'pending'`);
