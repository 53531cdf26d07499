import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endGroup, isRunning, listProcesses } from "./processes.ts";
import { DIRECTORY } from "./settings.ts";

export const RUN_FILE = join(DIRECTORY, "run.json");

/** Who holds the stack's directory, and what it started: the lock, and the list of what a crash leaves behind. */
export interface Run {
  pid: number;
  /** Process groups, with a part of the commands in them. */
  groups: { group: number; command: string }[];
}

export const STACK_COMMAND = "dev/stack.ts";

/** Takes the directory for this process. Answers null, or the run that already has it. */
export async function takeRun(file: string): Promise<Run | null> {
  for (;;) {
    const earlier = readRun(file);
    if (earlier && isRunning(earlier.pid, STACK_COMMAND)) return earlier;
    if (earlier) await endLeftovers(file, earlier.pid);
    try {
      writeFileSync(file, JSON.stringify({ pid: process.pid, groups: [] } satisfies Run), { flag: "wx" });
      return null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

export function addToRun(file: string, group: number, command: string): void {
  const run = readRun(file);
  if (run) writeFileSync(file, JSON.stringify({ ...run, groups: [...run.groups, { group, command }] }));
}

/** Ends what a dead run left, and its lock; a run of another process is left alone. */
export async function endLeftovers(file: string, owner: number): Promise<void> {
  const run = readRun(file);
  if (run?.pid !== owner) return;
  const left = run.groups.filter(({ group, command }) =>
    listProcesses().some((one) => one.group === group && one.command.includes(command)),
  );
  await Promise.all(left.map(({ group }) => endGroup(group, 3_000)));
  if (readRun(file)?.pid === owner) rmSync(file, { force: true });
}

/** Null where there is none; what is no whole run, torn by a crash, says nothing of anybody and counts as a dead one. */
export function readRun(file: string): Run | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    const run = JSON.parse(text) as Partial<Run> | null;
    if (run && typeof run.pid === "number" && Array.isArray(run.groups)) return run as Run;
  } catch {}
  return { pid: 0, groups: [] };
}
