/**
 * The caller inside a statement. Every verb's statement begins with `me` and answers one row that holds the caller's id, so that the person
 * is found, the scope checked and the work done in one round trip.
 */
import { type SQL, sql } from "drizzle-orm";
import { call, type Db, missingReference, row, transact } from "../clients/neon.ts";
import { unauthenticated } from "../errors.ts";
import { keepPerson } from "./sign-up.ts";

/** What a token says. `email` is null unless an ID token names it as verified; `pool_username` is what the pool knows the person by, if told. */
export type Caller = {
  cognito_user_id: string;
  email: string | null;
  name: string | null;
  pool_username?: string | undefined;
};

/** The token is good and the person unknown: signed up without a row, not confirmed here yet, or erased. */
export class UnknownCaller extends Error {
  override name = "UnknownCaller";
}

/** `me as (…)`: the caller's row, none where unknown. Goes first after WITH. */
export const me = ({ cognito_user_id }: Caller): SQL =>
  sql`me as (select id, email, username, time_zone, locale from users where cognito_user_id = ${cognito_user_id} and confirmed_at is not null)`;

type Answer = { caller: number | null };

/** The one row of a statement that selects `(select id from me) as caller`. Throws UnknownCaller. */
export async function rowAs<Row extends object>(db: Db, statement: SQL): Promise<Row> {
  return known(await row<Row & Answer>(db, statement).catch(erasedMeanwhile));
}

/**
 * What a function of the database tells the caller, which has its plan made: drizzle/migrations/0010_reads.sql and after. `given` follows the caller, in its order.
 * For reads whose planning takes longer than their running. Throws UnknownCaller.
 */
export async function readAs<Told>(
  db: Db,
  caller: Caller,
  read: `read_${string}`,
  ...given: (string | number | boolean | null)[]
): Promise<Told> {
  const told = await call<Told | null>(db, read, [caller.cognito_user_id, ...given]);
  if (told === null) throw new UnknownCaller();
  return told;
}

/** The last statement's row, after others that lock what it reads. One round trip. */
export async function transactAs<Row extends object>(db: Db, ...statements: [SQL, ...SQL[]]): Promise<Row> {
  const [answer] = await transact<Row & Answer>(db, ...statements).catch(erasedMeanwhile);
  if (!answer) throw new Error("a statement that always answers a row answered none");
  return known(answer);
}

/** Found at the statement's start, and gone when what it made of the caller was to be kept. */
function erasedMeanwhile(error: unknown): never {
  throw missingReference(error)?.endsWith("_users_id_fk") ? new UnknownCaller() : error;
}

function known<Row extends Answer>(answer: Row): Row {
  if (answer.caller === null) throw new UnknownCaller();
  return answer;
}

/** That the caller is somebody. Throws UnknownCaller. */
export const confirmCaller = (db: Db, caller: Caller): Promise<object> =>
  rowAs(db, sql`with ${me(caller)} select (select id from me) as caller`);

/**
 * Does the work as the caller. Where the person is unknown, makes or confirms their row from the token if it allows that (the pool
 * issues tokens to confirmed people alone), tells `arrived` its id, and does the work again; otherwise `unauthenticated`.
 */
export async function asCaller<T>(
  db: Db,
  caller: Caller,
  work: () => Promise<T>,
  arrived: (user_id: number) => void,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnknownCaller)) throw error;
  }
  const entry = await keepPerson(db, caller, { confirmed: true });
  if ("refused" in entry) throw unauthenticated("The token names nobody here");
  arrived(entry.id);
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnknownCaller) throw unauthenticated("The token names nobody here");
    throw error;
  }
}

export const ROLES = ["standard", "moderator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** An instant as RFC 3339 in UTC, made by the database. */
export const rfc3339Of = (column: SQL): SQL =>
  sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
/** A wall time as the app reads it. */
export const wallOf = (column: SQL): SQL => sql`to_char(${column}, 'YYYY-MM-DD HH24:MI:SS')`;
