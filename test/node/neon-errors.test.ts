import { NeonDbError, neon } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNeonEndpoint } from "../../dev/neon.ts";
import { PortTaken } from "../../dev/ports.ts";
import { failure, type NeonStack, startNeonStack } from "./support/neon.ts";

let stack: NeonStack;
let sql: NeonStack["sql"];

beforeAll(async () => {
  stack = await startNeonStack();
  sql = stack.sql;
});
afterAll(() => stack.stop());

describe("errors", () => {
  test("every field that PostgreSQL gives arrives", async () => {
    await sql`
      CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the message' USING ERRCODE = '23514', DETAIL = 'the detail', HINT = 'the hint',
          SCHEMA = 'the schema', TABLE = 'the table', COLUMN = 'the column', DATATYPE = 'the type',
          CONSTRAINT = 'the constraint';
      END $$`;
    const error = await failure(sql`SELECT refuse()`);
    expect(error).toBeInstanceOf(NeonDbError);
    expect(error).toMatchObject({
      message: "the message",
      severity: "ERROR",
      code: "23514",
      detail: "the detail",
      hint: "the hint",
      schema: "the schema",
      table: "the table",
      column: "the column",
      dataType: "the type",
      constraint: "the constraint",
      where: expect.stringContaining("PL/pgSQL function refuse() line 2 at RAISE"),
      file: "pl_exec.c",
      line: expect.stringMatching(/^\d+$/),
      routine: "exec_stmt_raise",
    });
  });

  test("the place of a mistake is told, in the statement and inside a function", async () => {
    expect(await failure(sql`SELECT nothing`)).toMatchObject({ code: "42703", position: "8" });
    await sql`CREATE FUNCTION mistaken() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT nope'; END $$`;
    expect(await failure(sql`SELECT mistaken()`)).toMatchObject({
      code: "42703",
      internalPosition: "8",
      internalQuery: "SELECT nope",
    });
  });

  test("a constraint names itself, its table and the offending row", async () => {
    const table = await stack.newTable();
    await sql.query(`INSERT INTO ${table} VALUES (1, 1)`);
    expect(await failure(sql.query(`INSERT INTO ${table} VALUES (1, 2)`))).toMatchObject({
      code: "23505",
      constraint: `${table}_id_key`,
      table,
      schema: "public",
      detail: "Key (id)=(1) already exists.",
    });
  });

  test("several statements in one are refused, and none of them runs", async () => {
    const table = await stack.newTable();
    const error = await failure(sql.query(`INSERT INTO ${table} VALUES (1, 1); INSERT INTO ${table} VALUES (2, 2)`));
    expect(error).toMatchObject({
      code: "42601",
      message: "cannot insert multiple commands into a prepared statement",
    });
    expect(await sql.query(`SELECT * FROM ${table}`)).toEqual([]);
  });

  test.each([
    ["no JSON", "{", {}, "not JSON"],
    ["no object", "3", {}, "not an object"],
    ["no query", "{}", {}, "query is not a string"],
    ["params that are no list", '{"query":"SELECT 1","params":3}', {}, "params is not a list"],
    ["queries that are no list", '{"queries":3}', {}, "queries is not a list"],
    ["a null among the queries", '{"queries":[null]}', {}, "query is not a string"],
    ["a NUL in the query", '{"query":"SELECT 1\\u0000"}', {}, "NUL"],
    ["an unknown isolation level", '{"queries":[]}', { "Neon-Batch-Isolation-Level": "Perfect" }, "isolation level"],
    ["a connection string that is no URL", '{"query":""}', { "Neon-Connection-String": "x" }, "not a URL"],
    ["a server elsewhere", '{"query":""}', { "Neon-Connection-String": "postgres://a:b@db.example/c" }, "db.example"],
    ["a wrong escape", '{"query":""}', { "Neon-Connection-String": "postgres://a%zz:b@localhost/c" }, "escape"],
    ["output other than text", '{"query":""}', { "Neon-Raw-Text-Output": "false" }, "Neon-Raw-Text-Output"],
  ])("a request with %s is answered 400 with the reason", async (_, body, headers, reason) => {
    const answer = await stack.post(body, headers);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message: expect.stringContaining(reason) });
  });

  test("a wrong password and an unknown database are 400 with PostgreSQL's code", async () => {
    const wrong = stack.postgres.url.replace("torium:torium", "torium:other");
    expect(await failure(neon(wrong)`SELECT 1`)).toMatchObject({ code: "28P01" });
    expect(await failure(neon(`${stack.postgres.url}_unknown`)`SELECT 1`)).toMatchObject({ code: "3D000" });
  });

  test("other paths, methods and host names are refused", async () => {
    expect((await fetch(stack.endpoint.url.replace("/sql", "/"), { method: "POST" })).status).toBe(404);
    expect((await fetch(stack.endpoint.url)).status).toBe(405);
    const { port } = new URL(stack.endpoint.url);
    const { request } = await import("node:http");
    const rebound = await new Promise((resolve) => {
      const headers = { host: `rebound.example:${port}` };
      request({ host: "127.0.0.1", port, path: "/sql", method: "POST", headers }, resolve).end("{}");
    });
    expect(rebound).toMatchObject({ statusCode: 403 });
  });

  test("more than 64 MiB in is 413, more than 64 MiB out is 507, and the endpoint goes on", async () => {
    expect((await stack.post("x".repeat(64 * 1024 * 1024 + 1))).status).toBe(413);
    const query = "SELECT repeat('x', 1024 * 1024) FROM generate_series(1, 1000000)";
    expect((await stack.post(JSON.stringify({ query }))).status).toBe(507);
    expect(await sql`SELECT 1 AS n`).toEqual([{ n: 1 }]);
  });

  test("a taken port is an error that names it", async () => {
    const port = Number(new URL(stack.endpoint.url).port);
    const error = await failure(startNeonEndpoint({ port }));
    expect(error).toBeInstanceOf(PortTaken);
    expect(error).toMatchObject({ port });
  });
});

