/**
 * `npm run scale-model [-- --write]`: from what the bench measured to a hundred thousand and to ten million people. Prints its tables, and by how much its
 * predictions for this machine are off: exits 1 where that is more than BOUNDS allow. `--write` puts the tables into docs/scale.md. Its inputs stand here.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../dev/settings.ts";
import { findMeasured, type Results } from "./scale/measured.ts";
import type { FirstPrices, Inputs, Limit, Prices } from "./scale/model.ts";
import { renderBlocks, replaceBlocks } from "./scale/page.ts";
import { type Bounds, compareRun, notHeld } from "./scale/prediction.ts";

/** `measured` by the bench on this machine, `stated` by whose limit or price it is, `fixed` by Torium's own code and settings, or `assumed`. */
export type Origin = "measured" | "stated" | "fixed" | "assumed";
export type Input = { value: number; origin: Origin; source: string };

const assumed = (value: number, source: string): Input => ({ value, origin: "assumed", source });
const fixed = (value: number, source: string): Input => ({ value, origin: "fixed", source });
const stated = (value: number, source: string): Input => ({ value, origin: "stated", source });

export const PEOPLE = [1_000, 100_000, 10_000_000];

const INVERSE =
  "an upper bound: 1 s over the rate, in which load, endpoint, database and Worker shared the machine's cores";

/** Where the bench has not measured yet, the value of a first, disturbed run stands in, marked as assumed. */
const MEASURED = {
  delivery_database_ms: { value: 0.3, source: "growth: a delivery in PostgreSQL alone" },
  request_database_ms: { value: 4, source: "growth: GET /event in PostgreSQL alone, the dearest read" },
  delivery_cpu_ms_at_most: { value: 2.5, source: `pipeline: one event, a provider that answers at once; ${INVERSE}` },
  request_cpu_ms_at_most: {
    value: 5.4,
    source: `api: GET /event told for the first time, at 16 connections; ${INVERSE}`,
  },
  delivery_bytes: { value: 560, source: "growth: a settled delivery on disk" },
  event_bytes: { value: 1_400, source: "growth: an event of four on disk" },
  person_bytes: { value: 900, source: "growth: a person on disk" },
} satisfies Partial<Record<keyof Inputs, { value: number; source: string }>>;

const OTHERS = {
  reminders_a_person_a_month: assumed(30, "one a day; docs/deploy.md counts the same"),
  share_push: assumed(2 / 3, "20,000 of 30,000, as in docs/deploy.md"),
  share_email: assumed(0.3, "9,000 of 30,000, as in docs/deploy.md"),
  share_sms: assumed(1 / 30, "1,000 of 30,000, as in docs/deploy.md; SMS are what costs"),
  busiest_minute: assumed(0.05, "a tenth of a day in its busiest hour, and half of that at minute 0"),
  people_an_event: assumed(10, "a group's event"),
  events_a_person: assumed(10, "that are kept"),
  requests_a_person_a_day: assumed(10, "two openings of the app"),
  busiest_second: assumed(5, "over the mean of a day"),
  out_within_s: assumed(60, "the busiest minute is out before the next one is due"),
  provider_s: assumed(0.1, "SNS and SES from a Worker in the same part of the world"),
  database_s: assumed(0.015, "a round trip to Neon in the same region, with its work"),
  busy_at_most: assumed(0.5, "share of a compute unit that is at work in the busiest minute"),
  partition_bytes: assumed(100e9, "what can be rebuilt or dropped without anybody noticing"),
  busy_hours: assumed(8, "a day in which the database is as large as the busiest minute needs"),
  connections: fixed(6, "the platform's limit, and src/queues/concurrency.ts"),
  messages_a_batch: fixed(96, "wrangler.toml, the channels' max_batch_size"),
  messages_a_send: fixed(100, "src/queues/enqueue.ts, the platform's most"),
  recipients_a_message: fixed(6, "src/queues/enqueue.ts"),
  reminders_a_picking: fixed(100, "wrangler.toml, schedule-notifications' max_batch_size"),
  people_a_picking: fixed(2_000, "src/domain/rules.ts"),
  leads_a_turn: fixed(1_000, "src/domain/rules.ts"),
  turns_a_tick: fixed(30, "src/queues/hand-on.ts"),
  sms_a_settle: fixed(25, "src/queues/send-sms.ts"),
  ledger_months: fixed(13, "src/domain/keeping.ts"),
  smallest_cu: stated(0.25, "neon.com/docs/connect/connection-pooling, 2026-01-24"),
  operations_a_message: stated(
    3,
    "developers.cloudflare.com/queues/platform/pricing: a write, a read and a delete, of up to 64 KB each; six people's ordinary words are less",
  ),
  gigabytes_a_cu: stated(4, "neon.com/docs/guides/autoscaling-guide, 2025-12-17"),
} satisfies Record<string, Input>;

