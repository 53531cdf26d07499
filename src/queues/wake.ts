import type { Deps } from "../deps.ts";
import type { Fallback } from "../domain/deliveries.ts";
import { enqueue, type Outgoing } from "./enqueue.ts";

/** Sends messages for work that the ledger holds already: the sweep of the next tick makes up for what the queue does not take. */
export async function wake(deps: Pick<Deps, "bindings" | "log">, outgoing: readonly Outgoing[]): Promise<void> {
  try {
    await enqueue(deps.bindings, outgoing);
  } catch (error) {
    deps.log.error("enqueue", error, { messages: outgoing.length });
  }
}

/** The next channel needs other words: its people are picked up where words are made. */
export const handOn = ({ event_reminders_id, event_id, event_timestamp, first_user_id }: Fallback): Outgoing => ({
  message: {
    type: "schedule-notifications",
    version: 1,
    event_id,
    event_timestamp,
    event_reminders_id,
    after_user_id: first_user_id - 1,
  },
});
