/** The only sender of messages, within the platform's limits: 100 messages and 250,000 bytes a call, a day of delay. */
import type { Bindings } from "../deps.ts";
import type { Message, MessageType } from "./messages.ts";

const BATCH_MESSAGES = 100;
const BATCH_BYTES = 250_000;
const MAX_DELAY_SECONDS = 86_400;

export type Outgoing = { message: Message; delaySeconds?: number };

const BINDING = {
  "schedule-notifications": "SCHEDULE_NOTIFICATIONS",
  "send-sms": "SEND_SMS",
  "send-email": "SEND_EMAIL",
  "send-push": "SEND_PUSH",
  "send-push-group-invitation": "SEND_PUSH_GROUP_INVITATION",
  "schedule-push-comments": "SCHEDULE_PUSH_COMMENTS",
} as const satisfies Record<MessageType, keyof Bindings>;

const encoder = new TextEncoder();
export const bytesOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/**
 * Recipients of one channel message, by number and by size: long texts must stay below the queue's 128,000 bytes. Few, so that a batch of many messages
 * (wrangler.toml) is a full one where each is for one person, and is still sent within a minute where all are full.
 */
const RECIPIENTS_A_MESSAGE = 6;
const RECIPIENT_BYTES_A_MESSAGE = 100_000;

/** Recipients in parts that fit a message each. */
export function split<Recipient extends object>(recipients: readonly Recipient[]): Recipient[][] {
  const parts: Recipient[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const recipient of recipients) {
    const size = bytesOf(recipient) + 1;
    if (bytes + size > RECIPIENT_BYTES_A_MESSAGE || parts.at(-1)!.length === RECIPIENTS_A_MESSAGE) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(recipient);
    bytes += size;
  }
  return parts;
}

/** Sends in order, a queue at a time. Throws where the queue is out of reach; what was sent before stays sent. */
export async function enqueue(bindings: Bindings, outgoing: readonly Outgoing[]): Promise<void> {
  const byType = Map.groupBy(outgoing, ({ message }) => message.type);
  for (const [type, group] of byType) {
    for (const batch of batches(group)) {
      await bindings[BINDING[type]].sendBatch(
        batch.map(({ message, delaySeconds = 0 }) => ({
          body: message,
          contentType: "json" as const,
          delaySeconds: Math.min(Math.max(0, Math.floor(delaySeconds)), MAX_DELAY_SECONDS),
        })),
      );
    }
  }
}

function* batches(outgoing: readonly Outgoing[]): Generator<Outgoing[]> {
  let batch: Outgoing[] = [];
  let bytes = 0;
  for (const one of outgoing) {
    const size = bytesOf(one.message) + 100;
    if (batch.length > 0 && (batch.length === BATCH_MESSAGES || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(one);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
