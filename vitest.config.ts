import { globSync, readFileSync } from "node:fs";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * Three projects: `worker` and `api` run inside workerd against a real PostgreSQL and the stand-in for SNS and SES that a global setup starts;
 * `node` tests the local stack from outside.
 *
 * `sizes`: how much is tried of what is drawn at random, in runs of each kind and in seconds of them all; `--mode long` is `npm run test:long`. The seed plays a
 * run again.
 */
const sizes = (mode: string) => ({
  seed: Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31)),
  runs: Number(process.env.FUZZ_RUNS ?? (mode === "long" ? 200 : 10)),
  seconds: Number(process.env.LONG_SECONDS ?? (mode === "long" ? 600 : 8)),
});

/** What takes long for what it may find: only `npm run test:long` runs it. */
const LONG = [
  "test/logs-of-requests.test.ts",
  "test/node/stack-alerts.test.ts",
  "test/node/growth.test.ts",
  "test/node/bench-interrupted.test.ts",
];

const worker = () =>
  cloudflareTest(({ inject }) => ({
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: { bindings: inject<Record<string, string>>("settings") },
  }));

/**
 * Files that run the schedule or look at the whole ledger want a database of their own: a tick takes whatever is due. The others of the API share one
 * in each worker.
 */
const scheduled = globSync("test/api/**/*.test.ts").filter((file) =>
  /\b(tick|drain|receive|runUntil|runSchedule|schedule_runs)\b/.test(readFileSync(file, "utf8")),
);

export default defineConfig(({ mode }) => ({
  test: {
    // Most of a file's time is waiting: for workerd to start, for PostgreSQL, for a browser.
    maxWorkers: 4,
    projects: [
      {
        plugins: [worker()],
        test: {
          name: "worker",
          include: [...scheduled, "test/{queues,cron,domain,clients,fuzz}/**/*.test.ts", "test/*.test.ts"],
          exclude: mode === "long" ? [] : LONG,
          provide: { fuzz: sizes(mode) },
          globalSetup: ["./test/support/global-setup.ts"],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [worker()],
        test: {
          name: "api",
          include: ["test/api/**/*.test.ts"],
          exclude: scheduled,
          isolate: false,
          globalSetup: ["./test/support/global-setup.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "node",
          env: { LENGTH: mode === "long" ? "long" : "short" },
          include: ["test/{node,aws}/**/*.test.ts"],
          exclude: mode === "long" ? [] : LONG,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
}));
