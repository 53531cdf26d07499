import PgBoss from "pg-boss";
import { CONNECTIONS, eachAtMost } from "../../src/queues/concurrency.ts";
import { countingPool, type Job, type Rival, stopwatch, watching } from "./rival.ts";

const QUEUE = "send";
/** A batch is one statement to fetch and one to complete; what waits for its slowest job grows thin in a large one. */
const BATCH = 500;

/**
 * As its documentation would have it for many small jobs: inserted at once, fetched in batches, six sent at a time, the batch completed in one
 * statement; told to look again at once, since its polling (half a second at the least) would otherwise be what is measured.
 */
export const pgBoss: Rival = {
  name: "pg-boss",
  async run({ databaseUrl, jobs, send }) {
    const { pool, statements } = countingPool(databaseUrl, 10);
    const watch = stopwatch(statements);
    const boss = new PgBoss({
      db: { executeSql: (text, values) => pool.query(text, values) },
      supervise: false,
      schedule: false,
    });
    const faults: unknown[] = [];
    boss.on("error", (error) => faults.push(error));
    await boss.start();
    const database = await watching(databaseUrl);
    try {
      await boss.createQueue(QUEUE);
      await watch.time(() => boss.insert(jobs.map((data) => ({ name: QUEUE, data }))));
      await database.analyze();
      await watch.time(async () => {
        await sendAll(boss, jobs.length, send);
        await database.nothingLeft(`pgboss.job where name = '${QUEUE}' and state < 'completed'`);
      });
      if (faults.length > 0) throw faults[0];
      return watch.read();
    } finally {
      await boss.stop({ graceful: false, wait: true });
      await database.end();
      await pool.end();
    }
  },
};

async function sendAll(boss: PgBoss, count: number, send: (job: Job) => Promise<void>): Promise<void> {
  let left = count;
  const over = Promise.withResolvers<void>();
  const id = await boss.work<Job>(QUEUE, { batchSize: BATCH, pollingIntervalSeconds: 0.5 }, async (batch) => {
    await eachAtMost(CONNECTIONS, batch, ({ data }) => send(data)).catch(over.reject);
    left -= batch.length;
    if (left > 0) boss.notifyWorker(id);
    else over.resolve();
  });
  await over.promise;
}
