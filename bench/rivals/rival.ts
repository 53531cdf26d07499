/** The job that all three do: each of N messages goes to the stand-in by HTTP, six at once at most, and has a row of its own settled after it. */
import { Agent, request } from "node:http";
import pg from "pg";
import { CONNECTIONS } from "../../src/queues/concurrency.ts";

/** What a message carries: an address and a text, as an SNS Publish has them. */
export type Job = { to: string; text: string };

export type Run = {
  /** From handing the messages in to the last one settled, without the tables' analysis between the two. */
  seconds: number;
  /** Statements sent to the database in that time, each with an answer waited for. */
  roundTrips: number;
};

export type Rival = {
  name: string;
  run(options: { databaseUrl: string; jobs: Job[]; send: Send }): Promise<Run>;
};

export type Send = (job: Job) => Promise<void>;

export const jobsOf = (count: number): Job[] =>
  Array.from({ length: count }, (_, n) => ({
    to: `+48${500_000_000 + n}`,
    text: `Football: Thursday at 19:00 (Warsaw). Bring the ball. ${n}`,
  }));

/** Node's plainest client with six connections kept open. Nothing is signed: what ours pays for that, a rival is spared. */
export function sender(url: string): { send: Send; end(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const send: Send = ({ to, text }) =>
    new Promise((resolve, reject) => {
      const body = new URLSearchParams({
        Action: "Publish",
        Version: "2010-03-31",
        PhoneNumber: to,
        Message: text,
      }).toString();
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        "content-length": Buffer.byteLength(body),
      };
      const call = request(url, { method: "POST", agent, headers }, (answer) => {
        answer.resume();
        answer.once("error", reject);
        answer.once("end", () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`the stand-in answered ${answer.statusCode}`)),
        );
      });
      call.once("error", reject);
      call.end(body);
    });
  return { send, end: () => agent.destroy() };
}

/** A pool whose statements are counted: over a connection each is a round trip, BEGIN and COMMIT too. */
export function countingPool(databaseUrl: string, max: number) {
  let statements = 0;
  class Counting extends pg.Client {}
  // Overloads of `query` (text, config, callback) differ in types alone: all are passed on as they came.
  const query = pg.Client.prototype.query as (...given: unknown[]) => unknown;
  Object.defineProperty(Counting.prototype, "query", {
    value(this: pg.Client, ...given: unknown[]) {
      statements++;
      return query.apply(this, given);
    },
  });
  const pool = new pg.Pool({ connectionString: databaseUrl, max, Client: Counting as typeof pg.Client });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return { pool, statements: () => statements };
}

/** Adds up the parts of a run that count; between them it stands still. */
export function stopwatch(statements: () => number) {
  const run: Run = { seconds: 0, roundTrips: 0 };
  return {
    time: async (work: () => Promise<unknown>): Promise<void> => {
      const before = statements();
      const started = performance.now();
      await work();
      run.seconds += (performance.now() - started) / 1000;
      run.roundTrips += statements() - before;
    },
    read: (): Run => run,
  };
}

/** A connection of the bench's own, which is not counted. */
export async function watching(databaseUrl: string) {
  const client = new pg.Client(databaseUrl);
  // A bench that is interrupted ends the server under it; whoever asks next is told.
  client.on("error", () => {});
  await client.connect();
  return {
    analyze: () => client.query("vacuum analyze"),
    /** Looks until nothing is left to settle of `rows`, a table with or without its `where`. */
    nothingLeft: async (rows: string): Promise<void> => {
      while ((await client.query(`select from ${rows} limit 1`)).rowCount !== 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    end: () => client.end(),
  };
}
