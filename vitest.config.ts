import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * Two projects: `worker` runs inside workerd against a real PostgreSQL and the stand-in for SNS and SES that one global setup starts;
 * `node` tests the local stack from outside.
 */
/**
 * How much is tried of what is drawn at random, in runs of each kind and in seconds of them all; `--mode long` is `npm run test:long`. The seed plays a
 * run again.
 */
const sizes = (mode: string) => ({
  seed: Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31)),
  runs: Number(process.env.FUZZ_RUNS ?? (mode === "long" ? 200 : 10)),
  seconds: Number(process.env.LONG_SECONDS ?? (mode === "long" ? 600 : 8)),
});

export default defineConfig(({ mode }) => ({
  test: {
    // Most of a file's time is waiting: for workerd to start, for PostgreSQL, for a browser.
    maxWorkers: 4,
    projects: [
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: inject<Record<string, string>>("settings") },
          })),
        ],
        test: {
          name: "worker",
          include: ["test/{api,queues,cron,domain,clients,fuzz}/**/*.test.ts", "test/*.test.ts"],
          provide: { fuzz: sizes(mode) },
          globalSetup: ["./test/support/global-setup.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "node",
          env: { LENGTH: mode === "long" ? "long" : "short" },
          include: ["test/{node,aws}/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
}));
