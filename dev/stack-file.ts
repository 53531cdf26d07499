import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "./client.ts";
import { isRunning } from "./processes.ts";
import { STACK_COMMAND } from "./run-file.ts";
import { DIRECTORY } from "./settings.ts";

export const stackFileIn = (directory: string): string => join(directory, "stack.json");
export const STACK_FILE = stackFileIn(DIRECTORY);

/** Whole or not at all: whoever finds the file may read it at once. */
export function writeStackFile(stack: Stack): void {
  writeFileSync(`${STACK_FILE}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${STACK_FILE}.new`, STACK_FILE);
}

/** Null where there is none. */
export function readStackFile(file = STACK_FILE): Stack | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Stack;
  } catch {
    return null;
  }
}

/** The stack that runs now; null where there is none, or only what a crash left. */
export function runningStack(file = STACK_FILE): Stack | null {
  const stack = readStackFile(file);
  return stack && isRunning(stack.pid, STACK_COMMAND) ? stack : null;
}
