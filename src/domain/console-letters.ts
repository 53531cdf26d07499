/** Dead letters as the operator sees them, and what replays them. */
import { sql } from "drizzle-orm";
import { type Db, row, rows } from "../clients/neon.ts";
import { notFound } from "../errors.ts";
import { rfc3339Of } from "./access.ts";
import { maskMessage, parsedOf } from "./masking.ts";
import { type Page, type Paging, pageOf } from "./page.ts";
import { rfc3339 } from "./time.ts";

type Row = {
  id: number;
  queue: string;
  message_id: string;
  reason: string;
  created_at: string;
  replayed_at: string | null;
  body: string;
};

/** `readable`: it can be replayed. */
export type Letter = Row & { readable: boolean };

/** Whether a consumer can read a message; the queues know. */
type IsReadable = (body: unknown) => boolean;

const COLUMNS = sql`id, queue, message_id, reason, ${rfc3339Of(sql`created_at`)} as created_at, ${rfc3339Of(sql`replayed_at`)} as replayed_at, body`;

const masked = (letter: Row, isReadable: IsReadable): Letter => ({
  ...letter,
  body: maskMessage(letter.body),
  readable: isReadable(parsedOf(letter.body)),
});

/** Newest first; `queue` null: of all. One round trip. */
export async function listLetters(
  db: Db,
  queue: string | null,
  { limit, after }: Paging<[id: number]>,
  isReadable: IsReadable,
): Promise<Page<Letter, [id: number]>> {
  const found = await rows<Row>(
    db,
    sql`select ${COLUMNS} from dead_letters
        where ${queue === null ? sql`true` : sql`queue = ${queue}`} and ${after ? sql`id < ${after[0]}` : sql`true`}
        order by id desc limit ${limit + 1}`,
  );
  const { list, next } = pageOf(found, limit, ({ id }): [number] => [id]);
  return { list: list.map((letter) => masked(letter, isReadable)), next };
}

/** Whole, as it was. One round trip. Throws not_found. */
export async function revealLetter(db: Db, id: number, isReadable: IsReadable): Promise<Letter> {
  const [found] = await rows<Row>(db, sql`select ${COLUMNS} from dead_letters where id = ${id}`);
  if (!found) throw notFound("dead letter");
  return { ...found, body: legible(found.body), readable: isReadable(parsedOf(found.body)) };
}

/** What is no JSON, or nested too deep to be written anew, is left as it is. */
function legible(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** How many of each queue wait, and how many were replayed. One round trip. */
export const countLetters = (db: Db): Promise<{ queue: string; waiting: number; replayed: number }[]> =>
  rows(
    db,
    sql`select queue, sum(waiting)::int as waiting, sum(replayed)::int as replayed
        from (select queue, count(*) as waiting, 0 as replayed from dead_letters where replayed_at is null group by 1
              union all
              select queue, 0, count(*) from dead_letters where replayed_at is not null group by 1) k
        group by 1 order by 1`,
  );

/** Of one kind, so many letters and bytes at once: an answer of the database has 10 MiB at the most, in which each byte may take two. */
const LETTERS_A_LOT = 100;
const LOT_BYTES = 4_000_000;

export type Replay = { dead_letter_id: number } | { queue: string; after: number };

/** `remaining`: how many wait behind the lot. */
export type Lot = { letters: { id: number; body: string }[]; remaining: number };

/** What a replay is about: one letter, whether replayed before or not, or the oldest of a queue that wait. One round trip. */
export function lettersToReplay(db: Db, asked: Replay): Promise<Lot> {
  if ("dead_letter_id" in asked) {
    return row(
      db,
      sql`select coalesce((select json_agg(l) from (select id, body from dead_letters where id = ${asked.dead_letter_id}) l), '[]') as letters, 0 as remaining`,
    );
  }
  const waiting = (after: number) => sql`queue = ${asked.queue} and replayed_at is null and id > ${after}`;
  return row(
    db,
    sql`with next as (
          select id, body, sum(octet_length(body)) over (order by id) - octet_length(body) as before
          from (select id, body from dead_letters where ${waiting(asked.after)} order by id limit ${LETTERS_A_LOT}) n
        ), lot as (
          select id, body from next where before < ${LOT_BYTES}
        )
        select coalesce((select json_agg(lot order by id) from lot), '[]') as letters,
               (select count(*)::int from dead_letters where ${waiting(asked.after)} and id > (select max(id) from lot)) as remaining`,
  );
}

/** One round trip. */
export async function markReplayed(db: Db, ids: number[], now: number): Promise<void> {
  await rows(
    db,
    sql`update dead_letters set replayed_at = ${rfc3339(now)}::timestamptz where id = any(${sql.param(ids)}::bigint[])`,
  );
}
