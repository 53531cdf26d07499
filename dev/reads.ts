/** The reads that the database keeps as functions (drizzle/migrations/0010_reads.sql and after), opened: EXPLAIN shows nothing of what a function does. */

/** How a read is asked for: its name and its parameters, all of them by their places. */
const ASKED = /^select (read_\w+)\([$\d, ]*\) as told$/;

/** Of the statement's text the read that it asks for; null where it is another statement. */
export const readIn = (text: string): string | null => ASKED.exec(text)?.[1] ?? null;

export type Found = { name: string; body: string; names: string[]; types: string };
/** A function's one statement, and the values of the read that it is given. */
export type Opened = Found & { given: unknown[] };

/** Answers a function by its name, as `body` (prosrc), `names` (of its parameters) and `types` (in their order, as PREPARE takes them). */
type Find = (name: string) => Promise<Found>;

export const FIND_READ =
  "select proname as name, prosrc as body, proargnames as names, oidvectortypes(proargtypes) as types from pg_proc where proname = ";

/** The one of a function that answers by it, or that first of all makes its mark by it. */
const OWN_STATEMENT = [
  /^\s*BEGIN RETURN \(([\s\S]*)\); END\s*$/,
  /^\s*DECLARE\s+\w+ CONSTANT text(?:\[\])? := \(([\s\S]*?)\);\s*BEGIN\s/,
];
/** A read that another asks, with parameters of that one alone. */
const ASKS = /\b(read_\w+)\(([\w, ]*)\)/g;

/** The functions by whose statements a read is answered where nothing is known: itself, and those that it asks. */
export async function openRead(find: Find, name: string, values: unknown[]): Promise<Opened[]> {
  const found = await find(name);
  const opened: Opened[] = [{ ...found, given: values }];
  for (const [, asked, given] of found.body.matchAll(ASKS)) {
    const places = given!.split(", ").map((one) => found.names.indexOf(one));
    opened.push(
      ...(await openRead(
        find,
        asked!,
        places.map((place) => values[place]),
      )),
    );
  }
  return opened;
}

/** PREPAREs the function's own statement by the name `prepared`, for parameters in the function's order. */
export function prepareRead({ body, names, types }: Found, prepared: string): string {
  const statement = OWN_STATEMENT.map((form) => form.exec(body)?.[1]).find((found) => found !== undefined);
  if (statement === undefined) throw new Error("a read has one statement, which it answers or makes its mark by");
  const placed = names.reduce(
    (text, name, n) => text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), `$${n + 1}`),
    statement,
  );
  return `prepare ${prepared} (${types}) as ${placed}`;
}
