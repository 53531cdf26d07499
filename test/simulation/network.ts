/** The process's own doors to the outside, led into the simulated world while a task of it runs; what no task calls stays real. */
import { createHash, createHmac } from "node:crypto";
import type { Random } from "./random.ts";
import type { Scheduler, Timer } from "./scheduler.ts";
import { current, type Task } from "./task.ts";

export type Request = { url: string; headers: Record<string, string>; body: string; signal: AbortSignal | null };
export type Outside = {
  scheduler: Scheduler;
  /** For what the code itself draws. */
  random: Random;
  fetch(task: Task, request: Request): Promise<Response>;
};

let outside: Outside | null = null;
export const enter = (world: Outside | null): void => {
  outside = world;
};

const inside = (): { task: Task; world: Outside } | null => {
  const task = current.getStore();
  return task && outside ? { task, world: outside } : null;
};

type Init = { status?: number; headers?: Record<string, string> };
/** As much of a Response as its readers use, without streams: they would need turns of the event loop. */
class LeanResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  readonly #body: string;

  constructor(body: string | null, { status = 200, headers = {} }: Init = {}) {
    this.#body = body ?? "";
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.headers = { get: (name) => headers[name.toLowerCase()] ?? null };
  }
  async text() {
    return this.#body;
  }
  async json() {
    return JSON.parse(this.#body);
  }
  /** The text itself: whoever wraps it in a Response again reads it from there. */
  async arrayBuffer() {
    return this.#body;
  }
}

class LeanRequest {
  readonly url: string;
  readonly init: RequestInit;
  constructor(url: string, init: RequestInit) {
    this.url = url;
    this.init = init;
  }
}

export const answer = (status: number, body: string, headers: Record<string, string> = {}): Response =>
  new LeanResponse(body, { status, headers }) as unknown as Response;

const timers = new WeakMap<AbortSignal, Timer>();
/** A call that was answered waits no more for its time-out. */
export const answered = (signal: AbortSignal | null) => {
  const timer = signal && timers.get(signal);
  if (timer) timer.cancelled = true;
};

/** Replaces the doors for good; outside of tasks they lead where they always led. */
export function install(): void {
  const real = {
    fetch: globalThis.fetch,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    random: Math.random,
    randomUUID: crypto.randomUUID.bind(crypto),
    timeout: AbortSignal.timeout.bind(AbortSignal),
  };
  const doors = {
    Request: LeanRequest,
    Response: LeanResponse,
    fetch: (input: string | LeanRequest, init?: RequestInit) => {
      const here = inside();
      if (!here) return real.fetch(input as string, init);
      const request = typeof input === "string" ? new LeanRequest(input, init ?? {}) : input;
      const headers = Object.fromEntries(
        Object.entries(plain(request.init.headers)).map(([name, value]) => [name.toLowerCase(), value]),
      );
      return here.world.fetch(here.task, {
        url: request.url,
        headers,
        body: String(request.init.body),
        signal: request.init.signal ?? null,
      });
    },
    setTimeout: (run: () => void, ms?: number, ...rest: unknown[]) => {
      const here = inside();
      if (!here) return (real.setTimeout as (...given: unknown[]) => unknown)(run, ms, ...rest);
      return here.world.scheduler.in(ms ?? 0, () => {
        if (here.task.alive) current.run(here.task, run);
      });
    },
    clearTimeout: (timer: Timer | undefined) => {
      if (timer && "cancelled" in timer) timer.cancelled = true;
      else real.clearTimeout(timer as unknown as NodeJS.Timeout);
    },
  };
  Object.assign(globalThis, doors);
  Math.random = () => inside()?.world.random.next() ?? real.random();
  crypto.randomUUID = () => {
    const here = inside();
    if (!here) return real.randomUUID();
    const digits = Array.from({ length: 32 }, () => here.world.random.int(0, 15).toString(16)).join("");
    const token = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") as ReturnType<
      typeof real.randomUUID
    >;
    here.task.tokens.add(token);
    return token;
  };
  AbortSignal.timeout = (ms) => {
    const here = inside();
    if (!here) return real.timeout(ms);
    const late = new AbortController();
    timers.set(
      late.signal,
      here.world.scheduler.in(ms, () => late.abort(new DOMException("The operation timed out", "TimeoutError"))),
    );
    return late.signal;
  };
  Object.defineProperty(crypto, "subtle", { value: promptCrypto, configurable: true });
}

const plain = (headers: RequestInit["headers"]): Record<string, string> =>
  headers instanceof Headers ? Object.fromEntries(headers) : ((headers ?? {}) as Record<string, string>);

type Bytes = Uint8Array | ArrayBuffer;
const bytesOf = (data: Bytes) => new Uint8Array(data);
/** HMAC and SHA-256, all that the pipeline asks for, without the thread pool, whose order is not ours. */
const promptCrypto = {
  importKey: async (_: "raw", key: Bytes) => ({ key: bytesOf(key) }),
  sign: async (_: unknown, { key }: { key: Uint8Array }, data: Bytes) =>
    arrayBuffer(createHmac("sha256", key).update(bytesOf(data)).digest()),
  digest: async (_: "SHA-256", data: Bytes) => arrayBuffer(createHash("sha256").update(bytesOf(data)).digest()),
};
const arrayBuffer = (buffer: Buffer) => new Uint8Array(buffer).buffer;
