import { connect } from "node:net";
import pg, { type PoolClient } from "pg";
import { Refusal, type Statement, type StatementResult } from "./neon-protocol.ts";

const POOL_SIZE = 20;
const IDLE_MS = 60_000;
const CONNECT_MS = 15_000;
const HOSTS = ["localhost", "127.0.0.1"];
/** About what JSON adds to a value: quotes and a comma. */
const VALUE_OVERHEAD = 3;

/** Set once a client is at work, so that whoever asked can end the work by going away. */
export type Work = { abandoned: boolean; connected: boolean; cancel?: () => void };

type Server = { host: string; port: number };
type Pool = { pool: pg.Pool; server: Server };

/** Connections to PostgreSQL, kept open for each connection string. */
export class NeonPools {
  readonly #pools = new Map<string, Pool>();
  readonly #maxBytes: number;

  /** @param maxBytes of values in one answer */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Runs the statements as one transaction if `begin` is given. */
  async run(connectionString: string, statements: Statement[], begin: string | null, work: Work) {
    const { pool, server } = this.#pool(connectionString);
    const client = await pool.connect();
    work.connected = true;
    let broken = false;
    const cancel = () => {
      if (!broken) cancelQuery(server, client);
      broken = true;
    };
    try {
      if (work.abandoned) throw new Refusal(500, "the request was abandoned");
      work.cancel = cancel;
      const limit = this.#limit(cancel);
      if (begin !== null) return await runBatch(client, statements, begin, work, limit);
      return await Promise.all(statements.map((statement) => runStatement(client, statement, limit)));
    } catch (error) {
      // After anything but a statement's own error (FATAL, a cut connection) the connection is about to end.
      if (!(error instanceof pg.DatabaseError && error.severity === "ERROR")) broken = true;
      throw error;
    } finally {
      delete work.cancel;
      // A statement such as BEGIN may have left a transaction open, which must not meet the next request.
      client.release(broken || client.getTransactionStatus() !== "I");
    }
  }

  async end(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.end()));
  }

  #pool(connectionString: string): Pool {
    const known = this.#pools.get(connectionString);
    if (known) return known;
    const { server, config } = readConnectionString(connectionString);
    const pool = new pg.Pool({
      ...server,
      ...config,
      max: POOL_SIZE,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_MS,
      pipeline: true,
    });
    // A connection that PostgreSQL ends while idle, or under a query that fails for itself, is no reason to crash.
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    pool.on("remove", () => {
      if (pool.totalCount === 0 && pool.waitingCount === 0) this.#pools.delete(connectionString);
    });
    const made = { pool, server };
    this.#pools.set(connectionString, made);
    return made;
  }

  /** Makes every value text, and ends the query once an answer is too large. */
  #limit(cancel: () => void): pg.CustomTypesConfig {
    let bytes = 0;
    const parse = (text: string) => {
      bytes += text.length + VALUE_OVERHEAD;
      if (bytes <= this.#maxBytes) return text;
      cancel();
      throw tooLarge(this.#maxBytes);
    };
    return { getTypeParser: () => parse };
  }
}

export function tooLarge(bytes: number): Refusal {
  return new Refusal(507, `response is too large (max is ${bytes} bytes)`);
}

async function runBatch(
  client: PoolClient,
  statements: Statement[],
  begin: string,
  work: Work,
  types: pg.CustomTypesConfig,
): Promise<StatementResult[]> {
  const begun = client.query(begin);
  // Were BEGIN itself cancelled, the statements behind it would each commit on their own.
  const { cancel } = work;
  work.cancel = () => void begun.then(cancel, () => {});
  const done = await Promise.allSettled([begun, ...statements.map((one) => runStatement(client, one, types))]);
  const failed = done.find((one) => one.status === "rejected");
  if (failed || work.abandoned) {
    await client.query("ROLLBACK").catch(() => {});
    throw failed?.reason ?? new Refusal(500, "the request was abandoned");
  }
  await client.query("COMMIT");
  return done.slice(1).map((one) => (one as PromiseFulfilledResult<StatementResult>).value);
}

/** The extended protocol, always: it refuses several statements in one, and lets the server type the parameters. */
async function runStatement(client: PoolClient, statement: Statement, types: pg.CustomTypesConfig) {
  const config = { ...statement, types, rowMode: "array", queryMode: "extended" } as const;
  return client.query<(string | null)[]>(config);
}

function readConnectionString(connectionString: string): { server: Server; config: pg.PoolConfig } {
  const url = URL.parse(connectionString);
  if (!url) throw new Refusal(400, "Neon-Connection-String is not a URL");
  if (!HOSTS.includes(url.hostname)) throw new Refusal(400, `host ${url.hostname} is not ${HOSTS.join(" or ")}`);
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decodePart);
  if (!user || !database) throw new Refusal(400, "Neon-Connection-String names no user or no database");
  const application_name = url.searchParams.get("application_name") ?? undefined;
  const options = url.searchParams.get("options") ?? undefined;
  return {
    server: { host: "127.0.0.1", port: Number(url.port || 5432) },
    // No TLS, whatever sslmode says: the server is on this machine.
    config: { user, password: password ?? "", database, application_name, options, ssl: false },
  };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, "Neon-Connection-String has a malformed %-escape");
  }
}

/** PostgreSQL's CancelRequest: a connection of its own that names the backend and its key. */
function cancelQuery({ host, port }: Server, client: PoolClient): void {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = connect(port, host);
  socket.on("error", () => {});
  socket.end(request);
}
