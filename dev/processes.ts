import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface Process {
  pid: number;
  parent: number;
  group: number;
  command: string;
  /** A zombie: over, and not yet collected by its parent. */
  over: boolean;
}

const ASK_AGAIN_MS = 50;

/** Every process of this machine. */
export function listProcesses(): Process[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** Whether the process runs and its command says that it is the one that was meant: pids are used again. */
export function isRunning(pid: number, command: string): boolean {
  return listProcesses().some((one) => one.pid === pid && !one.over && one.command.includes(command));
}

/** Null where the process is over. */
export function parentOf(pid: number): number | null {
  return listProcesses().find((one) => one.pid === pid && !one.over)?.parent ?? null;
}

/** Ends a whole process group: asks its leader, kills what is left when the time is over. Resolves when nothing runs. */
export async function endGroup(group: number, patienceMs: number): Promise<void> {
  // 0 and -1 would name this group and every process.
  if (group <= 1) return;
  if (patienceMs > 0) signal(group, "SIGINT");
  await goneWithin(patienceMs, (one) => one.group === group && !one.over);
  signal(-group, "SIGKILL");
  await goneWithin(2_000, (one) => one.group === group && !one.over);
}

/** Wrangler leaves its workerd to the system's first process to collect, which may take a moment. */
export async function collected(group: number): Promise<void> {
  await goneWithin(3_000, (one) => one.group === group);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function goneWithin(ms: number, which: (one: Process) => boolean): Promise<void> {
  const deadline = Date.now() + ms;
  while (Date.now() < deadline && listProcesses().some(which)) await delay(ASK_AGAIN_MS);
}

function fromProc(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        // The name in brackets may hold anything, brackets included.
        const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), parent: Number(parent), group: Number(group), command, over: state === "Z" }];
      } catch {
        return [];
      }
    });
}

function fromPs(): Process[] {
  const lines = execFileSync("ps", ["-axww", "-o", "pid=,ppid=,pgid=,stat=,command="], { encoding: "utf8" }).split(
    "\n",
  );
  return lines.flatMap((line) => {
    const [, pid, parent, group, state, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (!command) return [];
    const over = state?.startsWith("Z") ?? false;
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), command, over }];
  });
}
