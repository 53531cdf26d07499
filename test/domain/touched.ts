/** What a kept read looks at, by the plan that serves everybody. */
import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { expect } from "vitest";
import { FIND_READ, type FoundRead, prepareRead, readIn } from "../../dev/reads.ts";
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

const dialect = new PgDialect();

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

/** Of the nodes of the plan that is kept, the most rows that one hands on and throws away, in all its loops, and the rows of all of them. */
export async function touched(
  db: Db,
  ask: (db: Db) => Promise<unknown>,
): Promise<{ most: number; all: number; told: number }> {
  let asked: SQL | undefined;
  const heard = Object.assign(Object.create(db) as Db, {
    execute: (statement: SQL) => {
      asked = statement;
      return db.execute(statement);
    },
  });
  const told = (await ask(heard)) as { list: unknown[] | { read: () => unknown[] } };
  const { sql: text, params } = dialect.sqlToQuery(asked!);
  const read = readIn(text);
  expect(read).not.toBeNull();
  const found = await row<FoundRead>(db, sql`${sql.raw(FIND_READ)}${read}`);
  const quoted = params.map((value) => (value === null ? "null" : `'${String(value).replaceAll("'", "''")}'`));
  const answers = await transactAll(
    db,
    sql`set local plan_cache_mode = force_generic_plan`,
    sql.raw(prepareRead(found, "looked_at")),
    sql.raw(`explain (analyze, timing off, format json) execute looked_at(${quoted.join(", ")})`),
    sql`deallocate looked_at`,
  );
  const [{ "QUERY PLAN": explained }] = answers[2] as [{ "QUERY PLAN": [{ Plan: Node }] }];
  const rows = rowsOf(explained[0].Plan);
  const list = "read" in told.list ? told.list.read() : told.list;
  return { most: Math.max(...rows), all: rows.reduce((sum, one) => sum + one, 0), told: list.length };
}
