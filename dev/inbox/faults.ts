import { CHANNELS, type Channel, normalizeAddress } from "./message.ts";

/** Kinds of fault with the channels that know them. `daily_quota` is SES's answer for hours, `throttle` the one for seconds; `paused`,
 * `application_disabled` and `certificate_ending` are the account's own state, which SES and SNS also tell who asks. */
const KINDS = {
  throttle: CHANNELS,
  daily_quota: ["email"],
  paused: ["email"],
  application_disabled: ["push"],
  certificate_ending: ["push"],
  error: CHANNELS,
  timeout: CHANNELS,
  drop_answer: CHANNELS,
  opted_out: ["sms"],
  endpoint_disabled: ["push"],
  bounce: ["email", "push"],
  latency: CHANNELS,
} as const satisfies Record<string, readonly Channel[]>;

export type Kind = keyof typeof KINDS;

export interface Fault {
  channel: Channel;
  kind: Kind;
  /** Absent: everyone on the channel. */
  to?: string;
  /** How many messages it still meets; absent: until it is replaced. */
  times?: number;
  /** Of a latency. */
  ms?: number;
}

export interface Issue {
  path: string;
  message: string;
}

const MAX_LATENCY_MS = 600_000;

/** The faults, or what is wrong with them, each issue at its path ("1.kind"). */
export function parseFaults(input: unknown): { faults: Fault[]; issues: Issue[] } {
  if (!Array.isArray(input)) return { faults: [], issues: [{ path: "", message: "must be a list of faults" }] };
  const parsed = input.map((entry, index) => parseFault(entry, index));
  return { faults: parsed.map(({ fault }) => fault), issues: parsed.flatMap(({ issues }) => issues) };
}

function parseFault(entry: unknown, index: number): { fault: Fault; issues: Issue[] } {
  if (typeof entry !== "object" || entry === null) {
    return { fault: {} as Fault, issues: [{ path: String(index), message: "must be an object" }] };
  }
  const { channel, kind, to, times, ms } = entry as Record<string, unknown>;
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ path: `${index}.${field}`, message });
  const whole = (value: unknown, least: number, most: number) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

  const knownChannel = CHANNELS.includes(channel as Channel);
  if (!knownChannel) refuse("channel", `must be one of ${CHANNELS.join(", ")}`);
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) {
    refuse("kind", `must be one of ${Object.keys(KINDS).join(", ")}`);
  } else if (knownChannel && !(KINDS[kind as Kind] as readonly Channel[]).includes(channel as Channel)) {
    refuse("kind", `${kind} does not happen on ${channel}`);
  }
  if (to !== undefined && (typeof to !== "string" || to === "")) refuse("to", "must be a number, an e-mail or a token");
  if (times !== undefined && !whole(times, 1, Number.MAX_SAFE_INTEGER))
    refuse("times", "must be a whole number from 1");
  if (ms === undefined && kind === "latency") refuse("ms", "is needed for latency");
  if (ms !== undefined && !whole(ms, 0, MAX_LATENCY_MS)) refuse("ms", `must be a whole number, 0 to ${MAX_LATENCY_MS}`);

  const fault: Fault = {
    channel: channel as Channel,
    kind: kind as Kind,
    ...(to !== undefined && { to: normalizeAddress(String(to)) }),
    ...(times !== undefined && { times: times as number }),
    ...(ms !== undefined && { ms: ms as number }),
  };
  return { fault, issues };
}

export interface Met {
  latencyMs: number;
  fault: Fault | null;
}

/** The faults in force, oldest first. They do not outlive the process. */
export class Faults {
  #inForce: Fault[] = [];

  replace(faults: Fault[]): void {
    this.#inForce = faults.map((fault) => ({ ...fault }));
  }

  /** Puts more behind those in force. */
  add(faults: Fault[]): void {
    this.#inForce.push(...faults.map((fault) => ({ ...fault })));
  }

  get inForce(): readonly Fault[] {
    return this.#inForce;
  }

  /** Whether everybody on the channel meets such a fault. Asking uses nothing up. */
  has(channel: Channel, kind: Kind): boolean {
    return this.#inForce.some((fault) => fault.channel === channel && fault.kind === kind && fault.to === undefined);
  }

  /** What one message meets: every latency that applies, and the first other fault. Each use counts against its `times`. */
  meet(channel: Channel, to: string): Met {
    const met: Met = { latencyMs: 0, fault: null };
    for (const fault of this.#inForce) {
      if (fault.channel !== channel || (fault.to !== undefined && fault.to !== to)) continue;
      // Nobody's message meets it, nor hides behind it what does.
      if (fault.kind === "certificate_ending") continue;
      if (fault.kind === "latency") met.latencyMs += fault.ms ?? 0;
      else if (met.fault) continue;
      else met.fault = fault;
      if (fault.times !== undefined) fault.times -= 1;
    }
    this.#inForce = this.#inForce.filter(({ times }) => times !== 0);
    return met;
  }
}
