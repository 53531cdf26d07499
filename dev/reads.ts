/** The reads that the database keeps as functions (drizzle/migrations/0010_reads.sql), opened: EXPLAIN shows nothing of what a function does. */

/** How a read is asked for: its name and its parameters, all of them by their places. */
const ASKED = /^select (read_\w+)\([$\d, ]*\) as told$/;

/** Of the statement's text the read that it asks for; null where it is another statement. */
export const readIn = (text: string): string | null => ASKED.exec(text)?.[1] ?? null;

export const FIND_READ =
  "select prosrc as body, proargnames as names, oidvectortypes(proargtypes) as types from pg_proc where proname = ";

export type FoundRead = { body: string; names: string[]; types: string };

/** PREPAREs the function's own statement by the name `prepared`, for parameters in the function's order. */
export function prepareRead({ body, names, types }: FoundRead, prepared: string): string {
  const statement = /^\s*BEGIN RETURN \(([\s\S]*)\); END\s*$/.exec(body)?.[1];
  if (statement === undefined) throw new Error("a read is one RETURN of one statement");
  const placed = names.reduce(
    (text, name, n) => text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), `$${n + 1}`),
    statement,
  );
  return `prepare ${prepared} (${types}) as ${placed}`;
}
