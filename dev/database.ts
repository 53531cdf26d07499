import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startPostgres } from "./postgres.ts";
import { isRunning } from "./processes.ts";

const LOOK_EVERY_MS = 1_000;
export const DATABASE_COMMAND = "postgres";

export interface DatabaseOptions {
  directory: string;
  port: number;
  report: (line: string) => void;
  /** Told of the server's process group each time it starts. */
  started: (group: number) => void;
}

/** PostgreSQL, started again on the same data and port should it die. */
export async function startDatabase({ directory, port, report, started }: DatabaseOptions) {
  const stopping = new AbortController();
  const start = async () => {
    const postgres = await startPostgres({ directory, port });
    const pid = Number.parseInt(readFileSync(join(directory, "data", "postmaster.pid"), "utf8"), 10);
    started(pid);
    return { ...postgres, pid };
  };
  let server = await start();
  const watching = watch();
  return {
    url: server.url,
    stop: async () => {
      stopping.abort();
      await watching;
      await server.stop();
    },
  };

  async function watch(): Promise<void> {
    for (;;) {
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      if (isRunning(server.pid, DATABASE_COMMAND)) continue;
      report("PostgreSQL is gone and is started again");
      try {
        server = await start();
        report("PostgreSQL is back");
      } catch (error) {
        report(`PostgreSQL: ${(error as Error).message}`);
      }
    }
  }
}
