import { type SQL, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { asPrepared, type Db, preparedRow, readOf, transactAll } from "../../src/clients/neon.ts";
import { buildDeps } from "../../src/deps.ts";
import { recordingQueues, settings } from "../support/index.ts";

const { db, roundTrips } = buildDeps(settings, recordingQueues().bindings);

test("a read is prepared once in a session, and its plan serves the reads that follow", async () => {
  const read = asPrepared(readOf(sql`select ${7}::bigint, null::json, ${"seven"}::text`));
  const kept = sql`select name, (generic_plans + custom_plans)::int as runs from pg_prepared_statements where name like 'torium_%'`;
  const reads = Array.from({ length: 8 }, () => read);
  const [, ...answers] = await transactAll(db, sql`deallocate all`, ...reads, kept);
  const seven = [{ caller: 7, facts: null, list: "seven" }];
  expect(answers).toEqual([
    ...reads.map(() => seven),
    [{ name: expect.stringMatching(/^torium_[0-9a-f]{32}$/), runs: 8 }],
  ]);
});

test.each([
  ["a quote", "it's; drop table users; --"],
  ["a backslash", "C:\\'\\n"],
  ["JSON", `{"a":["\\"",{}]}`],
  ["what looks like a place", "$1 $2"],
  ["dollar quotes", "$$ $a$"],
  ["nothing", ""],
  ["letters of every kind", "Zażółć 🎉 ‮"],
])("%s reaches the statement as it was given", async (_, text) => {
  const answer = await preparedRow(
    db,
    readOf(sql`select length(${text}::text), to_json(${text}::text), ${text}::text`),
  );
  expect(answer).toEqual({ caller: [...text].length, facts: text, list: text });
});

test("null, true and a number are what they were, and a statement may have no parameters", async () => {
  const mixed = readOf(sql`select ${5}::int + 1, json_build_array(${null}::text, ${true}::boolean), null`);
  expect(await preparedRow(db, mixed)).toEqual({ caller: 6, facts: [null, true], list: null });
  expect(await preparedRow(db, readOf(sql`select 1::bigint, null::json, 'x'`))).toEqual({
    caller: 1,
    facts: null,
    list: "x",
  });
});

test("what a read is to be given by name is refused where it is missing, before anybody is asked", async () => {
  const before = roundTrips();
  const read = readOf(sql`select ${sql.placeholder("one")}::bigint, null::json, ${sql.placeholder("other")}::text`);
  await expect(preparedRow(db, read, { one: 1 })).rejects.toThrow(/other/);
  expect(roundTrips() - before).toBe(0);
  expect(await preparedRow(db, read, { one: 1, other: null })).toEqual({ caller: 1, facts: null, list: null });
});

test("it is one round trip, the first time too", async () => {
  const before = roundTrips();
  await preparedRow(db, readOf(sql`select 99::bigint, null::json, 'never before'`));
  expect(roundTrips() - before).toBe(1);
});

test("an error of the statement is its own, and the next read is none the worse", async () => {
  const quotient = readOf(sql`select 6 / ${sql.placeholder("by")}::int, null::json, ''`);
  const divide = (by: number) => preparedRow(db, quotient, { by });
  await expect(divide(0)).rejects.toMatchObject({ cause: { code: "22012" } });
  expect(await divide(2)).toMatchObject({ caller: 3 });
});

test("a read sees what was written since it was prepared, and a column that was added", async () => {
  const read = asPrepared(readOf(sql`select count(*), json_agg(t), null from pg_temp.seen t`));
  const answers = await transactAll(
    db,
    sql`create temporary table seen (a int) on commit drop`,
    sql`insert into seen values (1)`,
    read,
    sql`insert into seen values (2)`,
    read,
    sql`alter table seen add column b int default 7`,
    read,
  );
  expect([answers[2], answers[4], answers[6]]).toEqual([
    [{ caller: 1, facts: [{ a: 1 }], list: null }],
    [{ caller: 2, facts: [{ a: 1 }, { a: 2 }], list: null }],
    [
      {
        caller: 2,
        facts: [
          { a: 1, b: 7 },
          { a: 2, b: 7 },
        ],
        list: null,
      },
    ],
  ]);
});

/** The same database, whose first statement is another. */
function refusing(statement: SQL) {
  const refused: unknown[] = [];
  const first = new Proxy(db, {
    get: (target, name) => {
      if (name !== "execute" || refused.length > 0) return Reflect.get(target, name);
      return (asked: unknown) => {
        refused.push(asked);
        return target.execute(statement);
      };
    },
  }) as Db;
  return { first, refused };
}

test("a database that has not the function yet is asked without it", async () => {
  const { first, refused } = refusing(sql`select run_prepared()`);
  const [seven, a] = [sql.placeholder("seven"), sql.placeholder("a")];
  const read = readOf(
    sql`select ${seven}::bigint as caller, json_build_array(${a}::text) as facts, ${null}::text as list`,
  );
  expect(await preparedRow(first, read, { seven: 7, a: "a" })).toEqual({ caller: 7, facts: ["a"], list: null });
  expect(refused).toHaveLength(1);
});

test("a statement that is wrong itself is not asked again, though its error has the same code", async () => {
  const { first } = refusing(sql`select 'run_prepared'::text + 1::bigint`);
  await expect(preparedRow(first, readOf(sql`select 1 as caller, null as facts, null as list`))).rejects.toThrow();
});
