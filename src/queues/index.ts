/** The queue door: parse, dispatch, settle. Acknowledging on the way out and retrying on a fault are written once, here. */
import type { Deps } from "../deps.ts";
import { writeDeadLetters } from "../domain/dead-letters.ts";
import { AppError } from "../errors.ts";
import { withFields } from "../log.ts";
import { keepDeadLetters } from "./dead-letters.ts";
import type { Delivery } from "./delivery.ts";
import { type Ended, logEnded } from "./ended.ts";
import { Message, type MessageType } from "./messages.ts";
import { scheduleNotifications } from "./schedule-notifications.ts";
import { schedulePushComments } from "./schedule-push-comments.ts";
import { sendEmail } from "./send-email.ts";
import { sendPush } from "./send-push.ts";
import { sendPushGroupInvitation } from "./send-push-group-invitation.ts";
import { sendSms } from "./send-sms.ts";

type Consumer<Type extends MessageType> = (deliveries: Delivery<Type>[], deps: Deps) => Promise<void>;

/** Dispatch goes by the message's type; a type without a consumer does not compile. */
const CONSUMERS: { [Type in MessageType]: Consumer<Type> } = {
  "schedule-notifications": scheduleNotifications,
  "send-sms": sendSms,
  "send-email": sendEmail,
  "send-push": sendPush,
  "send-push-group-invitation": sendPushGroupInvitation,
  "schedule-push-comments": schedulePushComments,
};

/** Half a minute and up to as much again, so that a database that comes back is not met by everything at once. */
const retryDelaySeconds = () => 30 + Math.floor(Math.random() * 30);

type Open = { delivery: Delivery<MessageType>; outcome: "done" | "retry" | null };

export async function consume(batch: MessageBatch, given: Deps): Promise<void> {
  const deps = { ...given, log: withFields(given.log, { batch_id: crypto.randomUUID() }) };
  const started = deps.now();
  if (batch.queue === "dead-letters") return keepDeadLetters(batch, deps, started);
  const readable: Open[] = [];
  const unreadable: { message: globalThis.Message; reason: string }[] = [];
  for (const message of batch.messages) {
    const parsed = Message.safeParse(message.body);
    if (parsed.success) readable.push(open(message, parsed.data));
    else {
      const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "message"}: ${issue.message}`);
      unreadable.push({ message, reason: `unreadable: ${faults.slice(0, 10).join("; ")}` });
    }
  }
  const buried = await bury(batch.queue, unreadable, deps);
  for (const [type, group] of Map.groupBy(readable, ({ delivery }) => delivery.message.type)) {
    await run(type, group, deps);
  }
  logEnded(deps, batch.queue, started, [
    ...readable.map(({ delivery, outcome }) => ({
      id: delivery.id,
      type: delivery.message.type,
      outcome: outcome ?? "retry",
    })),
    ...unreadable.map(({ message }) => ({ id: message.id, type: "unreadable", outcome: buried })),
  ]);
}

/** A consumer settles each delivery; what it leaves open when it fails goes back to the queue. */
async function run(type: MessageType, group: Open[], deps: Deps): Promise<void> {
  const deliveries = group.map(({ delivery }) => delivery);
  try {
    await (CONSUMERS[type] as Consumer<MessageType>)(deliveries, deps);
  } catch (error) {
    deps.log.error("consumer", error, { type, messages: group.length });
    const away = error instanceof AppError && error.code === "unavailable";
    const open = group.filter(({ outcome }) => outcome === null);
    // One bad message must not hold up the others: each is tried alone.
    if (!away && group.length > 1) {
      for (const one of open) await run(type, [one], deps);
      return;
    }
  }
  for (const { outcome, delivery } of group) {
    if (outcome === null) delivery.retry(retryDelaySeconds());
  }
}

/** What cannot be read is written down whole before it is acknowledged, and holds nothing else up. */
async function bury(
  queue: string,
  letters: { message: globalThis.Message; reason: string }[],
  deps: Deps,
): Promise<Ended["outcome"]> {
  if (letters.length === 0) return "done";
  try {
    await writeDeadLetters(
      deps.db,
      letters.map(({ message, reason }) => ({ queue, message_id: message.id, body: message.body, reason })),
    );
    for (const { message } of letters) message.ack();
    return "dead letter";
  } catch (error) {
    deps.log.error("dead letters", error, { queue });
    for (const { message } of letters) message.retry({ delaySeconds: retryDelaySeconds() });
    return "retry";
  }
}

function open(message: globalThis.Message, body: Message): Open {
  const one: Open = {
    outcome: null,
    delivery: {
      id: message.id,
      attempts: message.attempts,
      message: body,
      ack: () => {
        one.outcome ??= "done";
        message.ack();
      },
      retry: (delaySeconds) => {
        one.outcome ??= "retry";
        message.retry({ delaySeconds: delaySeconds ?? retryDelaySeconds() });
      },
    },
  };
  return one;
}
