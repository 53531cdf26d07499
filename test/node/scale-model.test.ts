import { expect, test } from "vitest";
import type { Section } from "../../bench/figures.ts";
import { findMeasured, type Run } from "../../bench/scale/measured.ts";
import {
  consumerRate,
  costOfMillion,
  databaseOf,
  demandOf,
  type Inputs,
  inOrder,
  messagesOf,
  monthOf,
} from "../../bench/scale/model.ts";
import { replaceBlocks } from "../../bench/scale/page.ts";
import { compareRun, notHeld, offBy, predictRate, predictRoundTrips } from "../../bench/scale/prediction.ts";
import { gather } from "../../bench/scale-model.ts";

/** Round numbers, to be followed by hand. */
const i: Inputs = {
  reminders_a_person_a_month: 30,
  share: { push: 0.5, email: 0.5, sms: 0 },
  busiest_minute: 0.06,
  people_an_event: 10,
  events_a_person: 10,
  requests_a_person_a_day: 8.64,
  busiest_second: 10,
  out_within_s: 60,
  provider_s: 0.1,
  database_s: 0.05,
  connections: 6,
  messages_a_batch: 10,
  messages_a_send: 100,
  recipients_a_message: 5,
  reminders_a_picking: 100,
  people_a_picking: 2_000,
  leads_a_turn: 1_000,
  turns_a_tick: 30,
  sms_a_settle: 25,
  ledger_months: 10,
  delivery_database_ms: 1,
  request_database_ms: 1,
  delivery_cpu_ms_at_most: 1,
  request_cpu_ms_at_most: 1,
  delivery_bytes: 500,
  event_bytes: 1_000,
  person_bytes: 1_000,
  busy_at_most: 0.5,
  gigabytes_a_cu: 4,
  smallest_cu: 0.25,
  operations_a_message: 3,
  partition_bytes: 2e9,
};

test("a minute's reminders follow from people, and the rate from the time in which they are to be out", () => {
  const { month, minute, leads, rate, channels, requests_a_second } = demandOf(100_000, i);
  expect({ month, minute, leads, rate }).toEqual({ month: 3_000_000, minute: 6_000, leads: 600, rate: 100 });
  expect(channels.map(({ a_second }) => a_second)).toEqual([50, 50, 0]);
  expect(requests_a_second).toBeCloseTo(100);
});

test("a reminder makes a message a channel that any of its people have, and another where they are more than fit", () => {
  // Of ten people by the throw of a coin: all but never nobody, and in 386 of 1,024 throws more than five.
  expect(messagesOf("push", i).messages).toBeCloseTo((1_023 + 386) / 1_024);
  // An odd one has a message to himself, in half of the throws.
  expect(messagesOf("push", { ...i, recipients_a_message: 2 }).messages).toBeCloseTo(2.75);
  expect(messagesOf("push", { ...i, share: { push: 1, email: 0, sms: 0 }, recipients_a_message: 6 })).toEqual({
    recipients: 5,
    messages: 2,
  });
  expect(messagesOf("sms", { ...i, share: { push: 0, email: 0, sms: 0.1 } }).messages).toBeCloseTo(1 - 0.9 ** 10);
});

test("a consumer is as fast as its connections, less a claim and its settles", () => {
  const sure = { ...i, share: { push: 1, email: 0, sms: 1 }, recipients_a_message: 6, people_an_event: 6 };
  // 60 people: ten waves of 0.1 s, and two round trips of 0.05 s; SMS settle each 25, which are three.
  expect(consumerRate("push", sure)).toBeCloseTo(60 / 1.1);
  expect(consumerRate("sms", sure)).toBeCloseTo(60 / 1.2);
});

test("the ledger grows with its months and is cut into the coarsest parts that are small enough", () => {
  // 3 million a month of 500 bytes are 1.5 GB, 15 GB in ten months.
  expect(databaseOf(100_000, i)).toMatchObject({ rows: 30_000_000, ledger: 15e9, partition: "month", partitions: 11 });
  expect(databaseOf(1_000, i)).toMatchObject({ partition: "none", partitions: 1 });
  expect(databaseOf(500_000, i).partition).toBe("week");
  expect(databaseOf(10_000_000, i).partition).toBe("day");
  // 100 deliveries and 100 requests a second of 1 ms each, at half load.
  expect(databaseOf(100_000, i)).toMatchObject({ cu: 0.5 });
  expect(databaseOf(100_000, i).cores).toBeCloseTo(0.2);
});

