import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Stack, waitFor } from "../client.ts";
import { END_WITH_PARENT } from "../lifetime.ts";
import { isRunning } from "../processes.ts";
import { RUN_FILE, readRun, STACK_COMMAND } from "../run-file.ts";
import { runningStack } from "../stack-file.ts";
import { say } from "./say.ts";

// The first start unpacks a database.
const UP_WITHIN_MS = 120_000;

/** The stack that is up, or one that is started here and ended by `end`. */
export async function stackForDemo(): Promise<{ stack: Stack; end: () => Promise<void> }> {
  const up = runningStack() ?? (await startingStack());
  if (up) {
    say(`The stack is up, as process ${up.pid}: ${up.api}`);
    return { stack: up, end: async () => {} };
  }
  say("No stack is up: starting one");
  const child = spawn(process.execPath, [join(import.meta.dirname, "..", "stack.ts"), "--no-seed"], {
    // A group of its own: Ctrl-C ends the demo, which then ends the stack.
    detached: true,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, [END_WITH_PARENT]: "1" },
  });
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
    const found = runningStack();
    return found?.pid === child.pid ? found : null;
  }, UP_WITHIN_MS);
  if (stack) return { stack, end };
  await end();
  throw new Error("the stack did not come up in time");
}

/** A stack that somebody else is starting just now. */
async function startingStack(): Promise<Stack | null> {
  const run = readRun(RUN_FILE);
  if (!run || !isRunning(run.pid, STACK_COMMAND)) return null;
  say(`A stack is coming up, as process ${run.pid}: waiting for it`);
  return waitFor(async () => {
    if (!isRunning(run.pid, STACK_COMMAND)) throw new Error(`the stack of process ${run.pid} ended`);
    return runningStack();
  }, UP_WITHIN_MS);
}
