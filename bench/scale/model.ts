/** The arithmetic of growth: from people to messages, consumers, bytes and money. Knows no numbers of its own but the calendar's. */

export type Channel = "push" | "email" | "sms";
export const CHANNELS: readonly Channel[] = ["push", "email", "sms"];

export type Inputs = {
  reminders_a_person_a_month: number;
  share: Record<Channel, number>;
  /** Of a day's reminders, those of its busiest minute. */
  busiest_minute: number;
  people_an_event: number;
  events_a_person: number;
  requests_a_person_a_day: number;
  /** The busiest second over the mean. */
  busiest_second: number;
  /** Within so many seconds the busiest minute's reminders are to be out. */
  out_within_s: number;
  provider_s: number;
  database_s: number;
  connections: number;
  messages_a_batch: number;
  messages_a_send: number;
  recipients_a_message: number;
  reminders_a_picking: number;
  people_a_picking: number;
  leads_a_turn: number;
  turns_a_tick: number;
  sms_a_settle: number;
  ledger_months: number;
  /** Of the database, one connection's work for a delivery and for a read. */
  delivery_database_ms: number;
  request_database_ms: number;
  /** Of the Worker: a time in which its one thread got through one, whatever else of that time it waited. */
  delivery_cpu_ms_at_most: number;
  request_cpu_ms_at_most: number;
  delivery_bytes: number;
  event_bytes: number;
  person_bytes: number;
  /** How busy a compute unit may be in the busiest minute. */
  busy_at_most: number;
  gigabytes_a_cu: number;
  smallest_cu: number;
  /** Of a queue: each message is written, read and deleted. */
  operations_a_message: number;
  partition_bytes: number;
};

const DAYS_A_MONTH = 30;
const MINUTES_A_DAY = 1440;
const HOURS_A_MONTH = 730;
export const GB = 1e9;

/** People of one reminder on one channel, in the messages that have any; and how many messages a reminder makes. Each person is on the channel by chance. */
export function messagesOf(channel: Channel, i: Inputs): { recipients: number; messages: number } {
  const [people, share] = [i.people_an_event, i.share[channel]];
  let messages = 0;
  for (let some = 1, ways = 1; some <= people; some++) {
    ways *= (people - some + 1) / some;
    messages += ways * share ** some * (1 - share) ** (people - some) * Math.ceil(some / i.recipients_a_message);
  }
  return { recipients: (people * share) / messages, messages };
}

/** Messages a second of one consumer: it claims a batch, sends over its connections, and settles. */
export function consumerRate(channel: Channel, i: Inputs): number {
  const recipients = i.messages_a_batch * messagesOf(channel, i).recipients;
  const settles = channel === "sms" ? Math.ceil(recipients / i.sms_a_settle) : 1;
  return recipients / (Math.ceil(recipients / i.connections) * i.provider_s + (1 + settles) * i.database_s);
}

export function demandOf(people: number, i: Inputs) {
  const month = people * i.reminders_a_person_a_month;
  const minute = (month / DAYS_A_MONTH) * i.busiest_minute;
  const leads = minute / i.people_an_event;
  const rate = minute / i.out_within_s;
  const channels = CHANNELS.map((channel) => {
    const wanted = rate * i.share[channel];
    return {
      channel,
      a_second: wanted,
      a_day: (month / DAYS_A_MONTH) * i.share[channel],
      consumers: Math.ceil(wanted / consumerRate(channel, i)),
    };
  });
  const messages_a_reminder = 1 + CHANNELS.reduce((sum, channel) => sum + messagesOf(channel, i).messages, 0);
  const reminders = month / i.people_an_event;
  const requests_a_second = ((people * i.requests_a_person_a_day) / 86_400) * i.busiest_second;
  const messages = reminders * messages_a_reminder;
  const operations = messages * i.operations_a_message;
  // A consumer uses one at a time, a request for as long as its round trip.
  const connections = channels.reduce((sum, { consumers }) => sum + consumers, 0) + requests_a_second * i.database_s;
  return { people, month, minute, leads, rate, channels, messages, operations, requests_a_second, connections };
}

export type Demand = ReturnType<typeof demandOf>;

export function databaseOf(people: number, i: Inputs) {
  const { month, rate, requests_a_second } = demandOf(people, i);
  const a_month = month * i.delivery_bytes;
  const ledger = a_month * i.ledger_months;
  const events = ((people * i.events_a_person) / i.people_an_event) * i.event_bytes;
  const known = people * i.person_bytes;
  const cores = (rate * i.delivery_database_ms + requests_a_second * i.request_database_ms) / 1000;
  // People, events and a day of the ledger are read all the time.
  const hot = events + known + a_month / DAYS_A_MONTH;
  const cu = Math.max(i.smallest_cu, cores / i.busy_at_most, hot / (i.gigabytes_a_cu * GB));
  return {
    rows: month * i.ledger_months,
    ledger,
    total: ledger + events + known,
    hot,
    cores,
    cu: Math.ceil(cu * 4) / 4,
    ...partitionsOf(ledger, i),
  };
}