describe("batches", () => {
  test("the statements of a batch see each other's writes and are one transaction", async () => {
    const table = await stack.newTable();
    const results = await sql.transaction([
      sql.query(`INSERT INTO ${table} VALUES (1, 1)`),
      sql.query(`SELECT count(*)::int AS n, pg_current_xact_id()::text AS xid FROM ${table}`),
      sql.query(`SELECT pg_current_xact_id()::text AS xid`),
    ]);
    expect(results[0]).toEqual([]);
    expect(results[1]).toEqual([{ n: 1, xid: results[2]?.[0]?.xid }]);
  });

  test("an empty batch has no results", async () => {
    expect(await sql.transaction([])).toEqual([]);
  });

  test("a failing batch is rolled back whole and tells the first error, and its connection serves on", async () => {
    const table = await stack.newTable();
    const batch = () =>
      sql.transaction([
        sql.query(`INSERT INTO ${table} VALUES (1, 1)`),
        sql.query(`INSERT INTO ${table} VALUES (2, 0)`),
        sql.query(`INSERT INTO ${table} VALUES (3, 3)`),
      ]);
    const errors = await Promise.all(Array.from({ length: 30 }, () => failure(batch())));
    for (const error of errors) expect(error).toMatchObject({ code: "23514", constraint: `${table}_n_check` });
    expect(await sql.query(`SELECT * FROM ${table}`)).toEqual([]);
  });

  test("a constraint that is checked at the commit fails the batch", async () => {
    const table = await stack.newTable();
    await sql.query(`ALTER TABLE ${table} ADD CONSTRAINT ${table}_late UNIQUE (n) DEFERRABLE INITIALLY DEFERRED`);
    const insert = (id: number) => sql.query(`INSERT INTO ${table} VALUES ($1, 5)`, [id]);
    expect(await failure(sql.transaction([insert(1), insert(2)]))).toMatchObject({
      code: "23505",
      constraint: `${table}_late`,
    });
    expect(await sql.query(`SELECT * FROM ${table}`)).toEqual([]);
  });

  test.each([
    ["ReadUncommitted", "read uncommitted"],
    ["ReadCommitted", "read committed"],
    ["RepeatableRead", "repeatable read"],
    ["Serializable", "serializable"],
  ] as const)("isolation level %s is the transaction's", async (isolationLevel, told) => {
    const [shown] = await sql.transaction([sql`SHOW transaction_isolation`], { isolationLevel });
    expect(shown).toEqual([{ transaction_isolation: told }]);
  });

  test("read only and deferrable are the transaction's", async () => {
    const options = { isolationLevel: "Serializable", readOnly: true, deferrable: true } as const;
    const [only, deferrable] = await sql.transaction(
      [sql`SHOW transaction_read_only`, sql`SHOW transaction_deferrable`],
      options,
    );
    expect([only, deferrable]).toEqual([[{ transaction_read_only: "on" }], [{ transaction_deferrable: "on" }]]);
    const table = await stack.newTable();
    const write = sql.transaction([sql.query(`INSERT INTO ${table} VALUES (1, 1)`)], { readOnly: true });
    expect(await failure(write)).toMatchObject({ code: "25006" });
  });

  test("an answer over 64 MiB rolls its batch back", async () => {
    const table = await stack.newTable();
    const huge = "SELECT repeat('x', 1024 * 1024) FROM generate_series(1, 70)";
    const error = await failure(
      sql.transaction([sql.query(`INSERT INTO ${table} VALUES (1, 1)`), sql.query(huge), sql`SELECT 1`]),
    );
    expect(error.message).toContain("507");
    expect(await sql.query(`SELECT * FROM ${table}`)).toEqual([]);
  });
});
