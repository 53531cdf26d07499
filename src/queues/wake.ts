import type { Deps } from "../deps.ts";
import { enqueue, type Outgoing } from "./enqueue.ts";

/** Sends messages for work that the ledger holds already: the sweep of the next tick makes up for what the queue does not take. */
export async function wake(deps: Pick<Deps, "bindings" | "log">, outgoing: readonly Outgoing[]): Promise<void> {
  try {
    await enqueue(deps.bindings, outgoing);
  } catch (error) {
    deps.log.error("enqueue", error, { messages: outgoing.length });
  }
}
