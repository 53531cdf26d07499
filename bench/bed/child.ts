/** Parts that run in a process of their own, so that what is measured and what measures share no thread. They end with whoever started them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

type Asked = { id: number; question: string; given: unknown };
type Answered = { id: number; answer?: unknown; error?: string };

export type Child = {
  pid: number;
  /** Throws where the child does, and where it has ended. */
  ask<T>(question: string, given?: unknown): Promise<T>;
  stop(): Promise<void>;
};

export function startChild(file: string): Child {
  const child: ChildProcess = fork(file, {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  const waiting = new Map<number, { done: (answer: unknown) => void; failed: (error: Error) => void }>();
  let last = 0;
  child.on("message", ({ id, answer, error }: Answered) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.done(answer);
    else asked?.failed(new Error(error));
  });
  const over = once(child, "exit").then(() => {
    for (const { failed } of waiting.values()) failed(new Error(`${file} has ended`));
    waiting.clear();
  });
  return {
    // Where it could not be started, everything asked of it fails.
    pid: child.pid ?? 0,
    ask: <T>(question: string, given?: unknown) =>
      new Promise<T>((done, failed) => {
        const id = ++last;
        waiting.set(id, { done: done as (answer: unknown) => void, failed });
        child.send({ id, question, given } satisfies Asked, (error) => {
          if (error && waiting.delete(id)) failed(error);
        });
      }),
    stop: async () => {
      child.kill("SIGKILL");
      await over;
    },
  };
}

type Answers = Record<string, (given: never) => unknown>;

/** Called in the child: answers each question by its name. */
export function answerParent(answers: Answers): void {
  // The parent ends its children itself, after what they serve; Ctrl-C in a terminal reaches them all at once.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ id, question, given }: Asked) => {
    try {
      process.send!({ id, answer: await answers[question]!(given as never) } satisfies Answered);
    } catch (error) {
      process.send!({ id, error: (error as Error).message } satisfies Answered);
    }
  });
}
