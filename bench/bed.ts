/**
 * What a measurement stands on: the production bundle in workerd, a database of its own behind a Neon endpoint that counts, a stand-in for SNS
 * and SES that counts, and a pool whose tokens are really verified. The endpoint and the stand-in have processes of their own. Everything is
 * on this machine, and ends with `stop`.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../dev/migrate.ts";
import { REGION } from "../dev/settings.ts";
import { bundleIn } from "./bed/bundle.ts";
import { startChild } from "./bed/child.ts";
import { cpuUs } from "./bed/cpu.ts";
import { newDatabase, theServer } from "./bed/database.ts";
import { connectInspector } from "./bed/inspector.ts";
import type { RoundTrips } from "./bed/neon-process.ts";
import { startPool } from "./bed/pool.ts";
import type { Accepted } from "./bed/provider-process.ts";
import { startRuntime } from "./bed/runtime.ts";
import { endAll, untilTheEnd } from "./ending.ts";

export type BedOptions = {
  /** Over the bed's own settings. */
  variables?: Record<string, string>;
  /** Puts into the migrated database what must be there before the Worker starts. */
  arrange?: (databaseUrl: string) => Promise<void>;
  /** False: what is queued goes nowhere, so that requests alone are measured. */
  consumers?: boolean;
  /** For `inspect`; it costs a little, so measurements of speed go without. */
  inspector?: boolean;
  /** Told of each line that the Worker logs, parsed. Costs: leave it out where speed is measured. */
  heard?: (fields: Record<string, unknown>) => void;
};

export type Bed = Awaited<ReturnType<typeof startBed>>;

const EVERY_MINUTE = "* * * * *";

export async function startBed({
  variables = {},
  arrange,
  consumers = true,
  inspector = false,
  heard,
}: BedOptions = {}) {
  const server = theServer();
  const ends: (() => Promise<unknown>)[] = [];
  const kept = <T extends { stop(): Promise<void> }>(part: T): T => {
    ends.push(() => part.stop());
    if (stopping) throw new Error("the bench ends while its bed is being made");
    return part;
  };
  let stopping = false;
  const started = Promise.withResolvers<void>();
  const stop = untilTheEnd(async () => {
    stopping = true;
    // What is still starting would outlive its end.
    await started.promise;
    await endAll(ends.splice(0));
  });
  try {
    await server;
    const directory = await mkdtemp(join(tmpdir(), "torium-bench-"));
    kept({ stop: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }) });
    const database = kept(await newDatabase());
    // Where one fails, the other is waited for too: it would outlive what it works on.
    const bundling = bundleIn(directory, "bench/worker/entry.ts");
    const arranging = migrate(database.url).then(() => arrange?.(database.url));
    await Promise.allSettled([bundling, arranging]);
    await arranging;
    const script = await bundling;
    const neon = kept(startChild(join(import.meta.dirname, "bed", "neon-process.ts")));
    const provider = kept(startChild(join(import.meta.dirname, "bed", "provider-process.ts")));
    const pool = kept(await startPool());
    const providerUrl = await provider.ask<string>("url");
    const runtime = kept(
      await startRuntime({
        script,
        consumers,
        inspector,
        heard,
        variables: {
          ...secrets(),
          ...pool.settings,
          DATABASE_URL: database.url,
          NEON_FETCH_ENDPOINT: await neon.ask<string>("url"),
          AWS_REGION: REGION,
          AWS_ENDPOINT_URL_SNS: providerUrl,
          AWS_ENDPOINT_URL_SESV2: providerUrl,
          SES_FROM: "Torium <no-reply@torium.bench>",
          SNS_PLATFORM_APPLICATION_ARN_FCM: `arn:aws:sns:${REGION}:000000000000:app/GCM/torium`,
          SNS_PLATFORM_APPLICATION_ARN_APNS: `arn:aws:sns:${REGION}:000000000000:app/APNS/torium`,
          SMS_MONTHLY_BUDGET_USD: "100000000",
          PUBLIC_URL: "https://api.torium.bench",
          LIMIT_COMMENTS_A_MINUTE: "1000000000",
          LIMIT_INVITATIONS_A_DAY: "1000000000",
          LIMIT_UNKNOWN_INVITATIONS_A_DAY: "1000000000",
          ...variables,
        },
      }),
    );
    const processes = { workerd: runtime.pid(), "the Neon endpoint": neon.pid, PostgreSQL: (await server).pid };
    return {
      /** The Worker's address, without a slash at the end; the ceiling is its /bench/select-1. */
      api: runtime.url,
      /** Past the endpoint: what is asked here is not counted. */
      databaseUrl: database.url,
      token: pool.token,
      /** Round trips to the database since the last time that this was asked. */
      roundTrips: () => neon.ask<RoundTrips>("counted"),
      provider: {
        /** From now on; 0 at the start. */
        answerAfter: (ms: number) => provider.ask<void>("answerAfter", ms),
        accepted: () => provider.ask<Accepted>("accepted"),
        /** What it really took from a request's end to its answer, in the mean of all since `forget`. */
        meanMs: () => provider.ask<number>("meanMs"),
        forget: () => provider.ask<void>("forget"),
      },
      /** µs of CPU since each began, by what is at work. Empty where the system does not tell. */
      cpuUs: () => cpuUs(processes),
      /** One tick of the Worker, as if it were `time` (unix ms); answers when it has ended, with its queues at work. */
      tick: (time: number) => runtime.schedule(EVERY_MINUTE, time),
      schedule: runtime.schedule,
      /** Needs `inspector`. */
      inspect: async () => kept(await connectInspector(await runtime.inspectorUrl())),
      stop,
    };
  } catch (error) {
    started.resolve();
    await stop();
    throw error;
  } finally {
    started.resolve();
  }
}

function secrets(): Record<string, string> {
  const draw = () => randomBytes(24).toString("hex");
  return {
    AWS_ACCESS_KEY_ID: `BENCH${randomBytes(8).toString("hex").toUpperCase()}`,
    AWS_SECRET_ACCESS_KEY: draw(),
    COGNITO_HOOK_SECRET: draw(),
    CODE_PEPPER: draw(),
    LINK_SECRET: draw(),
  };
}