const PRICE_INPUTS = {
  sms: fixed(0.0393, "wrangler.toml, SMS_PRICES_USD: a segment to Poland; aws.amazon.com/sns/sms-pricing"),
  email: stated(0.0001, "acellemail.com on SES, read 2026-11-21; as aws.amazon.com/ses/pricing, not read again"),
  push: stated(0.0000005, "factualminds.com on SNS pricing, 2026-06-13"),
  queue_operation: stated(0.4e-6, "developers.cloudflare.com/queues/platform/pricing, by a survey of 2026"),
  worker_request: stated(0.3e-6, "github.com/halideworks/onelight's survey, 2026-08-03"),
  worker_cpu_ms: stated(0.02e-6, "the same survey, 2026-08-03"),
  cu_hour: stated(0.106, "neon.com/docs/introduction/plans, Launch, 2026-11-12"),
  gigabyte_month: stated(0.35, "the same page, 2026-11-12"),
  lambda_request: stated(0.2e-6, "aws.amazon.com/lambda/pricing by cloudysave.com, read 2026-11-21"),
  lambda_gb_s: stated(0.0000166667, "the same"),
  lambda_gb: assumed(0.25, "Flask and an ORM in a function"),
  lambda_s: assumed(0.3, "one person's message: read, send, write"),
  sqs_requests_a_message: fixed(3, "send, receive and delete, each by itself"),
  sqs_request: stated(0.4e-6, "cloudburn.io on SQS, 2026-03-14"),
  database_month: stated(94.9, "infratally.com on RDS, db.t4g.medium in two zones, 2026"),
  rds_gigabyte_month: stated(0.23, "usage.ai on RDS, gp3 0.115, in two zones; June 2026"),
} satisfies Record<string, Input>;

const LIMITS: (Omit<Limit, "use" | "limit"> & { input: Input; use: Limit["use"] })[] = [
  {
    name: "SNS: SMS spend of a new account",
    input: stated(1, "docs.aws.amazon.com, SNS spending quota, read 2026-11-21"),
    unit: "USD a month",
    use: ({ month }) => month * OTHERS.share_sms.value * PRICE_INPUTS.sms.value,
    remedy: "ask AWS for more, and raise SMS_MONTHLY_BUDGET_USD",
  },
  {
    name: "Torium: SMS_MONTHLY_BUDGET_USD",
    input: fixed(50, "wrangler.toml"),
    unit: "USD a month",
    use: ({ month }) => month * OTHERS.share_sms.value * PRICE_INPUTS.sms.value,
    remedy: "raise it, or let the next channel take over",
  },
  {
    name: "SES: a new account's letters a day",
    input: stated(50_000, "bluefox.email on SES quotas, read 2026-11-21"),
    unit: "a day",
    use: ({ channels }) => channels.find(({ channel }) => channel === "email")!.a_day,
    remedy: "grows by itself with a good name, or ask",
  },
  {
    name: "SES: a new account's letters a second",
    input: stated(14, "apis.io on SES rate limits, read 2026-11-21"),
    unit: "a second",
    use: ({ channels }) => channels.find(({ channel }) => channel === "email")!.a_second,
    remedy: "ask; until then the busiest minute's letters are throttled and come later",
  },
  {
    name: "SNS: SMS a second",
    input: assumed(20, "a new account's default, as remembered; look it up in Service Quotas"),
    unit: "a second",
    use: ({ channels }) => channels.find(({ channel }) => channel === "sms")!.a_second,
    remedy: "ask, with a sender ID of one's own",
  },
  {
    name: "Queues: consumers at once, of push",
    input: stated(250, "developers.cloudflare.com/queues/platform/limits, read 2026-11-21"),
    unit: "consumers",
    use: ({ channels }) => channels.find(({ channel }) => channel === "push")!.consumers,
    remedy: "more people a message, and a second queue for push",
  },
  {
    name: "Queues: messages a second in schedule-notifications",
    input: stated(5_000, "the same page, read 2026-11-21"),
    unit: "a second",
    use: ({ leads }) => leads / OTHERS.out_within_s.value,
    remedy: "several reminders a message",
  },
  {
    name: "Torium: reminders that one tick claims",
    input: fixed(OTHERS.leads_a_turn.value * OTHERS.turns_a_tick.value, "src/queues/hand-on.ts"),
    unit: "a minute",
    use: ({ leads }) => leads,
    remedy:
      "two and a half ticks look at each minute, so twice as many still leave in time; beyond, several ticks by a share of the ids",
  },
  {
    name: "Neon: connections of the pooler",
    input: stated(10_000, "neon.com/docs/connect/connection-pooling, 2026-01-24"),
    unit: "at once",
    use: ({ connections }) => connections,
    remedy: "groups over several databases, as for the largest compute",
  },
  {
    name: "SNS: Publish calls a second",
    input: assumed(9_000, "the larger regions' default, as remembered; look it up in Service Quotas"),
    unit: "a second",
    use: ({ channels }) => channels.find(({ channel }) => channel === "push")!.a_second,
    remedy: "ask, or push straight to FCM and APNs",
  },
];

