/** The ledger by itself: nothing left open, one row for each thing, and nothing that nobody planned. */
import type { Case } from "./oracle.ts";

const DAY_MS = 86_400_000;

export function judgeLedger({ record, ledger, versions, reminders }: Case): string[] {
  const broken: string[] = [];
  for (const { id, status } of ledger.reminders) if (status === "pending") broken.push(`reminder ${id} stays pending`);
  for (const { id, status, leased, channel } of ledger.deliveries) {
    if (status === "pending") broken.push(`delivery ${id} stays pending`);
    else if (leased) broken.push(`delivery ${id} is ${status} and still leased`);
    if (channel === "none" && status !== "failed") broken.push(`delivery ${id} has no channel and is ${status}`);
  }
  if (ledger.comments_pending > 0) broken.push(`${ledger.comments_pending} comments stay pending`);
  if (ledger.invitations_pending > 0) broken.push(`${ledger.invitations_pending} invitations stay pending`);
  for (const { queue, reason } of ledger.dead_letters)
    if (!reason.startsWith("out of tries")) broken.push(`a message of ${queue} is a dead letter: ${reason}`);

  const kept = new Set(ledger.dead_letters.map(({ message_id }) => message_id));
  for (const id of record.buried) if (!kept.has(id)) broken.push(`dead letter ${id} was acknowledged and is not kept`);

  const seen = new Map<string, number>();
  for (const one of ledger.reminders) {
    if (one.kind !== "automatic") continue;
    const key = `event ${one.event_id}, ${one.event_timestamp}, lead ${one.reminder}`;
    if (seen.has(key)) broken.push(`reminders ${seen.get(key)} and ${one.id} are both of ${key}`);
    seen.set(key, one.id);
    const version = versions.find(({ event }) => event.id === one.event_id && event.revision === one.revision);
    const planned = version?.reminders.find(
      (p) => p.event_timestamp === one.event_timestamp && p.reminder === one.reminder,
    );
    if (!planned) broken.push(`reminder ${one.id} was never planned: ${key}, revision ${one.revision}`);
    else if (planned.due_at !== one.due_at || planned.starts_at !== one.starts_at)
      broken.push(
        `reminder ${one.id} is due at ${text(one.due_at)} for ${text(one.starts_at)}, not at ${text(planned.due_at)} for ${text(planned.starts_at)}`,
      );
  }

  const chains = Map.groupBy(
    ledger.deliveries,
    ({ event_reminders_id, user_id }) => `reminder ${event_reminders_id}, person ${user_id}`,
  );
  for (const [whose, chain] of chains) {
    const sent = chain.filter(({ status }) => status === "sent");
    if (sent.length > 1) broken.push(`${whose}: sent ${sent.length} times`);
    if (new Set(chain.map(({ step }) => step)).size < chain.length) broken.push(`${whose}: two deliveries of one step`);
    if (!reminders.has(chain[0]!.event_reminders_id)) broken.push(`${whose}: no such reminder`);
  }

  const manual = Map.groupBy(
    ledger.reminders.filter(({ kind }) => kind === "manual"),
    ({ event_id }) => event_id,
  );
  for (const [event_id, asked] of manual) {
    const times = asked.map(({ due_at }) => due_at).sort((a, b) => a - b);
    if (times.some((time, index) => index > 0 && time - times[index - 1]! < DAY_MS))
      broken.push(`event ${event_id} was notified twice within 24 hours`);
  }
  return broken;
}

export const text = (ms: number): string => new Date(ms).toISOString();
