import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as applyMigrations } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";

export const MIGRATIONS = fileURLToPath(new URL("../drizzle/migrations", import.meta.url));
/** Any number, as long as nothing else in the database locks it. */
const LOCK = 7_867_486;
/** A statement that waits for a table holds up all that come to it later: rather than that, the migration fails, and can be tried again. */
const WAITS_FOR_A_TABLE_MS = 3_000;
/** A Neon compute that sleeps takes some seconds to wake. */
const CONNECT_MS = 30_000;

/**
 * Brings the database to the newest migration, and does nothing if it is there. Of two at once the second waits.
 *
 * @throws {Error} with PostgreSQL's own error as its cause; the database is then as it was before
 */
export async function migrate(databaseUrl: string, migrationsFolder = MIGRATIONS): Promise<void> {
  const client = new pg.Client(connection(databaseUrl));
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await client.query(`SET lock_timeout = ${WAITS_FOR_A_TABLE_MS}`);
    await applyMigrations(drizzle(client), { migrationsFolder });
  } finally {
    // The lock goes with the session.
    await client.end();
  }
}

/** For statements that belong together, past any pooler. Throws where the URL names too little, without repeating it. */
export function connection(databaseUrl: string): pg.ClientConfig {
  const url = parseUrl(databaseUrl);
  const local = ["localhost", "127.0.0.1"].includes(url.hostname);
  return {
    // Neon's pooler hands a session's statements to several connections, where a lock means nothing.
    host: url.hostname.endsWith(".neon.tech") ? url.hostname.replace(/^([^.]+)-pooler\./, "$1.") : url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ssl: !local,
    enableChannelBinding: !local,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: "torium-migrate",
  };
}

/** The messages never repeat the URL, which holds a password. */
function parseUrl(databaseUrl: string): URL {
  const url = URL.parse(databaseUrl);
  if (!url || !["postgres:", "postgresql:"].includes(url.protocol)) {
    throw new Error("DATABASE_URL is not a URL of the form postgres://user:password@host/database");
  }
  const parts = { user: url.username, host: url.hostname, database: url.pathname.slice(1) };
  const missing = Object.entries(parts).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length > 0) throw new Error(`DATABASE_URL names no ${missing.join(", no ")}`);
  return url;
}

if (import.meta.main) {
  const databaseUrl = process.env.DATABASE_URL;
  try {
    if (!databaseUrl) throw new Error("DATABASE_URL is missing: the connection string of the database to migrate");
    await migrate(databaseUrl);
    console.log("The database is up to date.");
  } catch (error) {
    const { message, cause } = error as Error;
    console.error(cause instanceof Error ? `${message}\n${cause.message}` : message);
    process.exitCode = 1;
  }
}
