/** The ledger, read from outside. Every question has a connection of its own, since PostgreSQL may be away at any moment. */
import pg from "pg";
import type { Ledger } from "./facts.ts";

const ANSWER_WITHIN_MS = 10_000;

export async function ask<Row extends object>(url: string, query: string, values: unknown[]): Promise<Row[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(query, values)).rows;
  } finally {
    // Nobody waits for a server that stands still.
    void client.end().catch(() => {});
  }
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

export async function readLedger(url: string, events: number[]): Promise<Ledger> {
  const of = "(select id from event_reminders where event_id = any($1))";
  const [reminders, people, deliveries] = await Promise.all([
    ask<Ledger["reminders"][number]>(
      url,
      `select id::float8 as id, event_id::float8 as event_id, ${ms("due_at")} as due_at, ${ms("starts_at")} as starts_at, ${ms("claimed_at")} as claimed_at,
              status, reason
       from event_reminders where event_id = any($1) order by id`,
      [events],
    ),
    ask<Ledger["people"][number]>(
      url,
      `select event_reminders_id::float8 as event_reminders_id, user_id::float8 as user_id, picked, reason
       from event_reminders_users where event_reminders_id in ${of}`,
      [events],
    ),
    ask<Ledger["deliveries"][number]>(
      url,
      `select id::float8 as id, event_reminders_id::float8 as event_reminders_id, user_id::float8 as user_id, channel, step::int, status, last_error,
              provider_message_id, lease_token is not null and status = 'pending' and lease_until is not null as leased, ${ms("settled_at")} as settled_at
       from event_reminders_logs where event_reminders_id in ${of}`,
      [events],
    ),
  ]);
  return { reminders, people, deliveries };
}

export interface Progress {
  /** Leads whose moment has come and that no tick has claimed. */
  unclaimed: number;
  /** Reminders whose people are not picked. */
  unpicked: number;
  pending: number;
  sent: number;
  expired: number;
  other: number;
}

/** How far it is, for reminders due by `until`, ms. Null while the database is away. */
export async function readProgress(url: string, events: number[], until: number): Promise<Progress | null> {
  try {
    const [row] = await ask<Progress>(
      url,
      `select (select count(*) from event_leads where event_id = any($1) and next_due_at <= to_timestamp($2::float8 / 1000))::int as unclaimed,
              (select count(*) from event_reminders where event_id = any($1) and status = 'pending')::int as unpicked,
              count(*) filter (where l.status = 'pending')::int as pending, count(*) filter (where l.status = 'sent')::int as sent,
              count(*) filter (where l.status = 'expired')::int + (
                select count(*) from event_reminders_users p join event_reminders r on r.id = p.event_reminders_id
                where r.event_id = any($1) and p.reason = 'expired')::int as expired,
              count(*) filter (where l.status in ('failed', 'suppressed'))::int as other
       from event_reminders_logs l join event_reminders er on er.id = l.event_reminders_id where er.event_id = any($1)`,
      [events, until],
    );
    return row ?? null;
  } catch {
    return null;
  }
}

export const atRest = ({ unclaimed, unpicked, pending }: Progress): boolean => unclaimed + unpicked + pending === 0;

export const progressLine = (progress: Progress | null): string =>
  progress
    ? Object.entries(progress)
        .map(([what, count]) => `${what} ${count}`)
        .join(", ")
    : "the database does not answer";
