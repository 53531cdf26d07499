/** One run's world: the clock, the database, the queues, the provider and the workers between them. */
import { runSchedule, ScheduleFailed } from "../../src/cron/index.ts";
import { type Bindings, buildDeps, type Deps } from "../../src/deps.ts";
import { AppError } from "../../src/errors.ts";
import { consume } from "../../src/queues/index.ts";
import { BINDINGS } from "./bindings.ts";
import { type Database, ENDPOINT } from "./database.ts";
import type { Faults } from "./faults.ts";
import { look } from "./history.ts";
import { answer, answered, enter, type Request } from "./network.ts";
import { Observer } from "./observer.ts";
import { accepted, isForGood, type ProviderFault, type Published, readPublished, refused } from "./provider.ts";
import { type Delivered, Queues } from "./queue.ts";
import { type Random, randomOf } from "./random.ts";
import type { Attempt, Record_ } from "./record.ts";
import type { Scheduler } from "./scheduler.ts";
import { settingsWith } from "./settings.ts";
import { call, current, SimulatedFault, type Task } from "./task.ts";

/** A call to the database that takes longer is trouble. */
const SLOW_MS = 10_000;
const TICK = "* * * * *";

export class World {
  readonly record: Record_ = { attempts: [], claims: [], settles: [], moments: [], buried: [], violations: [] };
  readonly lines: string[] = [];
  readonly observer = new Observer(this.record);
  readonly queues: Queues;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly database: Database;
  /** Whether the database was written to since somebody asked; see ticks.ts. */
  changed = true;
  readonly budget_usd: string;
  readonly #settings: Deps["settings"];
  readonly #dead: Map<string, ProviderFault>;
  readonly #started: number;
  #tasks = 0;
  #calls = 0;
  #messages = 0;
  running = 0;

