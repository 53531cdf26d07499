/** What the model says of a run of the bench, held against what the bench measured. */
import type { Run } from "./measured.ts";
import type { Inputs } from "./model.ts";

export type PlanOfRun = "many events" | "one event";

type Sizes = Pick<
  Inputs,
  | "connections"
  | "messages_a_batch"
  | "messages_a_send"
  | "recipients_a_message"
  | "reminders_a_picking"
  | "people_a_picking"
  | "leads_a_turn"
  | "sms_a_settle"
>;

const CHANNELS = ["sms", "email", "push"] as const;

/**
 * The fewest round trips to the database that a run can take, by stage, and the most. A third of the people are on each channel. Fewest: batches are as full as
 * they can be, as where a queue is behind. Most: each holds what was put into the queue at once, as where a channel is done before more comes.
 */
export function predictRoundTrips(
  plan: PlanOfRun,
  people: number,
  which: "fewest" | "most",
  s: Sizes,
): Record<string, number> {
  const leads = plan === "many events" ? people : 1;
  // A picking that is full to the last person asks once more.
  const pickings =
    plan === "many events" ? Math.ceil(people / s.reminders_a_picking) : Math.floor(people / s.people_a_picking) + 1;
  const queued = queuedBy(plan, people, s);
  const batches = which === "fewest" ? batchesOf(queued.flat(), s) : queued.flatMap((some) => batchesOf(some, s));
  const recipients = batches.reduce((sum, one) => sum + one, 0);
  // What 25 are settled at once may be cut by the end of a batch, at best by none.
  const sms =
    which === "fewest"
      ? Math.ceil(recipients / s.sms_a_settle)
      : sumOf(batches, (one) => Math.ceil(one / s.sms_a_settle));
  return {
    tick: 2 * Math.ceil(leads / s.leads_a_turn),
    "schedule-notifications": pickings,
    "send-sms": batches.length + Math.max(batches.length, sms),
    "send-email": 2 * batches.length,
    "send-push": 2 * batches.length,
  };
}

/** Of one channel: the recipients of each message, by what is put into its queue at once. A message is about one reminder, and one picking's people share it. */
function queuedBy(plan: PlanOfRun, people: number, s: Sizes): number[][] {
  const picked = plan === "many events" ? s.reminders_a_picking : s.people_a_picking;
  const a_message = plan === "many events" ? 1 : s.recipients_a_message;
  return inParts(people, picked).flatMap((some, n) => {
    const before = Math.round((n * picked) / CHANNELS.length);
    const messages = inParts(Math.round((n * picked + some) / CHANNELS.length) - before, a_message);
    return chunks(messages, s.messages_a_send);
  });
}

/** Recipients of each batch, of which the last may be part-filled. */
const batchesOf = (messages: number[], s: Sizes): number[] =>
  chunks(messages, s.messages_a_batch).map((some) => sumOf(some, (recipients) => recipients));

const sumOf = (list: number[], of: (one: number) => number): number => list.reduce((sum, one) => sum + of(one), 0);

const chunks = <T>(list: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));

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
  const batches = batchesOf(queuedBy(plan, people, s).flat(), s);
  const waiting = sumOf(batches, (recipients) => Math.ceil(recipients / s.connections) * provider_s);
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
  const fewest = predictRoundTrips(plan, people, "fewest", s);
  const most = predictRoundTrips(plan, people, "most", s);
  const trips = Object.keys(fewest).map((stage) => {
    const measured = roundTrips[stage] ?? 0;
    const [predicted, upTo] = [fewest[stage]!, most[stage]!];
    return {
      sends: stage.startsWith("send-"),
      predicted,
      upTo,
      measured,
      holds: measured >= predicted && measured <= upTo,
    };
  });
  const together = (what: string, some: typeof trips): Row => {
    const sum = (of: "predicted" | "upTo" | "measured") =>
      sumOf(
        some.map((one) => one[of]),
        (one) => one,
      );
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
      "round trips before sending, provider 0 ms",
      trips.filter(({ sends }) => !sends),
    ),
    together(
      "round trips of sending, provider 0 ms",
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
