/**
 * Stands beside the stack in a session of its own and waits for it to end. A stack that ends in order leaves nothing to
 * do; after a kill -9 this ends what it left. Arguments: the run file, the stack's pid. Stdin is a pipe from the stack.
 */
import { rmSync } from "node:fs";
import { endLeftovers, readRun } from "./run-file.ts";
import { readStackFile, STACK_FILE } from "./stack-file.ts";

const [file = "", owner = ""] = process.argv.slice(2);
process.stdin.resume();
process.stdin.on("error", () => {});
process.stdin.once("close", async () => {
  await endLeftovers(file, Number(owner));
  if (readRun(file) === null && readStackFile()?.pid === Number(owner)) rmSync(STACK_FILE, { force: true });
});
