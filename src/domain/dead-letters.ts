/** Messages that could not be read or ran out of tries: kept whole, with the reason, for replay. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, rows } from "../clients/neon.ts";

export type DeadLetter = { queue: string; message_id: string; body: unknown; reason: string };

/** Writing the same message again changes nothing. One round trip. */
export async function writeDeadLetters(db: Db, letters: DeadLetter[]): Promise<void> {
  // PostgreSQL's text holds no NUL; in JSON it stands as an escape, which text keeps as it is.
  const input = letters.map((letter) => ({ ...letter, body: JSON.stringify(letter.body) ?? "null" }));
  await rows(
    db,
    sql`insert into dead_letters (queue, message_id, body, reason)
        select l.queue, l.message_id, l.body, l.reason
        from unnest(${texts(input.map((l) => l.queue))}, ${texts(input.map((l) => l.message_id))},
                    ${texts(input.map((l) => l.body))}, ${texts(input.map((l) => l.reason))}) as l (queue, message_id, body, reason)
        on conflict (queue, message_id) do nothing`,
  );
}

const texts = (values: string[]) => sql`${sql.param(values)}::text[]`;

/** What the ledger knows of a delivery that ran out of tries: the last error of its rows; null where it knows nothing. One round trip. */
export async function lastErrors(db: Db, logIds: number[]): Promise<Map<number, string>> {
  const found = await rows<{ id: number; last_error: string }>(
    db,
    sql`select id, last_error from event_reminders_logs where id = any(${sql.param(logIds)}::bigint[]) and last_error is not null`,
  );
  return new Map(found.map(({ id, last_error }) => [id, last_error]));
}

/** Whole, also where a longer one contains it; in any text, readable as JSON or not. */
const NOT_INSIDE = { before: "(?<![[:alnum:]._%+-])", after: String.raw`(?![[:alnum:]_-]|\.[[:alnum:]])` };

/** Regular expressions that find the values of a query's one column. */
export const mentions = (values: SQL): SQL => sql`
  select ${NOT_INSIDE.before}::text || regexp_replace(v, '([^[:alnum:]])', ${String.raw`\\\1`}::text, 'g') || ${NOT_INSIDE.after}::text from (${values}) x (v)`;

/** Those that find people, by the ids that a query answers, in any field that names a person. */
export const mentionsOfPerson = (ids: SQL): SQL => sql`
  select ${String.raw`user_id\\*"\s*:\s*\\*"?`}::text || v || '(?![0-9])' from (${ids}) x (v)`;

/** Takes out of letters the recipients in whom any of the expressions finds something; a letter that is about nobody else goes. */
export const forgetInLetters = (...expressions: [SQL, ...SQL[]]): SQL => sql`
  with one as materialized (
    select string_agg(e, '|') as expression from (${sql.join(expressions, sql` union all `)}) x (e)
  ), letter as (
    select d.id, case when pg_input_is_valid(d.body, 'jsonb') then d.body::jsonb end as body
    from one join dead_letters d on d.body ~* one.expression order by d.id for update of d
  ), rest as (
    select l.id, jsonb_set(l.body, '{recipients}', r.others)::text as body
    from letter l cross join lateral (
      select jsonb_agg(r.recipient order by r.place) as others
      from one, jsonb_array_elements(case when jsonb_typeof(l.body -> 'recipients') = 'array' then l.body -> 'recipients' else '[]' end)
        with ordinality r (recipient, place)
      where r.recipient::text !~* one.expression
    ) r
    where r.others is not null
  ), kept as (
    update dead_letters d set body = r.body from rest r, one where d.id = r.id and r.body !~* one.expression returning d.id
  )
  delete from dead_letters d using letter l where d.id = l.id and l.id not in (select id from kept)`;
