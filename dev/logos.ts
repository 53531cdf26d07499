import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "./settings.ts";
import { localState } from "./worker.ts";

export const LOGOS_COMMAND = "put-logos.ts";
export const LOGOS = join(ROOT, "assets/logos");

export interface LogosOptions {
  directory: string;
  /** Told of the process group that does the work. */
  started: (group: number) => void;
}

/** Puts the logos into the local bucket, unless they are there already; the Worker must not run yet. */
export async function putLogos({ directory, started }: LogosOptions): Promise<void> {
  const state = localState(directory);
  const note = join(state, "logos.sha256");
  const now = digest();
  if (existsSync(note) && readFileSync(note, "utf8") === now) return;
  // A process of its own, since the simulator's answer to Ctrl-C is to end the process that it is in.
  const child = spawn(process.execPath, [join(import.meta.dirname, LOGOS_COMMAND), state], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (child.pid) started(child.pid);
  const [[code], said] = await Promise.all([once(child, "close"), text(child.stderr)]);
  if (code !== 0) throw new Error(`The logos could not be put into the local bucket: ${said.trim()}`);
  writeFileSync(note, now);
}

function digest(): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(LOGOS).sort()) hash.update(`${name}\n`).update(readFileSync(join(LOGOS, name)));
  return hash.digest("hex");
}