  constructor(
    seed: number,
    {
      scheduler,
      faults,
      database,
      dead,
    }: { scheduler: Scheduler; faults: Faults; database: Database; dead: Map<string, ProviderFault> },
  ) {
    this.scheduler = scheduler;
    this.faults = faults;
    this.database = database;
    this.#dead = dead;
    const random = randomOf(seed, "budget");
    // Some have money for a few SMS alone.
    this.budget_usd = random.chance(0.15) ? (random.int(0, 30) / 100).toFixed(2) : "50";
    this.#settings = settingsWith(this.budget_usd);
    this.#started = scheduler.now;
    const trace = this.trace;
    this.queues = new Queues({ scheduler, faults, trace, random: randomOf(seed, "queues"), consume: this.#consume });
    enter({ scheduler, random: randomOf(seed, "code") as Random, fetch: this.#fetch });
  }

  readonly trace = (line: string): void => {
    const seconds = (this.scheduler.now - this.#started) / 1000;
    this.lines.push(`${seconds.toFixed(3).padStart(11)}  ${line}`);
  };

  /** Starts work in a worker of its own. Answers when it ended, or never if it is killed. */
  start(kind: Task["kind"], name: string, bodies: unknown[], work: (deps: Deps, task: Task) => Promise<void>): Task {
    const task: Task = {
      id: ++this.#tasks,
      kind,
      name: `${name}#${this.#tasks}`,
      alive: true,
      tokens: new Set(),
      bodies,
      troubles: [],
      onKilled: () => void this.running--,
    };
    this.running++;
    current.run(task, () => {
      work(this.#deps(task), task)
        .catch((error: unknown) => this.#judge(task, "threw", error))
        .finally(() => {
          if (task.alive) this.running--;
        });
    });
    return task;
  }

  /** A change of data by people, at once and whole. */
  change(work: (database: Database) => Promise<unknown>): void {
    this.scheduler.at(this.scheduler.now, async () => {
      await work(this.database);
      this.changed = true;
      this.record.moments.push(await look(this.database, this.scheduler.now, ++this.#calls));
    });
  }

  tick(minute: number): void {
    this.trace(`tick of ${new Date(minute).toISOString()}`);
    this.start("tick", "tick", [], (deps) =>
      runSchedule({ cron: TICK, scheduledTime: minute, noRetry: () => {} } as ScheduledController, deps),
    );
  }

  readonly #consume = (queue: string, batch: Delivered[]): void => {
    const bodies = batch.map(({ body }) => JSON.parse(body));
    const numbers = batch.map(({ id }) => Number.parseInt(id, 16));
    this.trace(`${queue} delivers ${numbers.join(",")}`);
    const say = (one: Delivered, task: Task, verdict: "ack" | "retry", delaySeconds?: number) => {
      if (one.verdict !== null) return;
      Object.assign(one, { verdict, delaySeconds });
      if (verdict !== "ack") return;
      if (queue === "dead-letters") this.record.buried.push(one.id);
      else this.#acknowledged(task, JSON.parse(one.body));
    };
    const task = this.start("batch", queue, bodies, async (deps, task) => {
      const messages = batch.map((one, index) => ({
        id: one.id,
        timestamp: new Date(this.scheduler.now),
        attempts: one.attempts,
        body: bodies[index],
        ack: () => say(one, task, "ack"),
        retry: (options?: { delaySeconds?: number }) => say(one, task, "retry", options?.delaySeconds),
      }));
      try {
        await consume({ queue, messages, ackAll: () => {}, retryAll: () => {} } as unknown as MessageBatch, deps);
      } catch (error) {
        for (const one of batch) one.verdict ??= "retry";
        throw error;
      } finally {
        this.trace(
          `${task.name} ends: ${batch.map(({ verdict }, index) => `${numbers[index]} ${verdict ?? "ack"}`).join(", ")}`,
        );
        this.queues.settle(batch, false);
      }
    });
    task.onKilled = () => {
      this.running--;
      this.queues.settle(batch, true);
    };
  };

  /** Nothing is acknowledged before its outcome is written: no row that it names is still under a lease of this batch's own. */
  #acknowledged(task: Task, body: { recipients?: { event_reminders_logs_id: number }[] }): void {
    for (const { event_reminders_logs_id: row } of body.recipients ?? []) {
      if (task.tokens.has(this.observer.holder(row) ?? ""))
        this.violate(`${task.name} acknowledged row ${row} before it was settled`);
    }
    const isKnown = this.record.claims.some((one) => one.task === task);
    if (body.recipients && !isKnown) this.violate(`${task.name} acknowledged a message whose rows it never claimed`);
  }

  violate(what: string): void {
    this.trace(`VIOLATION ${what}`);
    this.record.violations.push(what);
  }

  #deps(task: Task): Deps {
    const bindings = Object.fromEntries(
      Object.entries(BINDINGS).map(([binding, queue]) => [binding, { sendBatch: this.#sendBatch(task, queue) }]),
    ) as unknown as Bindings;
    return {
      ...buildDeps(this.#settings, bindings),
      now: () => this.scheduler.now,
      wait: (ms) => call(this, task, `waits ${ms} ms`, this.faults.waiting(ms), () => {}),
      log: {
        info: () => {},
        warn: () => {},
        error: (event, error) => this.#judge(task, `logged ${event}`, error),
      },
    };
  }

  /** What the simulated faults bring about is expected; every other error is a bug. */
  #judge(task: Task, where: string, error: unknown): void {
    if (!task.alive) return;
    const expected =
      error instanceof SimulatedFault ||
      // What is behind it was judged as it was logged.
      error instanceof ScheduleFailed ||
      (error instanceof AppError &&
        (error.code === "unavailable" || (task.kind === "action" && error.code !== "internal")));
    this.trace(`${task.name} ${where}: ${describe(error)}`);
    if (!expected) this.violate(`${task.name} ${where}: ${describe(error)}`);
  }

  #sendBatch(task: Task, queue: string) {
    return (messages: { body: unknown; delaySeconds?: number }[]) => {
      const bodies = structuredClone(messages);
      return call(this, task, `sends ${bodies.length} to ${queue}`, this.faults.sending(), () => {
        for (const { body, delaySeconds = 0 } of bodies) this.queues.put(queue, body, delaySeconds);
        this.trace(
          `${task.name} sent ${bodies.length} to ${queue}${bodies[0]?.delaySeconds ? ` for ${bodies[0].delaySeconds} s later` : ""}`,
        );
      });
    };
  }

  readonly #fetch = (task: Task, request: Request): Promise<Response> =>
    request.url === ENDPOINT ? this.#query(task, request) : this.#publish(task, request);

  #query(task: Task, { headers, body, signal }: Request): Promise<Response> {
    const fate = this.faults.database();
    if (fate.refusal || fate.hang || fate.lost || fate.before > SLOW_MS) task.troubles.push(this.scheduler.now);
    return call(
      this,
      task,
      "database",
      fate,
      async () => {
        const executed = await this.database.execute(headers, body);
        const number = ++this.#calls;
        this.changed = true;
        this.observer.see(task, executed, number, this.scheduler.now);
        this.trace(
          `${task.name} database call ${number}: ${executed.results ? `${executed.results.at(-1)!.rows.length} rows` : executed.body.slice(0, 200)}`,
        );
        if (task.kind === "action" && executed.results)
          this.record.moments.push(await look(this.database, this.scheduler.now, number));
        return answer(executed.status, executed.body);
      },
      signal,
    );
  }

  #publish(task: Task, { url, body, signal }: Request): Promise<Response> {
    const published = readPublished(url, body);
    const { channel, address, text, title } = published;
    const fate = this.faults.provider(channel);
    const attempt: Attempt = {
      asked_at: this.scheduler.now,
      at: this.scheduler.now,
      task,
      channel,
      address,
      text,
      title,
      row: this.#rowOf(task, published),
      outcome: "nothing",
      said: "",
      provider_message_id: null,
      heard: false,
    };
    this.record.attempts.push(attempt);
    const done = () => {
      attempt.at = this.scheduler.now;
      const says = fate.says ?? this.#dead.get(address) ?? null;
      this.trace(`${task.name} ${channel} to ${address} of row ${attempt.row}: ${says ?? "accepted"}`);
      if (says) {
        Object.assign(attempt, { outcome: isForGood(says) ? "refused" : "fault", said: says });
        return refused(published, says);
      }
      const id = `message-${++this.#messages}`;
      Object.assign(attempt, { outcome: "accepted", provider_message_id: id });
      return accepted(published, id);
    };
    return call(this, task, `${channel} of row ${attempt.row}`, fate, done, signal).then((response) => {
      attempt.heard = true;
      answered(signal);
      return response;
    });
  }

  /** Which row of the ledger a call to the provider is for: the one of the batch's messages that names this address and these words. */
  #rowOf(task: Task, { address, text, channel, data }: Published): number | null {
    type Recipient = {
      event_reminders_logs_id: number;
      message: string;
      phone_number?: string;
      email?: string;
      device_arn?: string;
    };
    type Body = { event_reminders_id?: number; recipients?: Recipient[] };
    const named = (task.bodies as Body[])
      .flatMap(({ recipients = [], event_reminders_id }) => recipients.map((one) => ({ ...one, event_reminders_id })))
      .filter((one) => [one.phone_number, one.email, one.device_arn].includes(address))
      .filter(
        (one) =>
          channel !== "push" ||
          data.event_reminders_id === undefined ||
          Number(data.event_reminders_id) === one.event_reminders_id,
      );
    const fitting = named.filter(({ message }) => text.includes(message));
    // Two rows may say the same to the same person: the batch sends those that it holds and did not refuse, each once.
    const used = new Set(this.record.attempts.filter((one) => one.task === task).map(({ row }) => row));
    const isHeld = (row: number) => task.tokens.has(this.observer.holder(row) ?? "") && !this.observer.isRefused(row);
    const candidates = [...(fitting.length > 0 ? fitting : named)].sort(
      (a, b) => a.event_reminders_logs_id - b.event_reminders_logs_id,
    );
    const free = candidates.filter((one) => !used.has(one.event_reminders_logs_id));
    const chosen = free.find((one) => isHeld(one.event_reminders_logs_id)) ?? free[0] ?? candidates[0];
    return chosen?.event_reminders_logs_id ?? null;
  }
}

function describe(error: unknown): string {
  const chain: string[] = [];
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code;
    chain.push(`${e.name}${typeof code === "string" ? ` ${code}` : ""}: ${e.message.split("\n")[0]!.slice(0, 160)}`);
  }
  return chain.join(" < ");
}
