import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Stack, waitFor } from "./client.ts";
import { END_WITH_PARENT } from "./lifetime.ts";
import { freePort } from "./ports.ts";
import { isRunning } from "./processes.ts";
import { RUN_FILE, readRun, STACK_COMMAND } from "./run-file.ts";
import { DIRECTORY } from "./settings.ts";
import { runningStack, stackFileIn } from "./stack-file.ts";

// The first start unpacks a database.
const UP_WITHIN_MS = 120_000;

export interface StackInUse {
  stack: Stack;
  /** Ends what was started for this; a stack that somebody else runs goes on. */
  end: () => Promise<void>;
}

/** The stack that is up or just coming up in the usual folder; null where there is none. */
export async function stackInUse(say: (line: string) => void): Promise<StackInUse | null> {
  const up = runningStack() ?? (await startingStack(say));
  if (!up) return null;
  say(`The stack is up, as process ${up.pid}: ${up.api}`);
  return { stack: up, end: async () => {} };
}

/** A stack that somebody else is starting just now. */
async function startingStack(say: (line: string) => void): Promise<Stack | null> {
  const run = readRun(RUN_FILE);
  if (!run || !isRunning(run.pid, STACK_COMMAND)) return null;
  say(`A stack is coming up, as process ${run.pid}: waiting for it`);
  return waitFor(async () => {
    if (!isRunning(run.pid, STACK_COMMAND)) throw new Error(`the stack of process ${run.pid} ended`);
    return runningStack();
  }, UP_WITHIN_MS);
}

/** Starts a stack that lives no longer than this process. `heard` gets what it reports; absent, the terminal does. */
export async function launchStack(options: {
  directory?: string;
  flags: string[];
  heard?: (line: string) => void;
}): Promise<StackInUse> {
  const { directory = DIRECTORY, flags, heard } = options;
  const child = spawn(process.execPath, [join(import.meta.dirname, "stack.ts"), ...flags], {
    // A group of its own: Ctrl-C ends this process, which then ends the stack.
    detached: true,
    stdio: ["ignore", "ignore", heard ? "pipe" : "inherit"],
    env: { ...process.env, [END_WITH_PARENT]: "1", TORIUM_DEV_DIRECTORY: directory },
  });
  if (heard) createInterface({ input: child.stderr! }).on("line", heard);
  const over = () => child.exitCode !== null || child.signalCode !== null;
  const end = async () => {
    if (over()) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await exit;
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void end().then(() => process.exit(1)));
  }
  const stack = await waitFor(async () => {
    if (over()) throw new Error("the stack did not start");
    const found = runningStack(stackFileIn(directory));
    return found?.pid === child.pid ? found : null;
  }, UP_WITHIN_MS);
  if (stack) return { stack, end };
  await end();
  throw new Error("the stack did not come up in time");
}

/** A stack in a new folder and on free ports, so that it meets nobody's data; the folder goes with this process. */
export async function launchOwnStack(options: { flags: string[]; heard?: (line: string) => void }) {
  const directory = mkdtempSync(join(tmpdir(), "torium-own-"));
  const ports = await freePorts(["--port", "--inbox-port", "--cognito-port", "--db-port"]);
  // Ctrl-C ends the stack first, and then this process.
  process.once("exit", () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return { directory, ...(await launchStack({ ...options, directory, flags: [...ports, ...options.flags] })) };
}

async function freePorts(flags: string[]): Promise<string[]> {
  const ports = new Set<number>();
  while (ports.size < flags.length) ports.add(await freePort());
  return [...ports].flatMap((port, n) => [flags[n]!, String(port)]);
}
