import { Logger, makeWorkerUtils, type Runner, run } from "graphile-worker";
import { CONNECTIONS } from "../../src/queues/concurrency.ts";
import { countingPool, type Job, type Rival, stopwatch, watching } from "./rival.ts";

const TASK = "send";
const LOCAL_QUEUE = 500;

/**
 * With what its page on performance recommends for many small jobs: added by one call, fetched in batches into a local queue, six at once, completed
 * in batches. Its runner starts once the jobs are there and analyzed; until it runs, the clock stands still.
 */
export const graphileWorker: Rival = {
  name: "graphile-worker",
  async run({ databaseUrl, jobs, send }) {
    const { pool, statements } = countingPool(databaseUrl, 10);
    const watch = stopwatch(statements);
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ pgPool: pool, logger });
    const database = await watching(databaseUrl);
    let runner: Runner | undefined;
    let left = jobs.length;
    const over = Promise.withResolvers<void>();
    const sendOne = async (payload: unknown) => {
      await send(payload as Job).catch(over.reject);
      if (--left === 0) over.resolve();
    };
    try {
      await utils.migrate();
      await watch.time(() => utils.addJobs(jobs.map((payload) => ({ identifier: TASK, payload }))));
      await database.analyze();
      runner = await run({
        pgPool: pool,
        logger,
        noHandleSignals: true,
        taskList: { [TASK]: sendOne },
        preset: {
          worker: {
            concurrentJobs: CONNECTIONS,
            localQueue: { size: LOCAL_QUEUE },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
      await watch.time(async () => {
        await over.promise;
        await database.nothingLeft("graphile_worker._private_jobs");
      });
      return watch.read();
    } finally {
      await runner?.stop();
      await database.end();
      await utils.release();
      await pool.end();
    }
  },
};
