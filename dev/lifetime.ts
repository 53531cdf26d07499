import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Flags, portsOf, UsageError } from "./flags.ts";
import { PortTaken, requireFree } from "./ports.ts";
import { parentOf } from "./processes.ts";
import { addToRun, RUN_FILE, takeRun } from "./run-file.ts";
import { seed } from "./seed.ts";
import { startServices } from "./services.ts";
import { DIRECTORY } from "./settings.ts";
import { STACK_FILE, writeStackFile } from "./stack-file.ts";
import { stackTable } from "./table.ts";

const END_WITHIN_MS = 20_000;

class Ending extends Error {}

/** Set for a stack that is part of another process and must not outlive it. */
export const END_WITH_PARENT = "TORIUM_END_WITH_PARENT";

/** Runs the stack until a signal ends it. Throws UsageError where it cannot start, before anything is started. */
export async function runStack(flags: Flags): Promise<void> {
  const end = endOnSignal();
  mkdirSync(DIRECTORY, { recursive: true });
  const other = await takeRun(RUN_FILE);
  if (other)
    throw new UsageError(`The stack runs already, as process ${other.pid}: end it with Ctrl-C or kill ${other.pid}`);
  rmSync(STACK_FILE, { force: true });
  try {
    await requireFreePorts(flags);
    if (flags.fresh) emptyDirectory();
  } catch (error) {
    rmSync(RUN_FILE, { force: true });
    throw error;
  }
  const reaper = startReaper();
  const ends: (() => void | Promise<void>)[] = [];

  const lifetime = {
    report: (line: string) => console.error(`${new Date().toLocaleTimeString("en-GB")} ${line}`),
    started: (group: number, command: string) => addToRun(RUN_FILE, group, command),
    keep: async <T extends { stop(): void | Promise<void> }>(part: Promise<T>): Promise<T> => {
      const started = await part;
      ends.push(() => started.stop());
      if (end.asked.aborted) throw new Ending();
      return started;
    },
    ending: end.asked,
  };
  const starting = start(flags, lifetime).catch((error) => {
    if (!end.asked.aborted) end.fail(error);
  });
  if (!end.asked.aborted) await once(end.asked, "abort");
  const impatient = setTimeout(() => process.exit(1), END_WITHIN_MS);
  // What is still starting hears of the end at its next step.
  for (let running = true; running; ) {
    await endAll(ends, lifetime.report);
    running = await Promise.race([starting.then(() => false), new Promise<true>((go) => setTimeout(go, 50, true))]);
  }
  await endAll(ends, lifetime.report);
  rmSync(STACK_FILE, { force: true });
  rmSync(RUN_FILE, { force: true });
  reaper.stdin?.end();
  if (reaper.exitCode === null && reaper.signalCode === null) await once(reaper, "exit");
  clearTimeout(impatient);
  console.error("Torium has ended. Its data is there at the next start.");
}

async function start(flags: Flags, lifetime: Parameters<typeof startServices>[1]): Promise<void> {
  console.error("Torium is starting …");
  const stack = await startServices(flags, lifetime);
  const people = flags.seed
    ? await seed(stack).catch((error: Error) => lifetime.report(`seed: ${error.message}`))
    : null;
  writeStackFile(stack);
  console.log(stackTable(stack, people ?? []));
}

async function requireFreePorts(flags: Flags): Promise<void> {
  const taken: string[] = [];
  for (const { flag, what, port } of portsOf(flags)) {
    await requireFree(port).catch((error) => {
      if (!(error instanceof PortTaken)) throw error;
      taken.push(`Port ${port} for ${what} is taken: end what listens there, or choose another with ${flag} N`);
    });
  }
  if (taken.length > 0) throw new UsageError(taken.join("\n"));
}

function emptyDirectory(): void {
  for (const name of readdirSync(DIRECTORY)) {
    if (join(DIRECTORY, name) !== RUN_FILE) rmSync(join(DIRECTORY, name), { recursive: true, force: true });
  }
}

function startReaper() {
  const reaper = spawn(process.execPath, [join(import.meta.dirname, "reaper.ts"), RUN_FILE, String(process.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  reaper.stdin?.on("error", () => {});
  return reaper;
}

/** Ctrl-C, the end of the terminal, the end of npm, and whatever nobody caught. */
function endOnSignal() {
  const ending = new AbortController();
  const ask = () => ending.abort();
  const end = {
    asked: ending.signal,
    fail: (error: unknown) => {
      console.error(error instanceof UsageError ? error.message : error);
      process.exitCode = 1;
      ask();
    },
  };
  // npm hands Ctrl-C on to a process that the terminal has told already, so a second one means nothing.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
  process.on("uncaughtException", end.fail);
  process.on("unhandledRejection", end.fail);
  // The terminal may be gone before the last words.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  endWithParent(ask);
  return end;
}

/**
 * A kill -9 of npm, or of the demo, tells nobody; npm's shell may stand between and live on. A stack that a shell put in
 * the background may outlive its parent, and does not look.
 */
function endWithParent(ask: () => void): void {
  if (!process.env.npm_lifecycle_event && !process.env[END_WITH_PARENT]) return;
  const parent = process.ppid;
  const grandparent = parentOf(parent);
  const look = () => {
    if (process.ppid !== parent || parentOf(parent) !== grandparent) ask();
  };
  setInterval(look, 1_000).unref();
}

async function endAll(ends: (() => void | Promise<void>)[], report: (line: string) => void): Promise<void> {
  for (let end = ends.pop(); end; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      report(`while ending: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
}
