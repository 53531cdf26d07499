import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";

/** What the figures were measured on; the load is that of the last minute, before anything is started. */
export function describeMachine() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    load_before: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

export const machineLine = ({ cores, processor, memory_gb, system, node, load_before }: Machine): string =>
  `${cores} cores (${processor}), ${memory_gb} GB, ${system}, Node ${node}, load before ${load_before}`;

export type Machine = ReturnType<typeof describeMachine>;
