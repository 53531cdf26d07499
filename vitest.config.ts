import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * Two projects: `worker` runs inside workerd against a real PostgreSQL and the stand-in for SNS and SES that one global setup starts;
 * `node` tests the local stack from outside.
 */
export default defineConfig({
  test: {
    // Most of a file's time is waiting: for workerd to start, for PostgreSQL, for a browser.
    maxWorkers: 3,
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
          include: ["test/{api,queues,cron,domain,clients}/**/*.test.ts", "test/*.test.ts"],
          globalSetup: ["./test/support/global-setup.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/{node,aws}/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
