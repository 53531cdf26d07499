/** Keeps what ran out of tries, with the reason that the ledger has for it. */
import * as z from "zod";
import type { Deps } from "../deps.ts";
import { lastErrors, writeDeadLetters } from "../domain/dead-letters.ts";
import { type Ended, logEnded } from "./ended.ts";
import { Message } from "./messages.ts";

/** A type names a fault of its own, to Discord and in the log: one that nobody knows may say anything, and is called unknown. */
const TYPES = Message.options.map(({ shape }) => shape.type.value);

const Addressed = z.object({
  type: z.enum(TYPES).optional().catch(undefined),
  recipients: z.array(z.object({ event_reminders_logs_id: z.int() })).optional(),
});

export async function keepDeadLetters(batch: MessageBatch, deps: Deps, started: number): Promise<void> {
  const ended = (outcome: Ended["outcome"]) => {
    const all = batch.messages.map(({ id }) => ({ id, type: batch.queue, outcome }));
    logEnded(deps, batch.queue, started, all);
  };
  try {
    const read = batch.messages.map((message) => ({ message, found: Addressed.safeParse(message.body).data }));
    const logIds = read.flatMap(({ found }) => (found?.recipients ?? []).map((one) => one.event_reminders_logs_id));
    const errors = logIds.length > 0 ? await lastErrors(deps.db, logIds) : new Map<number, string>();
    await writeDeadLetters(
      deps.db,
      read.map(({ message, found }) => {
        const known = (found?.recipients ?? []).map((one) => errors.get(one.event_reminders_logs_id)).filter(Boolean);
        return {
          queue: found?.type ?? "unknown",
          message_id: message.id,
          body: message.body,
          reason: ["out of tries", ...new Set(known)].join(": "),
        };
      }),
    );
    for (const message of batch.messages) message.ack();
    ended("dead letter");
  } catch (error) {
    deps.log.error("dead letters", error, { messages: batch.messages.length });
    for (const message of batch.messages) message.retry();
    ended("retry");
  }
}
