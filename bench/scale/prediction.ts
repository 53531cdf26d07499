/** What the model says of a run of the bench, held against what the bench measured. */
import type { Inputs } from "./model.ts";

export type PlanOfRun = "many events" | "one event";

type Sizes = Pick<
  Inputs,
  | "connections"
  | "messages_a_batch"
  | "recipients_a_message"
  | "reminders_a_picking"
  | "people_a_picking"
  | "leads_a_turn"
  | "sms_a_settle"
>;

const CHANNELS = ["sms", "email", "push"] as const;

/** Round trips to the database by stage, with batches as full as they can be. A third of the people are on each channel. */
export function predictRoundTrips(plan: PlanOfRun, people: number, s: Sizes): Record<string, number> {
  const leads = plan === "many events" ? people : 1;
  const full = Math.floor(leads / s.leads_a_turn);
  const pickings =
    plan === "many events" ? Math.ceil(people / s.reminders_a_picking) : Math.ceil(people / s.people_a_picking);
  const channels = CHANNELS.map((channel) => {
    const settleEvery = channel === "sms" ? s.sms_a_settle : Number.POSITIVE_INFINITY;
    const trips = batchesOf(plan, people, s).reduce(
      (sum, recipients) => sum + 1 + Math.max(1, Math.ceil(recipients / settleEvery)),
      0,
    );
    return [`send-${channel}`, trips] as const;
  });
  // A turn that finds a full thousand looks once more.
  const tick = 2 * full + (leads % s.leads_a_turn > 0 ? 2 : 1);
  return { tick, "schedule-notifications": pickings, ...Object.fromEntries(channels) };
}

/** Recipients of each of one channel's batches. A message is about one reminder, and one picking's people share it. */
function batchesOf(plan: PlanOfRun, people: number, s: Sizes): number[] {
  const mine = Math.round(people / CHANNELS.length);
  const messages: number[] = [];
  if (plan === "many events") messages.push(...Array.from({ length: mine }, () => 1));
  else
    for (let left = mine; left > 0; ) {
      const picked = Math.min(left, Math.round(s.people_a_picking / CHANNELS.length));
      for (let rest = picked; rest > 0; rest -= s.recipients_a_message)
        messages.push(Math.min(rest, s.recipients_a_message));
      left -= picked;
    }
  const batches: number[] = [];
  for (let n = 0; n < messages.length; n += s.messages_a_batch)
    batches.push(messages.slice(n, n + s.messages_a_batch).reduce((sum, one) => sum + one, 0));
  return batches;
}

/**
 * Messages a second with a provider that takes `provider_s`, from the rate with one that answers at once. What comes before the first send
 * cannot overlap with waiting for the provider; the rest does, since three channels share one thread.
 */
export function predictRate(
  plan: PlanOfRun,
  people: number,
  at_once: number,
  provider_s: number,
  before_sending: number,
  s: Sizes,
): number {
  const seconds = people / at_once;
  const waiting = batchesOf(plan, people, s).reduce(
    (sum, recipients) => sum + Math.ceil(recipients / s.connections) * provider_s,
    0,
  );
  return people / (seconds * before_sending + Math.max(seconds * (1 - before_sending), waiting));
}

/** By how much of the measured the predicted is too high; negative where too low. */
export const offBy = (predicted: number, measured: number): number => predicted / measured - 1;
