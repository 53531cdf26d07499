/** A piece of work that runs in a worker: a batch, a tick, or what somebody asks for. It can be killed at each of its awaits. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type Task = {
  id: number;
  kind: "tick" | "batch" | "action" | "claim";
  name: string;
  alive: boolean;
  /** Lease tokens that it made. */
  tokens: Set<string>;
  /** The bodies of the messages that it works on. */
  bodies: unknown[];
  /** When a call of its to the database went wrong, or it died; ms. */
  troubles: number[];
  /** Told once, when it is killed. */
  onKilled: () => void;
};

/** Which task the running code belongs to. */
export const current = new AsyncLocalStorage<Task>();

/** How a call out of the process goes, in ms and from the seed. */
export type Fate = {
  before: number;
  after: number;
  /** Answers so without doing it. */
  refusal?: (() => unknown) | undefined;
  /** Done, and the answer never comes; `cut`: as a broken connection, otherwise as silence. */
  lost?: "cut" | "silence" | undefined;
  /** Not done, and no answer comes. */
  hang?: boolean | undefined;
  /** When its worker dies, ms from now. */
  kill?: number | undefined;
  /** Done though nobody waits for it any more. */
  orphan?: boolean | undefined;
};

/** What a fault of the simulated world throws: expected in the log, unlike everything else. */
export class SimulatedFault extends Error {
  override name = "SimulatedFault";
}

/** Parks the running code until its call is answered in virtual time; for ever where its worker dies first. */
export function call<Answer>(
  { scheduler, trace }: { scheduler: Scheduler; trace: (line: string) => void },
  task: Task,
  label: string,
  fate: Fate,
  run: () => Answer | Promise<Answer>,
  signal?: AbortSignal | null,
): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    let waiting = true;
    const end = (how: string, settle: () => void) => {
      if (!waiting || !task.alive) return;
      waiting = false;
      if (how) trace(`${task.name} ${label}: ${how}`);
      settle();
    };
    signal?.addEventListener("abort", () => end("given up", () => reject(signal.reason)), { once: true });
    if (fate.kill !== undefined) scheduler.in(fate.kill, () => kill(task, trace));
    if (fate.hang) {
      trace(`${task.name} ${label}: hangs`);
      // Who has no time-out of its own hears of it in the end.
      if (!signal) scheduler.in(60_000, () => end("cut", () => reject(new SimulatedFault("cut"))));
      return;
    }
    scheduler.in(fate.before, async () => {
      if ((!waiting || !task.alive) && !fate.orphan) return;
      if (fate.refusal) {
        const refusal = fate.refusal();
        if (refusal instanceof Error) return end(`fails, ${refusal.message}`, () => reject(refusal));
        return end("refused", () => resolve(refusal as Answer));
      }
      const answer = await run();
      if (fate.lost === "silence" && signal) return trace(`${task.name} ${label}: done, silence`);
      if (fate.lost) trace(`${task.name} ${label}: done, answer cut`);
      scheduler.in(fate.after, () =>
        fate.lost ? end("", () => reject(new SimulatedFault("the answer was lost"))) : end("", () => resolve(answer)),
      );
    });
  });
}

export function kill(task: Task, trace: (line: string) => void): void {
  if (!task.alive) return;
  task.alive = false;
  trace(`${task.name} dies`);
  task.onKilled();
}

/** Latency of a healthy call, ms. */
export const latency = (random: Random, typical: number) => Math.ceil(typical * (0.5 + random.next()));
