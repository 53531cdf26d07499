import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../dev/migrate.ts";
import { createDatabase, type Postgres, startPostgres } from "../../dev/postgres.ts";

const SCRIPT = fileURLToPath(new URL("../../dev/migrate.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "torium-migrate-"));
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({ directory: join(folder, "db"), port: 0 });
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

/** A folder as drizzle-kit writes it, with one file for each migration. */
function migrationsOf(name: string, migrations: string[]): string {
  const directory = join(folder, name);
  mkdirSync(join(directory, "meta"), { recursive: true });
  const entries = migrations.map((_, idx) => ({ idx, version: "7", when: idx + 1, tag: `${idx}`, breakpoints: true }));
  writeFileSync(join(directory, "meta", "_journal.json"), JSON.stringify({ version: "7", entries }));
  for (const [i, sql] of migrations.entries()) writeFileSync(join(directory, `${i}.sql`), sql);
  return directory;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function runScript(databaseUrl: string | undefined): Promise<{ code: number | null; errors: string }> {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [SCRIPT], {
    env: databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code, errors };
}

test("each migration is applied once, and a later one on top", async () => {
  const url = await createDatabase(postgres.url, "twice");
  const first = "CREATE TABLE a (n int);--> statement-breakpoint\nINSERT INTO a VALUES (1);";
  await migrate(url, migrationsOf("twice", [first]));
  await migrate(url, migrationsOf("twice", [first]));
  await migrate(url, migrationsOf("twice", [first, "INSERT INTO a VALUES (2);"]));
  expect(await query(url, "SELECT n FROM a ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }]);
});

test("several at once apply each migration once", async () => {
  const url = await createDatabase(postgres.url, "at once");
  const directory = migrationsOf("at-once", ["CREATE TABLE a (n int);", "INSERT INTO a VALUES (1);"]);
  await Promise.all(Array.from({ length: 6 }, () => migrate(url, directory)));
  expect(await query(url, "SELECT n FROM a")).toEqual([{ n: 1 }]);
});

test("a failing migration leaves nothing, and its reason is the cause", async () => {
  const url = await createDatabase(postgres.url, "failing");
  const directory = migrationsOf("failing", ["CREATE TABLE a (n int);", "SELECT nothing;"]);
  await expect(migrate(url, directory)).rejects.toMatchObject({ cause: { code: "42703" } });
  expect(await query(url, "SELECT to_regclass('a') AS name")).toEqual([{ name: null }]);
});

test("a migration gives up rather than keep everybody waiting behind it for a table that is in use", async () => {
  const url = await createDatabase(postgres.url, "in use");
  await migrate(url, migrationsOf("in-use", ["CREATE TABLE a (n int);"]));
  const running = new pg.Client({ connectionString: url });
  await running.connect();
  await running.query("BEGIN; SELECT n FROM a");
  const adds = migrationsOf("in-use", ["CREATE TABLE a (n int);", "ALTER TABLE a ADD COLUMN m int;"]);
  await expect(migrate(url, adds)).rejects.toMatchObject({ cause: { code: "55P03" } });
  await running.query("COMMIT");
  await running.end();
  await migrate(url, adds);
  expect(await query(url, "SELECT m FROM a")).toEqual([]);
});

test.each([
  ["missing", undefined, "DATABASE_URL is missing"],
  ["empty", "", "DATABASE_URL is missing"],
  ["no URL", "secret", "DATABASE_URL is not a URL"],
  ["of another scheme", "https://u:secret@localhost/d", "DATABASE_URL is not a URL"],
  ["without user and database", "postgres://:secret@localhost", "DATABASE_URL names no user, no database"],
])("the script names DATABASE_URL where it is %s, and never shows it", async (_, url, message) => {
  const { code, errors } = await runScript(url);
  expect(code).toBe(1);
  expect(errors).toContain(message);
  expect(errors).not.toContain("secret");
});
