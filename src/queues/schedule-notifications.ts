/** Picks a reminder's people, puts it into their words, and hands them to their channels so that they reach the provider at its second. */
import type { Deps } from "../deps.ts";
import { shareOf } from "../domain/money.ts";
import { type Asked, type Handed, pickPeople, type Reminder } from "../domain/picking.ts";
import { localeOf, type ReminderFacts, reminderPush, reminderSms, reminderText } from "../domain/texts/index.ts";
import type { Delivery } from "./delivery.ts";
import { enqueue, type Outgoing, split } from "./enqueue.ts";
import type { MessageOf } from "./messages.ts";

/** A message is at its channel this long after its moment, so that it is never there before. */
const ARRIVES_AFTER_MS = 5;

export async function scheduleNotifications(
  deliveries: Delivery<"schedule-notifications">[],
  deps: Deps,
): Promise<void> {
  // Messages of one reminder in one batch become one, from the first of their people on.
  const asked = new Map<number, Asked>();
  for (const { id, message } of deliveries) {
    const { event_reminders_id, after_user_id = 0 } = message;
    const before = asked.get(event_reminders_id) ?? { event_reminders_id, after_user_id, tokens: [] };
    asked.set(event_reminders_id, {
      event_reminders_id,
      after_user_id: Math.min(before.after_user_id, after_user_id),
      tokens: [...before.tokens, uuidOf(id)],
    });
  }
  const picked = await pickPeople(deps.db, [...asked.values()], deps.now());
  const reminders = new Map(picked.reminders.map((one) => [one.event_reminders_id, one]));
  await enqueue(
    deps.bindings,
    picked.remaining.map((one) => ({ message: { type: "schedule-notifications", version: 1, ...one } })),
  );
  const sendAtOf = (one: { event_reminders_id: number }) => reminders.get(one.event_reminders_id)!.send_at;
  const picking = deps.now();
  // Whatever shares its part of a second shares one wait: a second for each moment would make the last of many late.
  const byPart = Map.groupBy(picked.people, (one) => (sendAtOf(one) > picking ? sendAtOf(one) % 1000 : -1));
  const parts = [...byPart.values()].sort(
    (a, b) => fraction(sendAtOf(a[0]!), picking) - fraction(sendAtOf(b[0]!), picking),
  );
  for (const people of parts) {
    const messages = channelMessages(
      people.sort((a, b) => sendAtOf(a) - sendAtOf(b)),
      reminders,
      deps,
    );
    const wait = fraction(sendAtOf(people[0]!), deps.now());
    if (wait > 0) await deps.wait(wait);
    const now = deps.now();
    const delaySeconds = (sendAt: number) => Math.max(0, Math.ceil((sendAt - now - 2 * ARRIVES_AFTER_MS) / 1000));
    await enqueue(
      deps.bindings,
      messages.map((message) => ({ message, delaySeconds: delaySeconds(sendAtOf(message)) }) satisfies Outgoing),
    );
  }
  for (const delivery of deliveries) delivery.ack();
  deps.log.info("picked", {
    reminders: reminders.size,
    people: picked.people.length,
    remaining: picked.remaining.length,
  });
}

/** Delays are whole seconds: what is left of one, in ms, is waited for before the message is handed on. */
const fraction = (sendAt: number, now: number): number =>
  sendAt > now ? ((sendAt - now) % 1000) + ARRIVES_AFTER_MS : 0;

/** The queue's ids are 32 hexadecimal digits. By any other a message delivered again is not known, and the sweep takes up what it left. */
const uuidOf = (id: string): string => {
  const hex = id.replaceAll("-", "").toLowerCase();
  if (/^[0-9a-f]{32}$/.test(hex)) return hex;
  return crypto.randomUUID();
};

const TYPES = { sms: "send-sms", email: "send-email", push: "send-push" } as const;
const ADDRESS = { sms: "phone_number", email: "email", push: "device_arn" } as const;

type ChannelMessage = MessageOf<"send-sms" | "send-email" | "send-push">;

function channelMessages(people: Handed[], reminders: Map<number, Reminder>, deps: Deps): ChannelMessage[] {
  const messages: ChannelMessage[] = [];
  for (const group of Map.groupBy(people, (one) => `${one.event_reminders_id} ${one.channel}`).values()) {
    const { event_reminders_id, channel } = group[0]!;
    const { event_timestamp, revision } = reminders.get(event_reminders_id)!;
    const words = memoizedWords(reminders.get(event_reminders_id)!, deps);
    const recipients = group.map((person) => {
      const { user_id, event_reminders_logs_id } = person;
      const address = { [ADDRESS[channel]]: person.address ?? "" };
      return { user_id, event_reminders_logs_id, message: words(person), revision, ...address };
    });
    for (const part of split(recipients)) {
      messages.push({
        type: TYPES[channel],
        version: 1,
        event_reminders_id,
        event_timestamp,
        recipients: part,
      } as ChannelMessage);
    }
  }
  return messages;
}

/** People who share language, zone, bank and share read the same words: they are made once. */
function memoizedWords(reminder: Reminder, deps: Deps): (person: Handed) => string {
  const made = new Map<string, string>();
  return (person) => {
    const facts = factsFor(reminder, person, deps);
    const key = JSON.stringify([
      person.channel,
      facts.locale,
      facts.reader_time_zone,
      facts.budget?.share,
      facts.budget?.bank_url,
    ]);
    let text = made.get(key);
    if (text === undefined) {
      text = { sms: reminderSms, email: reminderText, push: reminderPush }[person.channel](facts);
      made.set(key, text);
    }
    return text;
  };
}

function factsFor(reminder: Reminder, person: Handed, deps: Deps): ReminderFacts {
  const { budget, currency, participants } = reminder;
  return {
    name: reminder.name,
    description: reminder.description,
    starts_at: reminder.starts_at,
    time_zone: reminder.time_zone,
    locale: localeOf(person.locale, deps.settings.DEFAULT_LOCALE),
    reader_time_zone: person.time_zone,
    budget:
      budget === null || currency === null
        ? null
        : {
            amount: budget,
            currency,
            // Beyond the participants stands who left since: the claim suppresses these words before they are sent.
            share: shareOf(budget, currency, Math.max(participants, person.position + 1), person.position),
            bank_url: person.bank_url,
          },
  };
}
