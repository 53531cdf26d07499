/** A PostgreSQL of its own for a simulation, or a database of its own on the server that SIMULATION_SERVER names. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../../dev/migrate.ts";
import { createDatabase, startPostgres } from "../../dev/postgres.ts";

export type Server = { url: string; stop(): Promise<void> };

export async function startServer(): Promise<Server> {
  const shared = process.env.SIMULATION_SERVER;
  if (shared) {
    const name = new URL(shared).pathname.slice(1);
    return {
      url: await createDatabase(shared, process.env.SIMULATION_NAME ?? `run_${process.pid}`, name),
      stop: async () => {},
    };
  }
  const directory = mkdtempSync(join(tmpdir(), "torium-simulation-"));
  const postgres = await startPostgres({ directory: join(directory, "postgres"), port: 0 });
  await migrate(postgres.url);
  return {
    url: postgres.url,
    stop: async () => {
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