test("limits come in the order in which people meet them", () => {
  const limit = { unit: "", remedy: "" };
  const found = inOrder(
    [
      { ...limit, name: "late", limit: 200, use: ({ rate }) => rate },
      { ...limit, name: "early", limit: 100, use: ({ rate }) => rate },
    ],
    i,
  );
  expect(found.map(({ name, people }) => [name, Math.round(people)])).toEqual([
    ["early", 100_000],
    ["late", 200_000],
  ]);
});

test("a million reminders cost their messages three operations each, their work, and their keeping", () => {
  const prices = {
    provider: { push: 1e-6, email: 0, sms: 0 },
    queue_operation: 1e-6,
    worker_request: 0,
    worker_cpu_ms: 1e-6,
    cu_hour: 0.36,
    gigabyte_month: 0.1,
  };
  const cost = costOfMillion("push", { ...i, recipients_a_message: 10 }, prices);
  // 100,000 reminders of one message each; 1,000 s of the database at half load; 0.5 GB for ten months.
  expect(cost.queue).toBeCloseTo(0.6);
  expect(cost.worker).toBeCloseTo(1);
  expect(cost.database).toBeCloseTo(0.2 + 0.5);
  expect(cost.provider).toBeCloseTo(1);
});

test("round trips follow from the sizes of batches: a tick's turns, a picking, a claim and its settles", () => {
  const sizes = { ...i, recipients_a_message: 50 };
  // 200 people a channel: twenty batches of ten messages with one person each.
  expect(predictRoundTrips("many events", 600, "fewest", sizes)).toEqual({
    tick: 2,
    "schedule-notifications": 6,
    "send-sms": 40,
    "send-email": 40,
    "send-push": 40,
  });
  // Four messages in one batch; 200 SMS settle eight times.
  expect(predictRoundTrips("one event", 600, "fewest", sizes)).toEqual({
    tick: 2,
    "schedule-notifications": 1,
    "send-sms": 9,
    "send-email": 2,
    "send-push": 2,
  });
  // Two full turns, which know that nothing more is due.
  expect(predictRoundTrips("many events", 2_000, "fewest", sizes).tick).toBe(4);
  // A picking that is full to the last person asks once more.
  expect(predictRoundTrips("one event", 2_000, "fewest", sizes)["schedule-notifications"]).toBe(2);
  // Where a channel is faster than the picking: six times 33 or 34 people in four batches of up to ten.
  expect(predictRoundTrips("many events", 600, "most", sizes)["send-push"]).toBe(48);
  // 667 people in 112 messages are put into the queue as 100 and 12, which are batches of 96, 4 and 12; SMS settle each 25 of 576, 24 and 67.
  const production = { ...i, messages_a_batch: 96, recipients_a_message: 6 };
  const most = { "send-push": 6, "send-sms": 3 + 24 + 1 + 3 };
  expect(predictRoundTrips("one event", 2_000, "most", production)).toMatchObject(most);
  const fewest = { "send-push": 4, "send-sms": 2 + 27 };
  expect(predictRoundTrips("one event", 2_000, "fewest", production)).toMatchObject(fewest);
});

test("a slow provider is waited for beside the work, but not before the first message", () => {
  const sizes = { ...i, recipients_a_message: 50 };
  // 300 people in 3 s at once, a third of it before sending; 100 a channel wait in 17 waves of 0.5 s.
  expect(predictRate("one event", 300, 100, 0.5, 1 / 3, sizes)).toBeCloseTo(300 / (1 + 8.5));
  expect(predictRate("one event", 300, 100, 0, 1 / 3, sizes)).toBeCloseTo(100);
  expect(offBy(110, 100)).toBeCloseTo(0.1);
});

/** 600 people of one event: 2 round trips of the tick, 1 of picking, 9 of SMS, 2 and 2; 600 / (2 + max(4, 17)) messages a second. */
const run: Run = {
  size: "quick",
  plan: "one event",
  people: 600,
  provider_s: 0.5,
  at_once: 100,
  measured_rate: 600 / 19,
  roundTrips: { tick: 2, "schedule-notifications": 1, "send-sms": 9, "send-email": 2, "send-push": 2 },
};
const bounds = { rate: 0.3 };
const said = (changed: Partial<Run>) => {
  const one = { ...run, ...changed };
  return notHeld([{ run: one, rows: compareRun(one, { ...i, recipients_a_message: 50 }, 1 / 3, bounds) }], true);
};

