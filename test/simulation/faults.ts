/** What goes wrong in a run, drawn from its seed: its profile says which kinds, and until when. */

import { answer } from "./network.ts";
import type { Channel, ProviderFault } from "./provider.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Fate, latency, SimulatedFault } from "./task.ts";

type Rates = {
  /** Each a probability for one call or one message. */
  databaseFails: number;
  databaseLost: number;
  databaseSlow: number;
  kill: number;
  throttle: number;
  error: number;
  silence: number;
  cut: number;
  quota: number;
  messageLost: number;
  messageDouble: number;
  messageLate: number;
  messageEarly: number;
  sendFails: number;
  tickLate: number;
  tickDouble: number;
};
type Window = { from: number; to: number };
type Outages = { database: Window[]; provider: Window[]; ticks: Window[]; queue: Window[] };

const CALM: Rates = {
  databaseFails: 0,
  databaseLost: 0,
  databaseSlow: 0,
  kill: 0,
  throttle: 0,
  error: 0,
  silence: 0,
  cut: 0,
  quota: 0,
  messageLost: 0,
  messageDouble: 0,
  messageLate: 0,
  messageEarly: 0,
  sendFails: 0,
  tickLate: 0,
  tickDouble: 0,
};
const KINDS: Record<string, (random: Random) => Partial<Rates>> = {
  database: (r) => ({ databaseFails: r.next() * 0.3, databaseLost: r.next() * 0.3, databaseSlow: r.next() * 0.1 }),
  lost_answers: (r) => ({ databaseLost: 0.2 + r.next() * 0.3, cut: r.next() * 0.5, silence: r.next() * 0.3 }),
  provider: (r) => ({
    throttle: r.next() * 0.5,
    error: r.next() * 0.4,
    silence: r.next() * 0.2,
    cut: r.next() * 0.3,
    quota: r.next() * 0.1,
  }),
  queue: (r) => ({
    messageLost: r.next() * 0.4,
    messageDouble: r.next() * 0.6,
    messageLate: r.next() * 0.4,
    messageEarly: r.next() * 0.4,
    sendFails: r.next() * 0.3,
  }),
  workers: (r) => ({ kill: 0.02 + r.next() * 0.25 }),
  ticks: (r) => ({ tickLate: r.next() * 0.6, tickDouble: r.next() * 0.6 }),
};

export class Faults {
  readonly profile: string;
  readonly rates: Rates;
  readonly outages: Outages = { database: [], provider: [], ticks: [], queue: [] };
  /** From here on nothing goes wrong any more. */
  readonly until: number;
  /** When something went wrong, ms: for whom a row is late without it, the code is to blame. */
  readonly moments: number[] = [];
  readonly #random: Random;
  readonly #scheduler: Scheduler;

