import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { CONNECTIONS } from "../../src/queues/concurrency.ts";
import { countingPool, type Job, type Rival, untilSettled } from "./rival.ts";

const TASK = "send";
const LOCAL_QUEUE = 500;

/**
 * With what its page on performance recommends for many small jobs: added by one call, fetched in batches into a local queue, six at once, completed
 * in batches.
 */
export const graphileWorker: Rival = {
  name: "graphile-worker",
  async run({ databaseUrl, jobs, send }) {
    const { pool, statements } = countingPool(databaseUrl, 10);
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ pgPool: pool, logger });
    await utils.migrate();
    let left = jobs.length;
    const over = Promise.withResolvers<void>();
    const runner = await run({
      pgPool: pool,
      logger,
      noHandleSignals: true,
      taskList: {
        [TASK]: async (payload: unknown) => {
          await send(payload as Job).catch(over.reject);
          if (--left === 0) over.resolve();
        },
      },
      preset: {
        worker: {
          concurrentJobs: CONNECTIONS,
          localQueue: { size: LOCAL_QUEUE },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
    try {
      const before = statements();
      const started = performance.now();
      await untilSettled(databaseUrl, "select count(*) as left from graphile_worker._private_jobs", async () => {
        await utils.addJobs(jobs.map((payload) => ({ identifier: TASK, payload })));
        await over.promise;
      });
      return { seconds: (performance.now() - started) / 1000, roundTrips: statements() - before };
    } finally {
      await runner.stop();
      await utils.release();
      await pool.end();
    }
  },
};
