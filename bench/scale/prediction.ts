/** What the model says of a run of the bench, held against what the bench measured. */
import type { Run } from "./measured.ts";
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
  // A picking that is full to the last person asks once more.
  const pickings =
    plan === "many events" ? Math.ceil(people / s.reminders_a_picking) : Math.floor(people / s.people_a_picking) + 1;
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

/**
 * How far a prediction may be off: a rate by a share to either side; a channel's round trips by a share upwards, or by a claim and a settle for each of so many
 * batches that were not full, since the model fills them. A tick's and a picking's round trips are exact.
 */
export type Bounds = { rate: number; more_trips: number; part_filled: number };
export type Row = { what: string; predicted: number; measured: number; allowed: string; holds: boolean };

export function compareRun(run: Run, s: Sizes, before_sending: number, bounds: Bounds): Row[] {
  const { plan, people, at_once, provider_s, measured_rate, roundTrips } = run;
  const rate = predictRate(plan, people, at_once, provider_s, before_sending, s);
  const trips = Object.entries(predictRoundTrips(plan, people, s)).map(([stage, predicted]) => {
    const measured = roundTrips[stage] ?? 0;
    const sends = stage.startsWith("send-");
    const most = predicted + (sends ? Math.max(predicted * bounds.more_trips, bounds.part_filled * 2) : 0);
    return { sends, predicted, measured, holds: measured >= predicted && measured <= most };
  });
  const together = (what: string, some: typeof trips, allowed: string): Row => ({
    what,
    allowed,
    predicted: some.reduce((sum, one) => sum + one.predicted, 0),
    measured: some.reduce((sum, one) => sum + one.measured, 0),
    holds: some.every(({ holds }) => holds),
  });
  return [
    {
      what: "messages a second",
      allowed: `${bounds.rate * 100} % to either side`,
      predicted: rate,
      measured: measured_rate,
      holds: Math.abs(offBy(rate, measured_rate)) <= bounds.rate,
    },
    together(
      "round trips before sending",
      trips.filter(({ sends }) => !sends),
      "none",
    ),
    together(
      "round trips of sending",
      trips.filter(({ sends }) => sends),
      `of a channel ${bounds.more_trips * 100} %, or ${bounds.part_filled * 2}, more`,
    ),
  ];
}

export const titleOf = ({ plan, people, provider_s, size }: Run): string =>
  `${plan}, ${people.toLocaleString("en-US")} people, provider ${provider_s * 1000} ms (${size})`;

/** What is to be said of predictions that do not hold, a line each. A bench that has run but tells of no run that can be predicted is one. */
export function notHeld(compared: { run: Run; rows: Row[] }[], benchHasRun: boolean): string[] {
  if (benchHasRun && compared.length === 0) return ["the bench's results hold no run that the model can predict"];
  return compared.flatMap(({ run, rows }) =>
    rows
      .filter(({ holds }) => !holds)
      .map(
        ({ what, predicted, measured }) =>
          `${titleOf(run)}: ${what} are predicted as ${predicted.toFixed(0)} and measured as ${measured.toFixed(0)}, which is beyond the bound`,
      ),
  );
}
