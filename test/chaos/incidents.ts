/** What is done to a stack that runs, and when it was done. */
import { setTimeout as delay } from "node:timers/promises";
import { DATABASE_COMMAND } from "../../dev/database.ts";
import { listProcesses } from "../../dev/processes.ts";
import { readRun } from "../../dev/run-file.ts";
import { WORKER_COMMAND } from "../../dev/worker.ts";
import type { Incident } from "./facts.ts";

/** What a consumer has accepted and not settled at the most: SMS are settled every 25, a batch of the others is 96 messages of six. */
const UNSETTLED = { sms: 25, email: 576, push: 576 };
/** A settle that fails waits this long before its last tries: what was accepted before the database went may be unsettled until then. */
const SETTLED_AFTER_MS = 45_000;
const FIND_WITHIN_MS = 60_000;

const groupsOf = (runFile: string, command: string): number[] =>
  (readRun(runFile)?.groups ?? []).filter((one) => one.command === command).map(({ group }) => group);

/** Kills every workerd of the stack; waits for one where none runs just now. */
export async function killWorker(runFile: string): Promise<Incident> {
  const deadline = Date.now() + FIND_WITHIN_MS;
  for (;;) {
    const groups = groupsOf(runFile, WORKER_COMMAND);
    const found = listProcesses().filter(
      ({ group, over, command }) => groups.includes(group) && !over && /workerd\S* serve/.test(command),
    );
    const from = Date.now();
    for (const { pid } of found) signal(pid, "SIGKILL");
    if (found.length > 0) return { kind: "worker killed", from, to: Date.now(), doubles: { ...UNSETTLED } };
    if (Date.now() > deadline) throw new Error("no workerd runs in the stack");
    await delay(50);
  }
}

/** The Worker died by itself, and was heard to be gone at `at`. */
export const diedBy = (at: number): Incident => ({
  kind: "worker killed",
  from: at - 30_000,
  to: at,
  doubles: { ...UNSETTLED },
});

/** PostgreSQL stands still, connections and all, and goes on where it was. */
export async function stopDatabase(runFile: string, ms: number): Promise<Incident> {
  const server = databaseOf(runFile);
  const members = () => [
    server,
    ...listProcesses()
      .filter(({ parent }) => parent === server)
      .map(({ pid }) => pid),
  ];
  const from = Date.now();
  const stopped = members();
  const goOn = () => {
    for (const pid of new Set([...stopped, ...members()])) signal(pid, "SIGCONT");
  };
  // Who stands still cannot even end.
  process.once("exit", goOn);
  for (const pid of stopped) signal(pid, "SIGSTOP");
  await delay(ms);
  goOn();
  process.off("exit", goOn);
  return { kind: "database away", from, to: Date.now(), doubles: { ...UNSETTLED } };
}

/** PostgreSQL is killed; the stack starts it again on the same data. */
export function crashDatabase(runFile: string): Incident {
  const from = Date.now();
  signal(databaseOf(runFile), "SIGKILL");
  return { kind: "database away", from, to: from + 5_000, doubles: { ...UNSETTLED } };
}

function databaseOf(runFile: string): number {
  const server = groupsOf(runFile, DATABASE_COMMAND).at(-1);
  if (!server) throw new Error("no PostgreSQL runs in the stack");
  return server;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

type Fault = { channel: string; kind: string; times?: number; ms?: number };

/** `PUT` replaces the faults in force, `POST` adds to them. */
export async function setFaults(inbox: string, method: "PUT" | "POST", faults: Fault[]): Promise<void> {
  const response = await fetch(`${inbox}/faults`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(faults),
  });
  if (!response.ok) throw new Error(`The inbox refused its faults: ${await response.text()}`);
}

/** A kill while a settle waits for the database forgets what was accepted before that went away. */
export function reachBack(incidents: Incident[]): Incident[] {
  const away = incidents.filter(({ kind }) => kind === "database away");
  return incidents.map((one) => {
    if (one.kind !== "worker killed") return one;
    const waiting = away.filter(({ from, to }) => from <= one.from && one.from <= to + SETTLED_AFTER_MS);
    return { ...one, from: Math.min(one.from, ...waiting.map(({ from }) => from)) };
  });
}