/** By the coarsest span of time that keeps a part small enough to be rebuilt and dropped at ease. */
function partitionsOf(
  ledger: number,
  { ledger_months, partition_bytes }: Inputs,
): { partition: string; partitions: number } {
  const spans = [
    { partition: "none", partitions: 1 },
    { partition: "month", partitions: ledger_months + 1 },
    { partition: "week", partitions: Math.ceil((ledger_months * DAYS_A_MONTH) / 7) + 1 },
  ];
  const fits = spans.find(({ partitions }) => ledger / Math.max(1, partitions - 1) <= partition_bytes);
  return fits ?? { partition: "day", partitions: ledger_months * DAYS_A_MONTH + 1 };
}

/** What one person uses of a limit, so that `limit / use` people meet it. */
export type Limit = { name: string; limit: number; unit: string; use: (demand: Demand) => number; remedy: string };

/** In the order in which growth meets them. */
export const inOrder = (limits: Limit[], i: Inputs) => {
  const million = demandOf(1e6, i);
  return limits
    .map(({ use, ...limit }) => ({ ...limit, people: (limit.limit / use(million)) * 1e6 }))
    .sort((a, b) => a.people - b.people);
};

export type Prices = {
  provider: Record<Channel, number>;
  queue_operation: number;
  worker_request: number;
  worker_cpu_ms: number;
  cu_hour: number;
  gigabyte_month: number;
};

/** USD for a million reminders on one channel, and nothing else: each part of ours, and the provider's. */
export function costOfMillion(channel: Channel, i: Inputs, prices: Prices) {
  const alone = { ...i, share: { push: 0, email: 0, sms: 0, [channel]: 1 } };
  const reminders = 1e6 / i.people_an_event;
  const { messages } = messagesOf(channel, alone);
  const batches = reminders / i.reminders_a_picking + (reminders * messages) / i.messages_a_batch;
  const worker = batches * prices.worker_request + 1e6 * i.delivery_cpu_ms_at_most * prices.worker_cpu_ms;
  const queue = reminders * (1 + messages) * i.operations_a_message * prices.queue_operation;
  const database =
    ((1e6 * i.delivery_database_ms) / 3_600_000 / i.busy_at_most) * prices.cu_hour +
    ((1e6 * i.delivery_bytes) / GB) * i.ledger_months * prices.gigabyte_month;
  const provider = 1e6 * prices.provider[channel];
  return { provider, queue, worker, database, ours: queue + worker + database };
}

export type FirstPrices = {
  lambda_request: number;
  lambda_gb_s: number;
  lambda_gb: number;
  lambda_s: number;
  sqs_request: number;
  sqs_requests_a_message: number;
  database_month: number;
  gigabyte_month: number;
};

/** The same by the first design: a queue message and a Lambda call for each person; its database is there all month, whatever is sent. */
export function firstCostOfMillion(channel: Channel, i: Inputs, p: FirstPrices, prices: Prices) {
  const lambda = 1e6 * (p.lambda_request + p.lambda_gb * p.lambda_s * p.lambda_gb_s);
  const queue = 1e6 * p.sqs_requests_a_message * p.sqs_request;
  const storage = ((1e6 * i.delivery_bytes) / GB) * i.ledger_months * p.gigabyte_month;
  return {
    provider: 1e6 * prices.provider[channel],
    queue,
    worker: lambda,
    database: storage,
    ours: lambda + queue + storage,
  };
}

/**
 * USD of a month at a size, provider apart: the plan, the queues, the Worker, and a database as large as its busiest minute needs for the busy part of the day,
 * or all day where it is too large for autoscaling.
 */
export function monthOf(
  people: number,
  i: Inputs,
  prices: Prices,
  plan: {
    worker: number;
    operations: number;
    requests: number;
    cpu_ms: number;
    busy_hours: number;
    autoscaling: number;
  },
) {
  const demand = demandOf(people, i);
  const database = databaseOf(people, i);
  const over = (used: number, included: number) => Math.max(0, used - included);
  const requests = people * i.requests_a_person_a_day * DAYS_A_MONTH;
  const queue = over(demand.operations, plan.operations) * prices.queue_operation;
  const worker =
    plan.worker +
    over(requests + demand.messages / i.messages_a_batch + MINUTES_A_DAY * DAYS_A_MONTH, plan.requests) *
      prices.worker_request +
    over(requests * i.request_cpu_ms_at_most + demand.month * i.delivery_cpu_ms_at_most, plan.cpu_ms) *
      prices.worker_cpu_ms;
  const resting = Math.max(i.smallest_cu, Math.min(database.cu, database.hot / (i.gigabytes_a_cu * GB)));
  const hours = database.cu > plan.autoscaling ? HOURS_A_MONTH : plan.busy_hours * DAYS_A_MONTH;
  const compute = (database.cu * hours + resting * (HOURS_A_MONTH - hours)) * prices.cu_hour;
  const storage = (database.total / GB) * prices.gigabyte_month;
  const provider = Object.fromEntries(
    CHANNELS.map((channel) => [channel, demand.month * i.share[channel] * prices.provider[channel]]),
  ) as Record<Channel, number>;
  return { queue, worker, compute, storage, provider };
}
