import { spawnSync } from "node:child_process";
import { readFile, readlink, rm } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;
const COLLECTED_WITHIN_MS = 2_000;
/** Asked ever less politely: roll back and end, end at once, die. */
const SIGNALS: { signal: NodeJS.Signals; seconds: number }[] = [
  { signal: "SIGINT", seconds: 10 },
  { signal: "SIGQUIT", seconds: 5 },
  { signal: "SIGKILL", seconds: 5 },
];

/**
 * Ends a PostgreSQL that outlived whoever started it on this data directory, and removes a lock that belongs to nobody.
 *
 * @param ownerFile holds the pid of the process that started it
 * @throws {Error} if that process is still there: the directory is in use
 */
export async function stopOrphan(data: string, ownerFile: string): Promise<void> {
  const lock = join(data, "postmaster.pid");
  const pid = await firstNumber(lock);
  if (pid === null) return;
  const parent = await parentIfServing(pid, data);
  if (parent === null) {
    // Of a dead process PostgreSQL clears the lock itself, and knows better whether its children are still there; a
    // living stranger with that pid would stop it.
    if (isAlive(pid)) await rm(lock, { force: true });
    return;
  }
  if (parent === (await firstNumber(ownerFile))) {
    throw new Error(`process ${parent} is running PostgreSQL (process ${pid}) on ${data}: stop it first`);
  }
  for (const { signal, seconds } of SIGNALS) {
    process.kill(pid, signal);
    const deadline = performance.now() + seconds * 1000;
    while (performance.now() < deadline) {
      if ((await parentIfServing(pid, data)) === null) return forget(pid, lock);
      await delay(POLL_MS);
    }
  }
  throw new Error(`PostgreSQL (process ${pid}) on ${data} does not end`);
}

/** One that was killed lives on as a zombie until it is collected, and its lock would stop the next server: PostgreSQL asks only whether the pid lives. */
async function forget(pid: number, lock: string): Promise<void> {
  const deadline = performance.now() + COLLECTED_WITHIN_MS;
  while (isAlive(pid) && performance.now() < deadline) await delay(POLL_MS);
  if (isAlive(pid) && (await firstNumber(lock)) === pid) await rm(lock, { force: true });
}

async function firstNumber(file: string): Promise<number | null> {
  try {
    const number = Number.parseInt(await readFile(file, "utf8"), 10);
    return number > 0 ? number : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The parent of the process if it is a PostgreSQL on this data directory; else null (also for a zombie). */
async function parentIfServing(pid: number, data: string): Promise<number | null> {
  if (platform() !== "linux") {
    const { stdout } = spawnSync("ps", ["-ww", "-o", "ppid=,command=", "-p", `${pid}`], { encoding: "utf8" });
    const [, parent, command] = /^\s*(\d+)\s+(.*)$/m.exec(stdout ?? "") ?? [];
    return command?.includes(`postgres -D ${data} `) ? Number(parent) : null;
  }
  try {
    if ((await readlink(`/proc/${pid}/cwd`)) !== data) return null;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    if (!command.includes(`postgres\0-D\0${data}\0`)) return null;
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
