/** One PostgreSQL for a whole run of the bench, with a database for each bed: to make a server takes longer than a small measurement. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createDatabase, startPostgres } from "../../dev/postgres.ts";
import { untilTheEnd } from "../ending.ts";

type Server = { url: string; pid: number };

let server: Promise<Server> | undefined;
let made = 0;

/** Starts the server where none runs, which ends with the bench. What is to end before it is begun after this was asked. */
export function theServer(): Promise<Server> {
  server ??= start();
  return server;
}

/** `stop` drops it, so that nobody vacuums what was left there while others are measured. */
export async function newDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  const { url: administrator } = await theServer();
  const name = `bed_${++made}`;
  return {
    url: await createDatabase(administrator, name),
    stop: async () => {
      const client = new pg.Client(administrator);
      await client.connect();
      try {
        await client.query(`drop database ${name} with (force)`);
      } finally {
        await client.end();
      }
    },
  };
}

/** Its end is known before anything of it is there, so that whatever begins later ends earlier. */
function start(): Promise<Server> {
  const making = mkdtemp(join(tmpdir(), "torium-bench-"));
  const starting = making.then((directory) => startPostgres({ directory: join(directory, "postgres"), port: 0 }));
  untilTheEnd(async () => {
    // One that is still starting would outlive its end.
    const postgres = await starting.catch(() => null);
    await postgres?.stop();
    await rm(await making, { recursive: true, force: true, maxRetries: 5 });
  });
  return starting.then(async ({ url }) => {
    // PostgreSQL writes its own id there first (https://www.postgresql.org/docs/current/storage-file-layout.html).
    const told = await readFile(join(await making, "postgres", "data", "postmaster.pid"), "utf8");
    return { url, pid: Number(told.split("\n")[0]) };
  });
}
