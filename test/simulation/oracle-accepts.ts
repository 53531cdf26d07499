/** What the provider accepted: once for each that is sent, at its time, for whom it is meant. */
import type { Delivery, Reminder } from "./ledger.ts";
import { expiresAt, whenCalled } from "./model.ts";
import type { Case } from "./oracle.ts";
import { text } from "./oracle-ledger.ts";
import type { Attempt, Claim } from "./record.ts";

const LATE_MS = 15 * 60_000;
/** From a claim to the last message that goes out under it: sending stops after a minute, and an answer takes ten seconds at most. */
const UNDER_A_CLAIM_MS = 75_000;
const PUNCTUAL_MS = 2_000;
const SMS_AT_MOST = 2;
/** In both languages, and in the letters of an SMS. */
const LATE_NOTE = /late reminder:|this reminder is late|sp[oó][zź]nione przypomnienie|jest sp[oó][zź]nione/i;

export function judgeAccepts(found: Case): string[] {
  const { record, deliveries, reminders, ledger } = found;
  const broken: string[] = [];
  const byRow = new Map<number, Attempt[]>();
  for (const attempt of record.attempts) {
    const isReminder = /^send-(sms|email|push)#/.test(attempt.task.name);
    if (attempt.row === null) {
      if (isReminder) broken.push(`${attempt.task.name} wrote to ${attempt.address}, whom no message names`);
      continue;
    }
    if (attempt.outcome !== "accepted") continue;
    byRow.set(attempt.row, [...(byRow.get(attempt.row) ?? []), attempt]);
    const delivery = deliveries.get(attempt.row);
    const reminder = delivery && reminders.get(delivery.event_reminders_id);
    if (reminder) broken.push(...judgeAccept(found, attempt, delivery, reminder));
    else broken.push(`${attempt.provider_message_id} is of row ${attempt.row}, which is not there`);
  }
  for (const delivery of ledger.deliveries) broken.push(...judgeCount(delivery, byRow.get(delivery.id) ?? []));
  const people = Map.groupBy(
    ledger.deliveries,
    ({ event_reminders_id, user_id }) => `reminder ${event_reminders_id}, person ${user_id}`,
  );
  for (const [whose, chain] of people) {
    const plain = chain.flatMap(({ id }) => byRow.get(id) ?? []).filter((one) => !isExcused(one));
    if (plain.length > 1) broken.push(`${whose}: accepted ${plain.length} times with nothing to excuse it`);
  }
  return broken;
}

/** An accept may be one too many where its answer was lost, its worker died, or its database was away when it was to be settled. */
const isExcused = (attempt: Attempt): boolean =>
  !attempt.heard || !attempt.task.alive || attempt.task.troubles.some((at) => at >= attempt.asked_at);

function judgeCount(delivery: Delivery, accepts: Attempt[]): string[] {
  const { id, status, channel, provider_message_id } = delivery;
  const broken: string[] = [];
  const plain = accepts.filter((one) => !isExcused(one));
  if (status === "sent") {
    if (accepts.length === 0) broken.push(`delivery ${id} is sent, and nothing was accepted`);
    else if (!accepts.some((one) => one.provider_message_id === provider_message_id))
      broken.push(`delivery ${id} names ${provider_message_id}, which was not accepted for it`);
    if (plain.length > 1) broken.push(`delivery ${id}: accepted ${plain.length} times with nothing to excuse it`);
  } else if (plain.length > 0)
    broken.push(`delivery ${id} is ${status}, and ${plain[0]!.provider_message_id} was accepted and heard of`);
  if (channel === "sms" && accepts.length > SMS_AT_MOST) broken.push(`delivery ${id}: ${accepts.length} SMS`);
  return broken;
}

function judgeAccept(found: Case, attempt: Attempt, delivery: Delivery, reminder: Reminder): string[] {
  const { record, isCalm } = found;
  const { task, at, asked_at, address, channel } = attempt;
  const what = `${attempt.provider_message_id} of delivery ${delivery.id} (reminder ${reminder.id}, person ${delivery.user_id})`;
  const broken: string[] = [];
  const say = (fault: string) => broken.push(`${what} ${fault}`);
  if (channel !== delivery.channel) say(`went by ${channel}, not by ${delivery.channel}`);
  const claim = record.claims.findLast(
    (one) => one.task === task && one.at <= asked_at && one.rows.some((row) => isOpen(row, delivery.id)),
  );
  if (!claim) {
    say("was sent without a claim");
    return broken;
  }
  const then = whenCalled(record.moments, claim.call);
  const event = then.events.get(reminder.event_id);
  const planned = whenClaimed(found, reminder, event?.revision);
  if (event && !planned) say("went out though the event was moved");
  const { due_at, starts_at } = planned ?? reminder;
  if (asked_at < due_at) say(`went out ${due_at - asked_at} ms before it was due`);
  const expires = expiresAt({ due_at, starts_at });
  if (asked_at >= expires) say(`went out ${asked_at - expires} ms after its hour was over`);
  if (!event) say("went out though the event was deleted");
  else if (!event.users.includes(delivery.user_id)) say("went out to somebody who no longer took part");
  const user = then.users.get(delivery.user_id);
  const theirs = {
    sms: user?.mobile_number === address,
    email: user?.email === address,
    push: then.devices.some((one) => one.user_id === delivery.user_id && one.device_arn === address),
  }[channel];
  if (!theirs) say(`went to ${address}, which was not theirs`);
  if (then.suppressed.some((one) => one.channel === channel && one.address === address))
    say(`went to ${address}, which is not to be written to`);
  const isLate = LATE_NOTE.test(attempt.text);
  if (claim.at - due_at > LATE_MS && !isLate) say(`went out ${text(claim.at)}, late, and did not say so`);
  if (asked_at - due_at <= LATE_MS && isLate) say("says that it is late, and is not");
  if (asked_at - claim.at > UNDER_A_CLAIM_MS) say(`went out ${asked_at - claim.at} ms after its claim`);
  if (isCalm && delivery.step === 0) {
    const since = Math.max(
      due_at,
      found.versions.find(({ event: e }) => e.id === reminder.event_id && e.revision === reminder.revision)?.from ?? 0,
    );
    if (at - since > PUNCTUAL_MS) say(`came ${at - since} ms after its moment though nothing went wrong`);
  }
  return broken;
}

const isOpen = (row: Claim["rows"][number], id: number) => row.id === id && !row.settled && row.refusal === null;

/** When the reminder was due by the plan that stood then: a later one may have moved its row. Null where that had no such reminder. */
function whenClaimed(
  { versions }: Case,
  reminder: Reminder,
  revision: number | undefined,
): Pick<Reminder, "due_at" | "starts_at"> | null {
  if (reminder.kind === "manual") return revision === reminder.revision ? reminder : null;
  const version = versions.find(({ event }) => event.id === reminder.event_id && event.revision === revision);
  return (
    version?.reminders.find(
      (one) => one.event_timestamp === reminder.event_timestamp && one.reminder === reminder.reminder,
    ) ?? null
  );
}
