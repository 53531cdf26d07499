/** A real PostgreSQL behind the driver's own protocol, without the socket of an HTTP server: one call at a time, each to its end. */
import pg from "pg";
import {
  type NeonRequest,
  readRequest,
  renderError,
  renderResults,
  type Statement,
  type StatementResult,
} from "../../dev/neon-protocol.ts";

/** Nothing listens there: it is where the simulated world begins. */
export const ENDPOINT = "http://127.0.0.1:1/sql";
export const DATABASE_URL = "postgres://torium:torium@database.simulated/torium";

/** `results` null: the database refused. */
export type Executed = { request: NeonRequest; status: number; body: string; results: StatementResult[] | null };

export class Database {
  readonly #client: pg.Client;
  /** Statements are prepared once: planning them costs more than running them. */
  readonly #names = new Map<string, string>();

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<Database> {
    const client = new pg.Client({
      connectionString: url,
      pipeline: true,
      options: SESSION.map((setting) => `-c ${setting}`).join(" "),
    });
    // The server ends the connections that an error has left open.
    client.on("error", () => {});
    await client.connect();
    return new Database(client);
  }

  close(): Promise<void> {
    return this.#client.end();
  }

  /** On the side of the simulation: to arrange and to look. */
  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#client.query<Row>({ name: this.#nameOf(text), text, values });
    return rows;
  }

  /** Several statements at once, without parameters. */
  async script(text: string): Promise<void> {
    await this.#client.query(text);
  }

  async execute(headers: Record<string, string>, body: string): Promise<Executed> {
    const request = readRequest(headers, body);
    try {
      const results = await this.#run(request);
      return { request, status: 200, body: renderResults(request, results), results };
    } catch (error) {
      return { request, ...renderError(error, true), results: null };
    }
  }

  async #run({ statements, begin }: NeonRequest): Promise<StatementResult[]> {
    if (begin === null) return [await this.#statement(statements[0]!)];
    // All at once: after a statement that fails, COMMIT rolls back.
    const done = await Promise.allSettled([
      this.#client.query(begin),
      ...statements.map((statement) => this.#statement(statement)),
      this.#client.query("COMMIT"),
    ]);
    const failed = done.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    return done.slice(1, -1).map((one) => (one as PromiseFulfilledResult<StatementResult>).value);
  }

  #statement({ text, values }: Statement): Promise<StatementResult> {
    const config = { name: this.#nameOf(text), text, values, types: TEXT, rowMode: "array" } as const;
    return this.#client.query<(string | null)[]>(config);
  }

  #nameOf(text: string): string {
    const name = this.#names.get(text) ?? `s${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

const TEXT = { getTypeParser: () => (text: string) => text };

/**
 * Where a statement leaves the order of its rows open, it must not hang on what an earlier run left in the pages: one plan for each statement, and
 * every scan by an index.
 */
const SESSION = [
  "jit=off",
  "synchronous_commit=off",
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_bitmapscan=off",
  "enable_hashjoin=off",
  "enable_hashagg=off",
  "enable_mergejoin=off",
];
