/** CPU time of processes, from Linux' /proc (proc_pid_stat(5)). On a machine that is busy with something else it is steadier than rates. */
import { readFileSync } from "node:fs";
import { listProcesses, type Process } from "../../dev/processes.ts";

/** A tick of the kernel's clock for user space, which is 100 a second on every Linux that Node runs on (USER_HZ). */
const TICK_US = 10_000;
/** Places behind the command's closing bracket: of the process, and of its children that are over and collected. */
const OWN = [11, 12];
const GONE = [13, 14];

/** µs in user and kernel of a process and its children since they began, by the name that it has in `parts`; without those whose id is 0. Empty where the system does not tell. */
export function cpuUs(parts: Record<string, number>): Map<string, number> {
  if (process.platform !== "linux") return new Map();
  const all = listProcesses();
  const known = Object.entries(parts).filter(([, pid]) => pid > 0);
  return new Map(known.map(([name, pid]) => [name, ticks(pid, all) * TICK_US]));
}

const ticks = (pid: number, all: Process[]) =>
  all
    .filter(({ parent }) => parent === pid)
    .reduce((sum, one) => sum + read(one.pid, OWN), read(pid, [...OWN, ...GONE]));

function read(pid: number, places: number[]): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return places.reduce((sum, place) => sum + Number(fields[place]), 0);
  } catch {
    // It ended meanwhile.
    return 0;
  }
}