/** Limits of the database follow from its size: these are of its compute. */
const COMPUTE = {
  autoscaling: stated(16, "neon.com/docs/guides/autoscaling-guide, 2025-12-17: CU"),
  fixed: stated(56, "neon.com/docs/connect/connection-pooling, 2026-01-24: CU"),
};
/** Workers Paid: USD a month, and what that includes. */
const PLAN = {
  worker: stated(5, "developers.cloudflare.com/workers/platform/pricing, by the survey of worker request: USD a month"),
  operations: stated(1e6, "developers.cloudflare.com/queues/platform/pricing, by a survey of 2026: a month"),
  requests: stated(10e6, "developers.cloudflare.com/workers/platform/pricing, by the same survey: a month"),
  cpu_ms: stated(30e6, "the same: a month"),
};
/** A prediction that is further off is wrong: the check fails. */
export const BOUNDS: Bounds = { rate: 0.3 };
/** Of a run's time with a provider that answers at once, what goes by before the first message is sent. */
const BEFORE_SENDING = assumed(1 / 3, "tick and picking beside claiming, sending and settling");

const RESULTS = join(ROOT, "bench", "results.json");
const PAGE = join(ROOT, "docs", "scale.md");

/** All inputs with their origin, the numbers that the arithmetic takes, and what is known of runs of the bench. */
export function gather(results: Results) {
  const measured = findMeasured(results);
  const found = Object.fromEntries(
    Object.entries(MEASURED).map(([name, { value, source }]): [string, Input] => {
      const known = measured.inputs[name as keyof typeof MEASURED];
      return [
        name,
        known === undefined
          ? assumed(value, `not measured yet; ${source}`)
          : { value: known, origin: "measured", source },
      ];
    }),
  ) as Record<keyof typeof MEASURED, Input>;
  const inputs = { ...OTHERS, ...found };
  const { share_push, share_email, share_sms, busy_hours, ...rest } = Object.fromEntries(
    Object.entries(inputs).map(([name, { value }]) => [name, value]),
  ) as Record<keyof typeof inputs, number>;
  const numbers: Inputs = { ...rest, share: { push: share_push, email: share_email, sms: share_sms } };
  const p = Object.fromEntries(Object.entries(PRICE_INPUTS).map(([name, { value }]) => [name, value])) as Record<
    keyof typeof PRICE_INPUTS,
    number
  >;
  const prices: Prices = { ...p, provider: { push: p.push, email: p.email, sms: p.sms } };
  const first: FirstPrices = { ...p, gigabyte_month: p.rds_gigabyte_month };
  const plan = Object.fromEntries(Object.entries(PLAN).map(([name, { value }]) => [name, value])) as Record<
    keyof typeof PLAN,
    number
  >;
  const limits = LIMITS.map(({ input, ...limit }) => ({ ...limit, limit: input.value }));
  return {
    listed: {
      ...inputs,
      ...PRICE_INPUTS,
      ...Object.fromEntries(LIMITS.map(({ name, input }) => [name, input])),
      "Neon: the largest compute that scales by itself": COMPUTE.autoscaling,
      "Neon: the largest compute": COMPUTE.fixed,
      "Workers Paid": PLAN.worker,
      "Workers Paid: queue operations included": PLAN.operations,
      "Workers Paid: requests included": PLAN.requests,
      "Workers Paid: CPU ms included": PLAN.cpu_ms,
      before_sending: BEFORE_SENDING,
    },
    numbers,
    prices,
    first,
    limits,
    plan: { ...plan, busy_hours, autoscaling: COMPUTE.autoscaling.value },
    compute: { autoscaling: COMPUTE.autoscaling.value, fixed: COMPUTE.fixed.value },
    compared: measured.runs.map((run) => ({ run, rows: compareRun(run, numbers, BEFORE_SENDING.value, BOUNDS) })),
    people: PEOPLE,
  };
}

export type Gathered = ReturnType<typeof gather>;

if (import.meta.main) {
  const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
  const results = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as Results) : {};
  const gathered = gather(results);
  const blocks = renderBlocks(gathered);
  for (const [name, text] of Object.entries(blocks)) console.log(`\n${name}\n\n${text}`);
  if (values.write) {
    writeFileSync(PAGE, replaceBlocks(readFileSync(PAGE, "utf8"), blocks));
    console.error("docs/scale.md is written");
  }
  const wrong = notHeld(gathered.compared, existsSync(RESULTS));
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) process.exitCode = 1;
}
