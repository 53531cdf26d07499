/** The queues as the platform promises them: at least once, in no order, in batches, with delays, retries and dead letters. */
import { readFileSync } from "node:fs";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type QueueSettings = {
  max_batch_size: number;
  max_retries: number;
  retry_delay: number;
  dead_letter_queue: string | null;
};

/** One message as it waits; a duplicate is another of the same id. */
type Waiting = { id: string; queue: string; body: string; attempts: number; at: number };
type Verdict = { verdict: "ack" | "retry" | null; delaySeconds?: number | undefined };
export type Delivered = Waiting & Verdict;

/** The consumers of wrangler.toml. */
export function readQueues(): Record<string, QueueSettings> {
  const toml = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  const sections = toml.split(/^\[\[queues\.consumers\]\]$/m).slice(1);
  const settings = sections.map((section) => {
    const [own = ""] = section.split(/^\[/m);
    const value = (name: string) => new RegExp(`^${name} = "?([^"\\n]+)"?$`, "m").exec(own)?.[1];
    const number = (name: string) => Number(value(name));
    return [
      value("queue")!,
      {
        max_batch_size: number("max_batch_size"),
        max_retries: number("max_retries"),
        retry_delay: number("retry_delay"),
        dead_letter_queue: value("dead_letter_queue") ?? null,
      },
    ] as const;
  });
  return Object.fromEntries(settings);
}

type Host = {
  scheduler: Scheduler;
  random: Random;
  faults: Faults;
  trace: (line: string) => void;
  /** Runs a batch in a worker of its own. */
  consume: (queue: string, messages: Delivered[]) => void;
};

export class Queues {
  readonly settings = readQueues();
  readonly #waiting: Waiting[] = [];
  readonly #host: Host;
  #ids = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** What a producer hands over. */
  put(queue: string, body: unknown, delaySeconds: number): void {
    const { faults, scheduler } = this.#host;
    const id = (++this.#ids).toString(16).padStart(32, "0");
    const fate = faults.message();
    if (fate === "lost") {
      this.#host.trace(`${queue} loses message ${this.#ids}`);
      return;
    }
    const message = { id, queue, body: JSON.stringify(body), attempts: 0 };
    const at = scheduler.now + delaySeconds * 1000 * faults.delayKept();
    this.#wait({ ...message, at: at + faults.transit() });
    if (fate === "double") this.#wait({ ...message, at: at + faults.transit() * 5 });
  }

  /** What became of a batch. Where its worker died, nothing that it said counts, and its messages come again. */
  settle(batch: Delivered[], died: boolean): void {
    const { faults, scheduler, trace } = this.#host;
    for (const { verdict, delaySeconds, ...message } of batch) {
      if (!died && verdict !== "retry") {
        // Rarely a message comes again though it was acknowledged.
        if (faults.returnsAcknowledged()) this.#wait({ ...message, at: scheduler.now + faults.transit() * 20 });
        continue;
      }
      const settings = this.settings[message.queue]!;
      if (message.attempts > settings.max_retries) {
        trace(`${message.queue} gives message ${Number.parseInt(message.id, 16)} up`);
        if (settings.dead_letter_queue)
          this.#wait({
            ...message,
            queue: settings.dead_letter_queue,
            attempts: 0,
            at: scheduler.now + faults.transit(),
          });
        continue;
      }
      const wait = died ? faults.redeliveryMs() : (delaySeconds ?? settings.retry_delay) * 1000;
      this.#wait({ ...message, at: scheduler.now + wait + faults.transit() });
    }
  }

  #wait({ at, ...rest }: Waiting): void {
    const message = { ...rest, at: Math.round(at) };
    this.#waiting.push(message);
    this.#host.scheduler.at(message.at, () => this.#pump(message.queue));
  }

  /** Hands over what is due, in batches of any size and order: several consumers of one queue run at once. */
  #pump(queue: string): void {
    const { random, scheduler, consume } = this.#host;
    const due = this.#waiting.filter((one) => one.queue === queue && one.at <= scheduler.now);
    if (due.length === 0) return;
    for (const one of due) this.#waiting.splice(this.#waiting.indexOf(one), 1);
    const shuffled = random.shuffled(due);
    while (shuffled.length > 0) {
      const size = random.int(1, this.settings[queue]!.max_batch_size);
      const batch = shuffled.splice(0, size).map((one) => ({ ...one, attempts: one.attempts + 1, verdict: null }));
      consume(queue, batch);
    }
  }
}
