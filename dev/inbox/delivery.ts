import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, Faults, Met } from "./faults.ts";
import type { Call, Draft, Message } from "./message.ts";
import type { Messages } from "./messages.ts";

/** One call to AWS on its way: how it came, and whether its caller still waits. */
export interface Incoming {
  call: Call;
  /** Aborts when the caller hangs up. */
  gone: AbortSignal;
}

/** The way of every message from a checked call into the inbox, past the faults. */
export interface Delivery {
  /** Takes the faults that a message meets, and waits for their latency; throws when the caller hangs up meanwhile. */
  meet(draft: Pick<Draft, "channel" | "to">[], incoming: Incoming): Promise<(Fault | null)[]>;
  accept(incoming: Incoming, drafts: Draft[]): Message[];
}

export function delivery(faults: Faults, messages: Messages): Delivery {
  return {
    async meet(drafts, { gone }) {
      const met: Met[] = drafts.map(({ channel, to }) => faults.meet(channel, to));
      const latencyMs = Math.max(0, ...met.map((each) => each.latencyMs));
      if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: gone });
      return met.map(({ fault }) => fault);
    },
    accept: ({ call }, drafts) => messages.accept(call, drafts),
  };
}
