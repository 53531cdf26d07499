/** Databases of several sizes on one server of the bench's own, each reached as the Worker reaches its own: through the driver and the endpoint. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../dev/migrate.ts";
import { startNeonEndpoint } from "../../dev/neon.ts";
import { createDatabase, startPostgres } from "../../dev/postgres.ts";
import { connect, type Db } from "../../src/clients/neon.ts";
import { untilTheEnd } from "../ending.ts";
import { type Extent, fill } from "./fill.ts";

export type World = Extent & {
  db: Db;
  /** A connection of its own, for looking at plans. */
  client: pg.Client;
  bytes: number;
};

export type Worlds = { worlds: World[] /** When the first round is due, ms. */; at: number; stop: () => Promise<void> };

const HOUR_MS = 3_600_000;

/** Makes a world of each extent, one after another. */
export async function makeWorlds(extents: Extent[], say: (line: string) => void): Promise<Worlds> {
  const folder = await mkdtemp(join(tmpdir(), "torium-growth-"));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  const stop = untilTheEnd(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  try {
    const postgres = await startPostgres({ directory: join(folder, "db"), port: 0 });
    ends.push(() => postgres.stop());
    const endpoint = await startNeonEndpoint({ port: 0 });
    ends.push(() => endpoint.stop());
    const at = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const worlds: World[] = [];
    for (const [n, extent] of extents.entries()) {
      const url = await createDatabase(postgres.url, `world_${n}`);
      await migrate(url);
      const client = new pg.Client(url);
      await client.connect();
      ends.push(() => client.end());
      await fill(client, extent, at);
      const { rows } = await client.query("select pg_database_size(current_database())::float8 as bytes");
      const { bytes } = rows[0] as { bytes: number };
      worlds.push({ ...extent, db: connect(url, { fetchEndpoint: endpoint.url }), client, bytes });
      say(`${extent.events} events and ${extent.ledger} settled deliveries: ${(bytes / 2 ** 20).toFixed(0)} MiB`);
    }
    return { worlds, at, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
