/**
 * Migrations while a version of the Worker runs: what only adds is applied before the new version comes, and what the running one would stumble
 * over (a contraction) by a deployment of its own, once nothing runs that needs the old.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { connection, MIGRATIONS, migrate } from "../dev/migrate.ts";

type Entry = { tag: string; when: number };
export type Migration = Entry & {
  /** Says of itself that the version before does not survive it. */
  contracts: boolean;
  /** Statements that the version before may not survive. */
  breaking: string[];
};

/** What a running version may stumble over, in a statement without comments and texts. */
const BREAKING: { pattern: RegExp; unless?: RegExp }[] = [
  { pattern: /\bDROP\s+(?!NOT\s+NULL)/i },
  { pattern: /\bRENAME\b/i },
  { pattern: /\b(TRUNCATE|DELETE\s+FROM)\b/i },
  { pattern: /\bSET\s+NOT\s+NULL\b/i },
  { pattern: /\bADD\s+(COLUMN\s+)?(?!CONSTRAINT|VALUE)\S+.*\bNOT\s+NULL\b/i, unless: /\bDEFAULT\b|\bGENERATED\b/i },
  { pattern: /\bALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE\b/i },
];
/** Rules that the rows of a version before may not keep. They bind nobody on a table of the same migration, which no running version writes. */
const BINDING = /\bADD\s+CONSTRAINT\b|^CREATE\s+UNIQUE\s+INDEX\b/i;

export function readMigrations(folder = MIGRATIONS): Migration[] {
  return journal(folder).entries.map(({ tag, when }) => {
    const sql = readFileSync(join(folder, `${tag}.sql`), "utf8");
    return { tag, when, contracts: /^-- contract: \S/m.test(sql), breaking: breakingIn(sql) };
  });
}

const journal = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "meta/_journal.json"), "utf8")) as { entries: Entry[] };

/** Statements that need the mark of a contraction, shortened. */
export function breakingIn(sql: string): string[] {
  const bare = sql
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/--.*$/gm, "")
    .replace(/\/\*[\s\S]*?\*\//g, "");
  const statements = bare.split(";").map((statement) => statement.replace(/\s+/g, " ").trim());
  const made = new Set(statements.flatMap((one) => tableAfter(/^CREATE TABLE (IF NOT EXISTS )?/i, one)));
  return statements
    .filter((statement) => {
      const [table] = tableAfter(/^ALTER TABLE (ONLY )?(IF EXISTS )?/i, statement);
      const [indexed] = tableAfter(/^CREATE UNIQUE INDEX .*? ON (ONLY )?/i, statement);
      const own = made.has(table ?? indexed ?? "");
      const clauses = statement.split(/,(?![^(]*\))/);
      const breaks = clauses.some((clause) =>
        BREAKING.some(({ pattern, unless }) => pattern.test(clause) && !unless?.test(clause)),
      );
      return !own && (breaks || BINDING.test(statement));
    })
    .map((statement) => statement.slice(0, 100));
}

const tableAfter = (pattern: RegExp, statement: string): string[] => {
  const before = pattern.exec(statement)?.[0];
  const name =
    before === undefined ? undefined : /^(?:"?public"?\.)?"?(\w+)"?/i.exec(statement.slice(before.length))?.[1];
  return name === undefined ? [] : [name];
};

export const migrationFaults = (migrations: Migration[]): string[] =>
  migrations
    .filter(({ contracts, breaking }) => breaking.length > 0 && !contracts)
    .map(
      ({ tag, breaking }) =>
        `${tag}.sql: the running version may not survive it; add the line "-- contract: <why>" if that is meant\n${breaking.map((one) => `    ${one}`).join("\n")}`,
    );

/** What is to be applied, and what waits for a deployment of its own. Throws where the new version may need what would have to wait. */
export function order(migrations: Migration[], lastApplied: number | null, contract: boolean) {
  const pending = migrations.filter(({ when }) => lastApplied === null || when > lastApplied);
  // Nothing runs on an empty database.
  const all = contract || lastApplied === null;
  const first = all ? -1 : pending.findIndex(({ contracts }) => contracts);
  const apply = first === -1 ? pending : pending.slice(0, first);
  const wait = pending.slice(apply.length);
  const late = wait.find(({ contracts }) => !contracts);
  if (late) {
    throw new Error(
      `${late.tag} comes after the contraction ${wait[0]!.tag}, which is not applied: deploy with --contract first, from the version before ${late.tag}`,
    );
  }
  return { apply, wait };
}

/** The `when` of the newest migration that the database has; null where it has none. */
export async function lastApplied(databaseUrl: string): Promise<number | null> {
  const client = new pg.Client(connection(databaseUrl));
  await client.connect();
  try {
    const { rows } = await client.query(`select to_regclass('drizzle.__drizzle_migrations') is not null as there`);
    if (!rows[0].there) return null;
    const last = await client.query("select max(created_at)::float8 as at from drizzle.__drizzle_migrations");
    return last.rows[0].at;
  } finally {
    await client.end();
  }
}

/** Applies the migrations up to and with the last one of `apply`. */
export async function applyMigrations(databaseUrl: string, apply: Migration[], folder = MIGRATIONS): Promise<void> {
  const last = apply.at(-1);
  if (!last) return;
  const part = mkdtempSync(join(tmpdir(), "torium-migrations-"));
  try {
    const entries = journal(folder).entries.filter(({ when }) => when <= last.when);
    mkdirSync(join(part, "meta"));
    writeFileSync(join(part, "meta/_journal.json"), JSON.stringify({ ...journal(folder), entries }));
    for (const { tag } of entries) cpSync(join(folder, `${tag}.sql`), join(part, `${tag}.sql`));
    await migrate(databaseUrl, part);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}
