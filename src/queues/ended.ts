/** The last line of a batch: which messages ended how. */
import type { Deps } from "../deps.ts";

export type Ended = { id: string; type: string; outcome: "done" | "retry" | "dead letter" };

/** A line for each type and outcome, with the queue's ids of its messages. `started`: ms. */
export function logEnded(deps: Deps, queue: string, started: number, ended: Ended[]): void {
  const took = { ms: deps.now() - started, round_trips: deps.roundTrips() };
  for (const group of Map.groupBy(ended, ({ type, outcome }) => `${type} ${outcome}`).values()) {
    const { type, outcome } = group[0]!;
    const message_ids = group.map(({ id }) => id).join(",");
    deps.log.info("messages", { queue, type, outcome, messages: group.length, message_ids, ...took });
  }
}
