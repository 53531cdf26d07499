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

/**
 * Round trips to the database by stage. A third of the people are on each channel. `full`: batches are as full as they can be, as they are where a queue is
 * behind; otherwise each holds what one picking hands over, as where a channel is done before the next picking.
 */
export function predictRoundTrips(plan: PlanOfRun, people: number, full: boolean, s: Sizes): Record<string, number> {
  const leads = plan === "many events" ? people : 1;
  // A picking that is full to the last person asks once more.
  const pickings =
    plan === "many events" ? Math.ceil(people / s.reminders_a_picking) : Math.floor(people / s.people_a_picking) + 1;
  const channels = CHANNELS.map((channel) => {
    const settleEvery = channel === "sms" ? s.sms_a_settle : Number.POSITIVE_INFINITY;
    const trips = batchesOf(plan, people, full, s).reduce(
      (sum, recipients) => sum + 1 + Math.max(1, Math.ceil(recipients / settleEvery)),
      0,
    );
    return [`send-${channel}`, trips] as const;
  });
  return {
    tick: 2 * Math.ceil(leads / s.leads_a_turn),
    "schedule-notifications": pickings,
    ...Object.fromEntries(channels),
  };
}

/** Recipients of each of one channel's batches. A message is about one reminder, and one picking's people share it. */
function batchesOf(plan: PlanOfRun, people: number, full: boolean, s: Sizes): number[] {
  const picked = plan === "many events" ? s.reminders_a_picking : s.people_a_picking;
  const a_message = plan === "many events" ? 1 : s.recipients_a_message;
  const handedOver = inParts(people, picked).map((some, n) => {
    const before = Math.round((n * picked) / CHANNELS.length);
    return inParts(Math.round((n * picked + some) / CHANNELS.length) - before, a_message);
  });
  const queues = full ? [handedOver.flat()] : handedOver;
  return queues.flatMap((messages) =>
    inParts(messages.length, s.messages_a_batch).map((count, n) =>
      messages.slice(n * s.messages_a_batch, n * s.messages_a_batch + count).reduce((sum, one) => sum + one, 0),
    ),
  );
}

/** `whole` in parts of `part`, and what is left. */
const inParts = (whole: number, part: number): number[] =>
  Array.from({ length: Math.ceil(whole / part) }, (_, n) => Math.min(part, whole - n * part));

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
  const waiting = batchesOf(plan, people, true, s).reduce(
    (sum, recipients) => sum + Math.ceil(recipients / s.connections) * provider_s,
    0,
  );
  return people / (seconds * before_sending + Math.max(seconds * (1 - before_sending), waiting));
}

/** By how much of the measured the predicted is too high; negative where too low. */
export const offBy = (predicted: number, measured: number): number => predicted / measured - 1;

/** How far a predicted rate may be off, as a share to either side. Round trips are predicted exactly, or as lying between two counts. */
export type Bounds = { rate: number };
export type Row = { what: string; predicted: number; measured: number; allowed: string; holds: boolean };

export function compareRun(run: Run, s: Sizes, before_sending: number, bounds: Bounds): Row[] {
  const { plan, people, at_once, provider_s, measured_rate, roundTrips } = run;
  const rate = predictRate(plan, people, at_once, provider_s, before_sending, s);
  const least = predictRoundTrips(plan, people, true, s);
  const most = predictRoundTrips(plan, people, false, s);
  const trips = Object.keys(least).map((stage) => {
    const measured = roundTrips[stage] ?? 0;
    const [predicted, upTo] = [least[stage]!, most[stage]!];
    return {
      sends: stage.startsWith("send-"),
      predicted,
      upTo,
      measured,
      holds: measured >= predicted && measured <= upTo,
    };
  });
  const together = (what: string, some: typeof trips): Row => {
    const sum = (of: "predicted" | "upTo" | "measured") => some.reduce((total, one) => total + one[of], 0);
    const allowed = sum("upTo") > sum("predicted") ? `up to ${sum("upTo")}` : "none";
    return {
      what,
      allowed,
      predicted: sum("predicted"),
      measured: sum("measured"),
      holds: some.every(({ holds }) => holds),
    };
  };
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
    ),
    together(
      "round trips of sending",
      trips.filter(({ sends }) => sends),
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
