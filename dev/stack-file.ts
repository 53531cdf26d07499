import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "./client.ts";
import { isRunning } from "./processes.ts";
import { STACK_COMMAND } from "./run-file.ts";
import { DIRECTORY } from "./settings.ts";

export const STACK_FILE = join(DIRECTORY, "stack.json");

/** Whole or not at all: whoever finds the file may read it at once. */
export function writeStackFile(stack: Stack): void {
  writeFileSync(`${STACK_FILE}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${STACK_FILE}.new`, STACK_FILE);
}

/** Null where there is none. */
export function readStackFile(): Stack | null {
  try {
    return JSON.parse(readFileSync(STACK_FILE, "utf8")) as Stack;
  } catch {
    return null;
  }
}

/** The stack that runs now; null where there is none, or only what a crash left. */
export function runningStack(): Stack | null {
  const stack = readStackFile();
  return stack && isRunning(stack.pid, STACK_COMMAND) ? stack : null;
}