  constructor(random: Random, scheduler: Scheduler, { from, until }: { from: number; until: number }) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.until = until;
    const kinds = Object.keys(KINDS);
    const dice = random.next();
    const chosen =
      dice < 0.2 ? [] : dice < 0.55 ? [random.pick(kinds)] : dice < 0.75 ? random.shuffled(kinds).slice(0, 2) : kinds;
    const gentle = chosen.length > 2 ? 0.5 : 1;
    const rates = Object.assign({}, CALM, ...chosen.map((kind) => KINDS[kind]!(random))) as Rates;
    for (const name of Object.keys(rates) as (keyof Rates)[]) rates[name] *= gentle;
    this.rates = rates;
    const outage = (kind: keyof Outages, probability: number) => {
      while (random.chance(probability)) {
        const start = random.int(from, until);
        const length = random.pick([5_000, 60_000, 600_000, 3_600_000, 7_200_000]) * (0.5 + random.next());
        this.outages[kind].push({ from: start, to: Math.min(until, Math.round(start + length)) });
      }
    };
    if (chosen.includes("database")) outage("database", 0.4);
    if (chosen.includes("provider")) outage("provider", 0.4);
    if (chosen.includes("ticks")) outage("ticks", 0.5);
    if (chosen.includes("queue")) outage("queue", 0.3);
    this.profile = chosen.length === 0 ? "calm" : chosen.length > 2 ? "everything" : chosen.join("+");
  }

  get isCalm(): boolean {
    return this.profile === "calm";
  }

  #happens(rate: keyof Rates): boolean {
    if (this.rates[rate] === 0 || this.#scheduler.now >= this.until) return false;
    const happens = this.#random.chance(this.rates[rate]);
    if (happens) this.#note();
    return happens;
  }

  #isOut(kind: keyof Outages): boolean {
    const { now } = this.#scheduler;
    const out = this.outages[kind].some(({ from, to }) => from <= now && now < to);
    if (out) this.#note();
    return out;
  }

  #note(): void {
    this.moments.push(this.#scheduler.now);
  }

  #kill(span: number): number | undefined {
    return this.#happens("kill") ? this.#random.int(0, span) : undefined;
  }

  database(): Fate {
    const random = this.#random;
    const fate: Fate = { before: latency(random, 3), after: latency(random, 3) };
    // Longer than the client's patience: it may be run though nobody waits for it any more.
    if (this.#happens("databaseSlow"))
      Object.assign(fate, { before: random.int(100, 20_000), orphan: random.chance(0.5) });
    if (this.#isOut("database") || this.#happens("databaseFails")) {
      if (random.chance(0.2)) return { ...fate, hang: true };
      fate.refusal = random.pick(DATABASE_REFUSALS);
    } else if (this.#happens("databaseLost")) fate.lost = random.chance(0.7) ? "cut" : "silence";
    fate.kill = this.#kill(fate.before + fate.after);
    if (fate.kill !== undefined) fate.orphan ||= random.chance(0.5);
    return fate;
  }

  provider(channel: Channel): Fate & { says?: ProviderFault } {
    const random = this.#random;
    const fate: Fate & { says?: ProviderFault } = { before: latency(random, 30), after: latency(random, 15) };
    if (this.#isOut("provider")) {
      const how = random.next();
      if (how < 0.3) return { ...fate, hang: true };
      fate.says = how < 0.6 ? "error" : "throttle";
    } else if (this.#happens("silence")) {
      if (random.chance(0.5)) return { ...fate, hang: true };
      fate.lost = "silence";
    } else if (this.#happens("cut")) fate.lost = "cut";
    else if (this.#happens("throttle")) fate.says = "throttle";
    else if (this.#happens("error")) fate.says = "error";
    else if (channel === "email" && this.#happens("quota")) fate.says = "quota";
    fate.kill = this.#kill(fate.before + fate.after);
    if (fate.kill !== undefined) fate.orphan = random.chance(0.5);
    return fate;
  }

  sending(): Fate {
    const random = this.#random;
    const fate: Fate = { before: latency(random, 5), after: latency(random, 3) };
    if (this.#isOut("queue") || this.#happens("sendFails")) {
      if (random.chance(0.5)) fate.refusal = () => new SimulatedFault("the queue is out of reach");
      else fate.lost = "cut";
    }
    fate.kill = this.#kill(fate.before + fate.after);
    if (fate.kill !== undefined) fate.orphan = random.chance(0.5);
    return fate;
  }

  waiting(ms: number): Fate {
    return { before: ms, after: 0, kill: this.#kill(ms) };
  }

  message(): "lost" | "double" | null {
    if (this.#happens("messageLost")) return "lost";
    return this.#happens("messageDouble") ? "double" : null;
  }

  /** ms from handed over to the consumer. */
  transit(): number {
    const random = this.#random;
    if (this.#happens("messageLate"))
      return random.pick([1_000, 20_000, 90_000, 600_000, 4_000_000]) * (0.5 + random.next());
    return random.int(2, 20);
  }

  /** How much of its delay a message keeps. */
  delayKept(): number {
    return this.#happens("messageEarly") ? this.#random.next() : 1;
  }

  returnsAcknowledged(): boolean {
    return (
      this.rates.messageDouble > 0 &&
      this.#random.chance(this.rates.messageDouble / 5) &&
      this.#happens("messageDouble")
    );
  }

  /** After its worker died. */
  redeliveryMs(): number {
    return this.#random.pick([500, 5_000, 60_000, 300_000]) * (0.5 + this.#random.next());
  }

  /** The runs of one minute's schedule: ms after the minute of each. */
  tick(): number[] {
    const random = this.#random;
    if (this.#isOut("ticks")) return [];
    const first = this.#happens("tickLate") ? random.int(2_000, 200_000) : random.int(10, 900);
    return this.#happens("tickDouble") ? [first, first + random.int(0, 3_000)] : [first];
  }
}

const refusal = (status: number, body: object) => () => answer(status, JSON.stringify(body));
const DATABASE_REFUSALS: (() => unknown)[] = [
  () => new SimulatedFault("connection refused"),
  refusal(500, { message: "could not reach the database" }),
  refusal(400, { message: "could not serialize access", severity: "ERROR", code: "40001" }),
  refusal(400, { message: "deadlock detected", severity: "ERROR", code: "40P01" }),
  refusal(400, { message: "sorry, too many clients already", severity: "FATAL", code: "53300" }),
];
