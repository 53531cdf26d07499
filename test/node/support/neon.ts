import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NeonQueryFunction, neon, neonConfig } from "@neondatabase/serverless";
import { expect } from "vitest";
import { type NeonEndpoint, startNeonEndpoint } from "../../../dev/neon.ts";
import { type Postgres, startPostgres } from "../../../dev/postgres.ts";

export type NeonStack = {
  postgres: Postgres;
  endpoint: NeonEndpoint;
  /** The real driver, pointed at the endpoint. */
  sql: NeonQueryFunction<false, false>;
  /** How many statements each request so far had. */
  counted: number[];
  /** The name of a table of the test's own: `id` unique, `n` positive. */
  newTable(): Promise<string>;
  /** Another server, to stop and start. */
  newDirectory(): string;
  /** Calls the endpoint as the driver does, without the driver. */
  post(body: string, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
};

export async function startNeonStack(): Promise<NeonStack> {
  const folder = mkdtempSync(join(tmpdir(), "torium-neon-"));
  const counted: number[] = [];
  const postgres = await startPostgres({ directory: join(folder, "db"), port: 0 });
  const endpoint = await startNeonEndpoint({ port: 0, onQuery: (queries) => counted.push(queries) });
  neonConfig.fetchEndpoint = endpoint.url;
  const sql = neon(postgres.url);
  const usual = {
    "Neon-Connection-String": postgres.url,
    "Neon-Raw-Text-Output": "true",
    "Neon-Array-Mode": "true",
  };
  let tables = 0;
  return {
    postgres,
    endpoint,
    sql,
    counted,
    async newTable() {
      const name = `t${++tables}`;
      await sql.query(`CREATE TABLE ${name} (id int CONSTRAINT ${name}_id_key UNIQUE, n int CHECK (n > 0))`);
      return name;
    },
    newDirectory: () => mkdtempSync(join(folder, "db-")),
    post: (body, headers) => fetch(endpoint.url, { method: "POST", body, headers: { ...usual, ...headers } }),
    async stop() {
      await endpoint.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What the promise is rejected with. */
export function failure(promise: Promise<unknown>) {
  return promise.then(
    () => expect.unreachable("it did not fail"),
    (error) => error,
  );
}
