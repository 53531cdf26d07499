import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { collected, endGroup } from "./processes.ts";
import { ROOT } from "./settings.ts";

export const WORKER_COMMAND = "wrangler";

const READY_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 5_000;
const LOOK_AGAIN_MS = 200;
/** An answer may be slow under load, and a restart loses the queues: only a long silence counts as death. */
const SILENT_FOR_MS = 20_000;
/** A Worker that keeps dying is started after ever longer pauses, until it has lived this long. */
const CALM_AFTER_MS = 60_000;
const LONGEST_PAUSE_MS = 15_000;
const CRASHED = "runtime crashed unexpectedly";
const WORTH_SHOWING = /✘|\[ERROR\]|\[wrangler:(error|warn)\]|"level":"(error|warn)"|^\s*(Uncaught |Error: )/;
/** The stack's own questions after the Worker's health, which would fill the log. */
const OWN_QUESTION = /GET \/health 200|"method":"GET","path":"\/health","status":200/;

export interface WorkerOptions {
  port: number;
  directory: string;
  variables: Record<string, string>;
  secrets: Record<string, string>;
  report: (line: string) => void;
  /** Told of each process group as it starts. */
  started: (group: number) => void;
  /** Where wrangler.toml is; Torium's own folder unless given. */
  project?: string;
  /** Ends a start that is still waiting. */
  ending?: AbortSignal;
}

/** Where the local buckets and queues are kept. */
export const localState = (directory: string): string => join(directory, "wrangler", "state");

/** Runs the Worker in workerd through `wrangler dev` and keeps it there. Resolves when it answers; throws if it never does. */
export async function startWorker(options: WorkerOptions) {
  const { port, directory, report } = options;
  mkdirSync(join(directory, "wrangler"), { recursive: true });
  const logFile = join(directory, "worker.log");
  const log = createWriteStream(logFile);
  const health = `http://127.0.0.1:${port}/health`;
  const stopping = new AbortController();
  options.ending?.addEventListener("abort", () => stopping.abort());
  let worker = launch();

  let watching: Promise<void> = Promise.resolve();
  const first = await answering();
  if (first !== "ready") {
    await stop();
    throw new Error(`The Worker ${first}; its log is ${logFile}`);
  }
  watching = watch();
  return { stop };

  function launch() {
    const child = spawnWrangler(options);
    const over = new AbortController();
    child.once("exit", () => over.abort());
    child.once("error", (error) => {
      report(`worker: ${error.message}`);
      over.abort();
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on("line", (line) => {
        const plain = stripVTControlCharacters(line);
        if (OWN_QUESTION.test(plain)) return;
        log.write(`${plain}\n`);
        if (plain.includes(CRASHED)) over.abort();
        else if (WORTH_SHOWING.test(plain)) report(`worker: ${plain.replace(/^.*\[ERROR\]\s*/, "").trim()}`);
      });
    }
    if (child.pid) options.started(child.pid);
    return { child, over: over.signal };
  }

  async function answering(): Promise<"ready" | "ended" | "does not answer"> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!stopping.signal.aborted && Date.now() < deadline) {
      if (worker.over.aborted) return "ended";
      if ((await ask(health)) === "answers") return "ready";
      await delay(100);
    }
    return "does not answer";
  }

  /** Wrangler restarts a dead workerd by itself, but its door then answers nobody: the whole of it is started anew. */
  async function watch(): Promise<void> {
    for (let deaths = 1; ; deaths++) {
      const since = Date.now();
      await death();
      if (stopping.signal.aborted) return;
      if (Date.now() - since > CALM_AFTER_MS) deaths = 1;
      report("the Worker is gone and is started again");
      await endGroup(worker.child.pid ?? 0, 0);
      await pause(Math.min((deaths - 1) * 1_000, LONGEST_PAUSE_MS));
      if (stopping.signal.aborted) return;
      worker = launch();
      const outcome = await answering();
      if (!stopping.signal.aborted) report(outcome === "ready" ? "the Worker is back" : `the Worker ${outcome}`);
    }
  }

  async function death(): Promise<void> {
    let heard = Date.now();
    let refused = 0;
    while (!stopping.signal.aborted && !worker.over.aborted) {
      if (refused >= 3 || Date.now() - heard > SILENT_FOR_MS) return;
      await pause(refused > 0 ? LOOK_AGAIN_MS : LOOK_EVERY_MS, worker.over);
      const door = await ask(health);
      if (door === "answers") heard = Date.now();
      refused = door === "refused" ? refused + 1 : 0;
    }
  }

  async function pause(ms: number, over?: AbortSignal): Promise<void> {
    const signal = over ? AbortSignal.any([stopping.signal, over]) : stopping.signal;
    await delay(ms, undefined, { signal }).catch(() => {});
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await watching;
    await endGroup(worker.child.pid ?? 0, 4_000);
    await collected(worker.child.pid ?? 0);
    await new Promise((resolve) => log.end(resolve));
  }
}

async function ask(url: string): Promise<"answers" | "refused" | "silent"> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.ok ? "answers" : "silent";
  } catch (error) {
    return (error as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED" ? "refused" : "silent";
  }
}

function spawnWrangler({ port, directory, variables, secrets, project = ROOT }: WorkerOptions): ChildProcess {
  const home = join(directory, "wrangler");
  const secretsFile = join(directory, "worker.env");
  const lines = Object.entries(secrets).map(([name, value]) => `${name}="${value}"\n`);
  writeFileSync(secretsFile, lines.join(""), { mode: 0o600 });
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler")), "..", "bin", "wrangler.js");
  const flags = {
    "--ip": "127.0.0.1",
    "--port": String(port),
    "--inspector-port": "0",
    "--persist-to": localState(directory),
    "--env-file": secretsFile,
    "--show-interactive-dev-session": "false",
  };
  return spawn(
    process.execPath,
    [
      wrangler,
      "dev",
      ...Object.entries(flags).flat(),
      ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
    ],
    { cwd: project, detached: true, stdio: ["ignore", "pipe", "pipe"], env: environment(home, [variables, secrets]) },
  );
}

/** No account, no network, nothing in the home directory, and none of the Worker's settings from the shell. */
function environment(home: string, settings: object[]): NodeJS.ProcessEnv {
  const names = new Set(settings.flatMap((group) => Object.keys(group)));
  const inherited = Object.entries(process.env).filter(
    ([name]) => !names.has(name) && !/^(CLOUDFLARE_|CF_|WRANGLER_|MINIFLARE_)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_LOG_PATH: join(home, "logs"),
    WRANGLER_REGISTRY_PATH: join(home, "registry"),
    WRANGLER_CACHE_DIR: join(home, "cache"),
    MINIFLARE_CACHE_DIR: join(home, "cache"),
    XDG_CONFIG_HOME: join(home, "config"),
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    CI: "true",
  };
}
