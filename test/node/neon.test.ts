import { eq, sql as raw } from "drizzle-orm";
import { drizzle } from "drizzle-orm/neon-http";
import { bigint, customType, integer, jsonb, numeric, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, type NeonStack, startNeonStack } from "./support/neon.ts";

let stack: NeonStack;
let sql: NeonStack["sql"];

beforeAll(async () => {
  stack = await startNeonStack();
  sql = stack.sql;
});
afterAll(() => stack.stop());

describe("values", () => {
  test.each<[type: string, given: unknown, received: unknown]>([
    ["int", 42, 42],
    ["bigint", "9223372036854775807", "9223372036854775807"],
    ["numeric(20,2)", "12345678901234567.89", "12345678901234567.89"],
    ["numeric", "NaN", "NaN"],
    ["float8", 0.1, 0.1],
    ["float8", "-Infinity", Number.NEGATIVE_INFINITY],
    ["boolean", true, true],
    ["boolean", false, false],
    ["text", "", ""],
    ["text", `zażółć "quoted" \\ 🌍 {a,b} NULL`, `zażółć "quoted" \\ 🌍 {a,b} NULL`],
    ["text", null, null],
    ["int", null, null],
    ["jsonb", { b: [1, null, "x"], a: { c: "ż" } }, { a: { c: "ż" }, b: [1, null, "x"] }],
    ["jsonb", JSON.stringify([1, 2]), [1, 2]],
    ["jsonb", "null", null],
    ["int[]", [1, null, 3], [1, null, 3]],
    ["int[]", [], []],
    [
      "int[][]",
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["text[]", ["", 'a"b', "c\\d", "{e,f}", null, "NULL", "ą"], ["", 'a"b', "c\\d", "{e,f}", null, "NULL", "ą"]],
    ["bigint[]", ["9007199254740993"], ["9007199254740993"]],
    ["uuid", "7b1c0a52-7f1e-4b44-9a57-0a4c4a0b2f11", "7b1c0a52-7f1e-4b44-9a57-0a4c4a0b2f11"],
    ["timestamptz", "2026-03-29T02:30:00+02:00", new Date("2026-03-29T00:30:00Z")],
    ["interval::text", "1 month 2 days", "1 mon 2 days"],
  ])("%s %j comes back as itself", async (type, given, received) => {
    expect(await sql.query(`SELECT $1::${type} AS v`, [given])).toEqual([{ v: received }]);
  });

  test("bytes come back as bytes", async () => {
    const bytes = Buffer.from([0, 1, 92, 127, 128, 255]);
    const [row] = await sql`SELECT ${bytes}::bytea AS v, octet_length(${bytes}::bytea) AS n`;
    expect(row).toEqual({ v: bytes, n: 6 });
  });

  test("a parameter has the type that the server infers for it", async () => {
    const table = await stack.newTable();
    await sql.query(`INSERT INTO ${table} VALUES ($1, $2)`, ["7", 8]);
    expect(await sql.query(`SELECT id + $1 AS sum, $2 || 'x' AS joined FROM ${table}`, ["1", 5])).toEqual([
      { sum: 8, joined: "5x" },
    ]);
    expect(await failure(sql.query(`SELECT id + $1 FROM ${table}`, ["one"]))).toMatchObject({ code: "22P02" });
  });

  test("fields, command, row count and text values arrive in Neon's shape", async () => {
    const answer = await stack.post(JSON.stringify({ query: "SELECT 1::int8 AS a, NULL AS b, true AS a", params: [] }));
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({
      fields: [
        expect.objectContaining({
          name: "a",
          dataTypeID: 20,
          tableID: 0,
          columnID: 0,
          dataTypeSize: 8,
          format: "text",
        }),
        expect.objectContaining({ name: "b", dataTypeID: 25, dataTypeModifier: -1 }),
        expect.objectContaining({ name: "a", dataTypeID: 16 }),
      ],
      rows: [["1", null, "t"]],
      command: "SELECT",
      rowCount: 1,
      rowAsArray: true,
    });
  });

  test("rows are objects where array mode is not asked for", async () => {
    const answer = await stack.post(JSON.stringify({ query: "SELECT 1 AS a, 'x' AS b" }), {
      "Neon-Array-Mode": "false",
    });
    expect(await answer.json()).toMatchObject({ rows: [{ a: "1", b: "x" }], rowAsArray: false });
  });

  test("JSON values that are no strings become PostgreSQL's text", async () => {
    const params = [
      5,
      true,
      { a: 1 },
      [
        ["a,b", null],
        ['c"d\\e', { f: 1 }],
      ],
      "s",
    ];
    const query = "SELECT $1::int, $2::bool, $3::jsonb, to_json($4::text[]), $5::text";
    const { rows } = (await (await stack.post(JSON.stringify({ query, params }))).json()) as { rows: unknown };
    expect(rows).toEqual([
      [
        "5",
        "t",
        '{"a": 1}',
        JSON.stringify([
          ["a,b", null],
          ['c"d\\e', '{"f":1}'],
        ]),
        "s",
      ],
    ]);
  });

  test("a write tells its command and the rows it touched", async () => {
    const table = await stack.newTable();
    const full = { fullResults: true } as const;
    expect(await sql.query(`INSERT INTO ${table} SELECT i, i FROM generate_series(1, 3) i`, [], full)).toMatchObject({
      command: "INSERT",
      rowCount: 3,
      rows: [],
      fields: [],
    });
    expect(await sql.query(`UPDATE ${table} SET n = 9 WHERE id > 1 RETURNING id`, [], full)).toMatchObject({
      command: "UPDATE",
      rowCount: 2,
    });
    expect(await sql.query("", [], full)).toMatchObject({ command: "", rowCount: null, rows: [] });
  });

  test("20 MiB pass in and out", async () => {
    const long = "ż".repeat(10 * 1024 * 1024);
    const [row] = await sql`SELECT ${long}::text AS v`;
    expect(row?.v === long).toBe(true);
  });
});

describe("through drizzle", () => {
  const bytea = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });
  const things = pgTable("things", {
    id: integer().primaryKey().generatedByDefaultAsIdentity(),
    name: text().notNull().unique(),
    price: numeric({ precision: 12, scale: 2 }),
    big: bigint({ mode: "bigint" }),
    tags: text().array(),
    extra: jsonb(),
    wall: timestamp({ mode: "string" }),
    at: timestamp({ withTimezone: true }),
    bytes: bytea(),
  });
  const database = () => drizzle(sql);

  beforeAll(async () => {
    await sql`CREATE TABLE things (id int PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, name text NOT NULL UNIQUE,
      price numeric(12, 2), big bigint, tags text[], extra jsonb, wall timestamp, at timestamptz, bytes bytea)`;
  });

  test("a row comes back as it went in", async () => {
    const thing = {
      name: "whole",
      price: "100.00",
      big: 9223372036854775807n,
      tags: ["a", 'b"c', "{d}"],
      extra: { list: [1, "2", null] },
      wall: "2026-03-29 02:30:00",
      at: new Date("2026-03-29T01:30:00.250Z"),
      bytes: new Uint8Array(Buffer.from("żółw")),
    };
    const [inserted] = await database().insert(things).values(thing).returning();
    const [selected] = await database().select().from(things).where(eq(things.name, "whole"));
    expect(selected).toEqual(inserted);
    expect({ ...selected, bytes: new Uint8Array(selected!.bytes!) }).toEqual({ ...thing, id: expect.any(Number) });
  });

  test("nulls come back as nulls", async () => {
    await database().insert(things).values({ name: "bare" });
    const [bare] = await database().select().from(things).where(eq(things.name, "bare"));
    const nothing = { price: null, big: null, tags: null, extra: null, wall: null, at: null, bytes: null };
    expect(bare).toEqual({ id: expect.any(Number), name: "bare", ...nothing });
  });

  test("a batch answers each query with its own rows, and is one request", async () => {
    const db = database();
    const before = stack.counted.length;
    const [written, read, told] = await db.batch([
      db.insert(things).values({ name: "one" }).returning({ name: things.name }),
      db.select({ name: things.name }).from(things).where(eq(things.name, "one")),
      db.execute<{ n: number }>(raw`SELECT 5 AS n`),
    ]);
    expect([written, read, told.rows]).toEqual([[{ name: "one" }], [{ name: "one" }], [{ n: 5 }]]);
    expect(stack.counted.slice(before)).toEqual([3]);
  });

  test("a failing batch leaves nothing, and its code is on the error", async () => {
    const db = database();
    const error = await failure(
      db.batch([db.insert(things).values({ name: "twice" }), db.insert(things).values({ name: "twice" })]),
    );
    expect(error).toMatchObject({ code: "23505", constraint: "things_name_key" });
    expect(await db.select().from(things).where(eq(things.name, "twice"))).toEqual([]);
  });

  test("a failing query carries its code in the cause", async () => {
    const error = await failure(
      database()
        .insert(things)
        .values({ id: 1, name: null as unknown as string }),
    );
    expect(error.cause).toMatchObject({ code: "23502", column: "name", table: "things" });
  });
});
