/** PostgreSQL on Neon over HTTP. One call is one round trip; the driver itself has neither time-out nor retry. */
import { type NeonQueryFunction, neon, neonConfig, types } from "@neondatabase/serverless";
import type { SQL } from "drizzle-orm";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { AppError } from "../errors.ts";
import { fetchText } from "./fetch-text.ts";

const TIMEOUT_MS = 15_000;

type Call = RequestInit & { onRoundTrip?: () => void };

neonConfig.fetchFunction = async (url: string, { onRoundTrip, ...init }: Call) => {
  onRoundTrip?.();
  const { ok, status, text } = await fetchText(url, init, TIMEOUT_MS);
  // What the driver reads of a Response; a real one around the text would be read a second time.
  return { ok, status, text: async () => text, json: async () => JSON.parse(text) as unknown };
};
// Ids stay far below 2^53; numeric stays text, since money is exact.
types.setTypeParser(types.builtins.INT8 as number, (value: string) => Number(value));

export type Db = NeonHttpDatabase & { $client: NeonQueryFunction<false, false> };

export function connect(
  url: string,
  options: { fetchEndpoint?: string | undefined; onRoundTrip?: () => void } = {},
): Db {
  if (options.fetchEndpoint) neonConfig.fetchEndpoint = options.fetchEndpoint;
  return drizzle(neon(url, { fetchOptions: { onRoundTrip: options.onRoundTrip } }));
}

/** The rows of one statement: one round trip. */
export async function rows<Row extends object>(db: Db, statement: SQL): Promise<Row[]> {
  try {
    return (await db.execute(statement)).rows as unknown as Row[];
  } catch (error) {
    throw unreachable(error) ?? error;
  }
}

/** The one row that every verb's statement answers. */
export async function row<Row extends object>(db: Db, statement: SQL): Promise<Row> {
  const [first] = await rows<Row>(db, statement);
  if (!first) throw new Error("a statement that always answers a row answered none");
  return first;
}

/**
 * What a function of the database answers, whose parameters are `given` in its order. By the driver itself: such a call has nothing that Drizzle would build or
 * map, and with it takes the Worker some three times as long. One round trip.
 */
export async function call<Answer>(db: Db, name: string, given: (string | number | boolean | null)[]): Promise<Answer> {
  const places = given.map((_, place) => `$${place + 1}`).join(", ");
  try {
    const [answer] = await db.$client.query(`select ${name}(${places}) as told`, given);
    return (answer as { told: Answer }).told;
  } catch (error) {
    throw unreachable(error) ?? error;
  }
}

/** Several statements as one transaction (read committed: each sees what the ones before waited for); the rows of each. One round trip. */
export async function transactAll(db: Db, ...statements: [SQL, ...SQL[]]): Promise<unknown[][]> {
  const [first, ...rest] = statements.map((statement) => db.execute(statement));
  try {
    return (await db.batch([first!, ...rest])).map((result) => result.rows);
  } catch (error) {
    throw unreachable(error) ?? error;
  }
}

/** The same, answering the rows of the last statement. */
export async function transact<Row extends object>(db: Db, ...statements: [SQL, ...SQL[]]): Promise<Row[]> {
  return (await transactAll(db, ...statements)).at(-1) as Row[];
}

/** PostgreSQL's SQLSTATE, or null where the error is not one of its own. */
export function sqlState(error: unknown): string | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code;
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return null;
}

/** The foreign key's name where what it points to is not there (any more); null where the error is another. */
export function missingReference(error: unknown): string | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    const { code, constraint } = e as { code?: unknown; constraint?: unknown };
    if (code === "23503" && typeof constraint === "string") return constraint;
  }
  return null;
}

/**
 * Class 08 connection, 28 and 3D nobody is let in (a password that changed), 40 rolled back (deadlock), 53 resources, 57P0x shutdown, 57014 cancelled (by hand or
 * by a time limit of the role's): worth another try; without a state the call itself failed.
 */
function unreachable(error: unknown): AppError | null {
  const state = sqlState(error);
  if (state !== null && !/^(08|28|3D|40|53|57P0|57014)/.test(state)) return null;
  return new AppError("unavailable", "The service is out of reach for a moment", { retryAfter: 5, cause: error });
}