test("a prediction that is further off than its bound is said to be wrong, and no other is", () => {
  expect(said({})).toEqual([]);
  const rate = predictRate("one event", 600, 100, 0.5, 1 / 3, { ...i, recipients_a_message: 50 });
  expect(said({ measured_rate: rate / 1.29 })).toEqual([]);
  expect(said({ measured_rate: rate / 1.31 })).toEqual([expect.stringContaining("messages a second")]);
  expect(said({ measured_rate: rate / 0.69 })).toHaveLength(1);
});

test("round trips before sending are exact; those of a channel lie between full batches and one for each picking", () => {
  const trips = (changed: Record<string, number>) => said({ roundTrips: { ...run.roundTrips, ...changed } });
  expect(trips({ tick: 3 })).toEqual([
    "one event, 600 people, provider 500 ms (quick): round trips before sending, provider 0 ms are predicted as 3 and measured as 4, which is beyond the bound",
  ]);
  expect(trips({ "send-push": 3 })).toEqual([expect.stringContaining("round trips of sending, provider 0 ms")]);
  const many: Run = {
    ...run,
    plan: "many events",
    measured_rate: 600 / 22,
    roundTrips: { tick: 2, "schedule-notifications": 6, "send-sms": 40, "send-email": 40, "send-push": 48 },
  };
  const saidOfMany = (changed: Record<string, number>) =>
    said({ ...many, roundTrips: { ...many.roundTrips, ...changed } });
  expect(saidOfMany({})).toEqual([]);
  expect(saidOfMany({ "send-push": 49 })).toEqual([expect.stringContaining("round trips of sending, provider 0 ms")]);
  // One channel's more does not make up for another's fewer.
  expect(saidOfMany({ "send-push": 47, "send-sms": 39 })).toHaveLength(1);
  const { "send-email": _, ...without } = run.roundTrips;
  expect(said({ roundTrips: without })).toHaveLength(1);
});

test("a bench that has run but tells of no run that can be predicted is wrong, and one that has not run is not", () => {
  expect(notHeld([], true)).toHaveLength(1);
  expect(notHeld([], false)).toEqual([]);
});

test("a database that is too large for autoscaling is paid for all month", () => {
  const prices = {
    provider: { push: 0, email: 0, sms: 0 },
    queue_operation: 0,
    worker_request: 0,
    worker_cpu_ms: 0,
    cu_hour: 1,
    gigabyte_month: 0,
  };
  const plan = { worker: 5, operations: 0, requests: 0, cpu_ms: 0, busy_hours: 8 };
  const { cu } = databaseOf(1_000_000, i);
  expect(monthOf(1_000_000, i, prices, { ...plan, autoscaling: cu - 1 }).compute).toBeCloseTo(cu * 730);
  expect(monthOf(1_000_000, i, prices, { ...plan, autoscaling: cu }).compute).toBeLessThan(cu * 730);
});

test("what the bench measured is taken from its results, and what it has not is marked as assumed", () => {
  const figure = (name: string, value: number) => ({
    name,
    kind: "measure" as const,
    value,
    unit: "",
    beside: null,
    goal: null,
  });
  const section = (id: string, ...figures: Section["figures"]): Section => ({ id, title: "", figures, notes: [] });
  const run = "one event with 10,000 participants, provider";
  const pipeline = section(
    "pipeline",
    figure(`${run} 0 ms: from the tick to the last accept`, 500),
    figure(`${run} 50 ms: from the tick to the last accept`, 250),
    figure(`${run} 0 ms: round trips of send-sms`, 9),
  );
  const growth = section("growth", figure("a settled delivery on disk", 555));
  const results = { full: { sections: [pipeline, growth] } };
  const { inputs, runs } = findMeasured(results);
  expect(inputs).toEqual({ delivery_bytes: 555, delivery_cpu_ms_at_most: 2 });
  expect(runs).toEqual([
    {
      size: "full",
      plan: "one event",
      people: 10_000,
      provider_s: 0.05,
      at_once: 500,
      measured_rate: 250,
      roundTrips: { "send-sms": 9 },
    },
  ]);
  const { listed, numbers } = gather(results);
  expect([listed.delivery_bytes.origin, listed.event_bytes.origin]).toEqual(["measured", "assumed"]);
  expect(numbers.delivery_bytes).toBe(555);
});

test("a table takes the place between its marks, and a page without them is an error", () => {
  const page = "above\n<!-- one -->\nold\n<!-- /one -->\nbelow";
  expect(replaceBlocks(page, { one: "| new $1 |" })).toBe("above\n<!-- one -->\n\n| new $1 |\n\n<!-- /one -->\nbelow");
  expect(() => replaceBlocks(page, { two: "" })).toThrow("two");
});
