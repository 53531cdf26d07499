/** What a kept read looks at, by the plan that serves everybody. */
import { sql } from "drizzle-orm";
import { expect } from "vitest";
import { FIND_READ, type Found, type Opened, openRead, prepareRead, readIn } from "../../dev/reads.ts";
import { type Db, row, transactAll } from "../../src/clients/neon.ts";

export type Node = {
  "Node Type": string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Join Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Node[];
};
const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Rows that each node of a plan hands on and throws away, in all its loops. */
export const rowsOf = (plan: Node): number[] =>
  nodesOf(plan).map(
    (node) =>
      (node["Actual Rows"] +
        (node["Rows Removed by Filter"] ?? 0) +
        (node["Rows Removed by Join Filter"] ?? 0) +
        (node["Rows Removed by Index Recheck"] ?? 0)) *
      node["Actual Loops"],
  );

/** Of the nodes of the plans that are kept, the most rows that one hands on and throws away, in all its loops, and the rows of all of them. */
export async function touched(
  db: Db,
  ask: (db: Db) => Promise<unknown>,
): Promise<{ most: number; all: number; told: number }> {
  let asked: { read: string | null; values: unknown[] } | undefined;
  const query = (text: string, values: unknown[]) => {
    asked = { read: readIn(text), values };
    return db.$client.query(text, values);
  };
  const told = (await ask(Object.assign(Object.create(db) as Db, { $client: { query } }))) as {
    list: unknown[] | { read: () => unknown[] };
  };
  const { read, values } = asked!;
  expect(read).not.toBeNull();
  const opened = await openRead((name) => row<Found>(db, sql`${sql.raw(FIND_READ)}${name}`), read!, values);
  const rows = (await Promise.all(opened.map((one) => explained(db, one)))).flatMap(rowsOf);
  const list = "read" in told.list ? told.list.read() : told.list;
  return { most: Math.max(...rows), all: rows.reduce((sum, one) => sum + one, 0), told: list.length };
}

async function explained(db: Db, read: Opened): Promise<Node> {
  const quoted = read.given.map((value) => (value === null ? "null" : `'${String(value).replaceAll("'", "''")}'`));
  const answers = await transactAll(
    db,
    sql`set local plan_cache_mode = force_generic_plan`,
    sql.raw(prepareRead(read, "looked_at")),
    sql.raw(`explain (analyze, timing off, format json) execute looked_at(${quoted.join(", ")})`),
    sql`deallocate looked_at`,
  );
  const [{ "QUERY PLAN": plans }] = answers[2] as [{ "QUERY PLAN": [{ Plan: Node }] }];
  return plans[0].Plan;
}
