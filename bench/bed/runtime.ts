import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";
import { listProcesses } from "../../dev/processes.ts";
import { ROOT } from "../../dev/settings.ts";

export type RuntimeOptions = {
  script: string;
  variables: Record<string, string>;
  consumers: boolean;
  /** Opens V8's inspector, which costs a little. */
  inspector: boolean;
  /** Told of each line that the Worker logs, parsed; without it the lines are thrown away unread. */
  heard?: ((fields: Record<string, unknown>) => void) | undefined;
};

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const LIFTED = 1_000_000_000;
/** The platform gives an isolate 128 MB (developers.cloudflare.com/workers/platform/limits); without a limit V8 lets garbage lie for longer. */
const V8_FLAGS = "--max-heap-size=128";

/** What of wrangler.toml is handed on; its own types lean on those of the Workers' runtime, which are not for Node. */
type Config = {
  compatibility_date: string;
  compatibility_flags: string[];
  vars: Record<string, string>;
  r2_buckets: { binding: string; bucket_name: string }[];
  ratelimits: { name: string; namespace_id: string; simple: { period: 10 | 60 } }[];
  queues: {
    producers: { binding: string; queue: string }[];
    consumers: {
      queue: string;
      max_batch_size: number;
      max_batch_timeout: number;
      max_retries: number;
      retry_delay: number;
      dead_letter_queue?: string;
    }[];
  };
};

/** The bundle in workerd, with the bindings and the queues' settings of wrangler.toml and its rate limits lifted. */
export async function startRuntime({ script, variables, consumers, inspector, heard }: RuntimeOptions) {
  const config = unstable_readConfig(
    { config: join(ROOT, "wrangler.toml") },
    { hideWarnings: true },
  ) as unknown as Config;
  // Miniflare has no option for it. Whoever sets it measures with other flags.
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= V8_FLAGS;
  const listening = SIGNALS.map((signal) => [signal, process.listeners(signal)] as const);
  const simulator = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      ...(inspector && { inspectorPort: 0, inspectorHost: "127.0.0.1" }),
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ message }) => {
        if (heard && message.startsWith("{")) heard(JSON.parse(message) as Record<string, unknown>);
        else if (!message.startsWith("{")) console.error(message);
      },
      unsafeTriggerHandlers: true,
      name: "torium",
      modules: true,
      modulesRoot: dirname(script),
      scriptPath: script,
      compatibilityDate: config.compatibility_date,
      compatibilityFlags: config.compatibility_flags,
      bindings: { ...config.vars, ...variables },
      r2Buckets: Object.fromEntries(config.r2_buckets.map(({ binding, bucket_name }) => [binding, bucket_name])),
      ratelimits: Object.fromEntries(
        config.ratelimits.map(({ name, namespace_id, simple }) => [
          name,
          { namespace_id, simple: { limit: LIFTED, period: simple.period } },
        ]),
      ),
      queueProducers: Object.fromEntries(config.queues.producers.map(({ binding, queue }) => [binding, queue])),
      queueConsumers: Object.fromEntries(
        (consumers ? config.queues.consumers : []).map((one) => [
          one.queue,
          {
            maxBatchSize: one.max_batch_size,
            maxBatchTimeout: one.max_batch_timeout,
            maxRetries: one.max_retries,
            retryDelay: one.retry_delay,
            ...(one.dead_letter_queue && { deadLetterQueue: one.dead_letter_queue }),
          },
        ]),
      ),
      // Past the simulator's own doors, each of which would be one more isolate on the way: the one in, and the one out (bench/worker/entry.ts).
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      serviceBindings: { NETWORK: { network: { allow: ["private"] } } },
    }),
  );
  // The simulator ends the process at once when it is interrupted, before PostgreSQL and the folder are gone: the bench ends it with the rest.
  for (const [signal, known] of listening) {
    for (const listener of process.listeners(signal)) {
      if (!known.includes(listener)) process.off(signal, listener);
    }
  }
  try {
    const door = await simulator.ready;
    return {
      /** Without a slash at the end. */
      url: (await simulator.unsafeGetDirectURL("torium")).origin,
      /** Runs a schedule of the Worker as its cron does. Answers when the handler has ended. */
      schedule: async (cron: string, time: number) => {
        const url = new URL("/cdn-cgi/local/scheduled", door);
        url.search = new URLSearchParams({ cron, time: String(time) }).toString();
        const answer = await fetch(url);
        const said = await answer.text();
        if (!answer.ok) throw new Error(`the schedule ${cron} answered ${answer.status}: ${said}`);
      },
      /** Of its workerd, of which this process has one at a time. 0 where the system does not tell. */
      pid: () => {
        const all = process.platform === "linux" ? listProcesses() : [];
        return all.find(({ parent, command }) => parent === process.pid && /workerd/.test(command))?.pid ?? 0;
      },
      inspectorUrl: () => simulator.getInspectorURL(),
      stop: () => simulator.dispose(),
    };
  } catch (error) {
    await simulator.dispose();
    throw error;
  }
}
