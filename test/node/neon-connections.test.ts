import { neon } from "@neondatabase/serverless";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startNeonEndpoint } from "../../dev/neon.ts";
import { createDatabase, startPostgres } from "../../dev/postgres.ts";
import { failure, type NeonStack, startNeonStack } from "./support/neon.ts";

let stack: NeonStack;
let sql: NeonStack["sql"];

beforeAll(async () => {
  stack = await startNeonStack();
  sql = stack.sql;
});
afterAll(() => stack.stop());

test("hundreds of queries and batches at once are all served, each with its own rows", async () => {
  const queries = Array.from({ length: 200 }, (_, i) => sql`SELECT ${i}::int AS i, pg_sleep(0.001)`);
  const batches = Array.from({ length: 100 }, (_, i) =>
    sql.transaction([sql`SELECT ${i}::int AS i`, sql`SELECT ${i + 1000}::int AS i`]),
  );
  const [single, double] = await Promise.all([Promise.all(queries), Promise.all(batches)]);
  expect(single.map((rows) => rows[0]?.i)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(double.map((results) => results.map((rows) => rows[0]?.i))).toEqual(
    Array.from({ length: 100 }, (_, i) => [i, i + 1000]),
  );
});

test("errors in the midst of others harm none of them", async () => {
  const mixed = Array.from({ length: 100 }, (_, i) => sql`SELECT 100 / ${i % 2}::int AS v`);
  const settled = await Promise.allSettled(mixed);
  const told = settled.map((one) => (one.status === "fulfilled" ? one.value[0]?.v : one.reason.code));
  expect(told).toEqual(Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? "22012" : 100)));
});

test("a transaction that a statement left open does not meet the next request", async () => {
  const table = await stack.newTable();
  await sql`BEGIN`;
  await sql.query(`INSERT INTO ${table} VALUES (1, 1)`);
  // Connections of its own, so that it sees only what is committed.
  const observer = neon(`${stack.postgres.url}?application_name=observer`);
  expect(await observer.query(`SELECT id FROM ${table}`)).toEqual([{ id: 1 }]);
});

test("a request that is given up ends its statement and rolls its batch back", async () => {
  const table = await stack.newTable();
  const running = async () => {
    const [row] = await sql.query(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1`,
      [`%sleep of ${table}%`],
    );
    return row?.n;
  };
  const giveUp = new AbortController();
  const batch = sql.transaction(
    [sql.query(`INSERT INTO ${table} VALUES (1, 1)`), sql.query(`SELECT pg_sleep(600) AS "sleep of ${table}"`)],
    { fetchOptions: { signal: giveUp.signal } },
  );
  await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 10_000 });
  giveUp.abort();
  await failure(batch);
  await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 10_000 });
  expect(await sql.query(`SELECT * FROM ${table}`)).toEqual([]);
});

test("each connection string has connections of its own", async () => {
  const other = neon(await createDatabase(stack.postgres.url, "another"));
  expect(await other`SELECT current_database() AS name`).toEqual([{ name: "another" }]);
  expect(await sql`SELECT current_database() AS name`).toEqual([{ name: "torium" }]);
});

test("while PostgreSQL is away a query is a 5xx with a message, and works again once it is back", async () => {
  const directory = stack.newDirectory();
  const first = await startPostgres({ directory, port: 0 });
  const away = neon(first.url);
  const ask = () => away`SELECT 1 AS n`;
  await Promise.all(Array.from({ length: 10 }, ask));
  await first.stop();
  const errors = await Promise.all(Array.from({ length: 10 }, () => failure(ask())));
  for (const error of errors) expect(error.message).toMatch(/HTTP status 500.*could not reach the database/);
  const second = await startPostgres({ directory, port: first.port });
  expect(await Promise.all(Array.from({ length: 10 }, ask))).toEqual(Array.from({ length: 10 }, () => [{ n: 1 }]));
  await second.stop();
});

test.each([
  ["query", () => sql`SELECT pg_sleep(600) AS "victim"`],
  ["batch", () => sql.transaction([sql`SELECT 1`, sql`SELECT pg_sleep(600) AS "victim"`, sql`SELECT 2`])],
])("a %s whose connection PostgreSQL ends fails with the reason, and the next one works", async (_, victim) => {
  const failed = failure(victim());
  await vi.waitFor(
    async () => {
      const ended = await sql`SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
        WHERE query LIKE '%"victim"%' AND state = 'active' AND pid <> pg_backend_pid()`;
      expect(ended).toEqual([{ ended: true }]);
    },
    { timeout: 10_000 },
  );
  expect(await failed).toMatchObject({ code: "57P01" });
  expect(await sql`SELECT 1 AS n`).toEqual([{ n: 1 }]);
});

test("a stop ends what is running and frees the port", async () => {
  const short = await startNeonEndpoint({ port: 0 });
  const query = JSON.stringify({ query: `SELECT pg_sleep(600) AS "cut short"` });
  const headers = { "Neon-Connection-String": stack.postgres.url, "Neon-Raw-Text-Output": "true" };
  const cut = failure(fetch(short.url, { method: "POST", headers, body: query }));
  const running = async () => {
    const [row] = await sql`SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE query LIKE '%"cut short"%' AND state = 'active' AND pid <> pg_backend_pid()`;
    return row?.n;
  };
  await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 10_000 });
  await short.stop();
  expect(await cut).toBeInstanceOf(TypeError);
  expect(await running()).toBe(0);
  const again = await startNeonEndpoint({ port: Number(new URL(short.url).port) });
  await again.stop();
});
