/** Drives the pipeline's own code by hand: a clock that the test sets, queues that record, and messages that arrive when the test says so. */
import { sql } from "drizzle-orm";
import { runSchedule } from "../../src/cron/index.ts";
import { consume } from "../../src/queues/index.ts";
import type { Message } from "../../src/queues/messages.ts";
import { call, type Person, query, type Sent, type TestDeps, testDeps } from "./index.ts";

export type Clock = { ms: number };

/** Deps whose clock is the given one; waiting moves it on. */
export function clockedDeps(clock: Clock, changed: Parameters<typeof testDeps>[0] = {}): TestDeps {
  return testDeps({
    now: () => clock.ms,
    wait: async (ms) => {
      clock.ms += ms;
    },
    ...changed,
  });
}

export type Settled = { id: string; outcome: "ack" | "retry" | "none"; delaySeconds?: number };

let batches = 0;

/** Hands a batch to the queue door and tells what became of each message. */
export async function receive(
  deps: TestDeps,
  bodies: unknown[],
  { queue = "test", ids }: { queue?: string; ids?: string[] } = {},
): Promise<Settled[]> {
  const batch = ++batches;
  const settled = bodies.map((_, index): Settled => ({ id: ids?.[index] ?? messageId(batch, index), outcome: "none" }));
  const messages = bodies.map((body, index) => ({
    id: settled[index]!.id,
    timestamp: new Date(deps.now()),
    attempts: 1,
    body,
    // The first of the two wins, as on the platform.
    ack: () => {
      if (settled[index]!.outcome === "none") settled[index]!.outcome = "ack";
    },
    retry: (options?: { delaySeconds?: number }) => {
      if (settled[index]!.outcome === "none")
        Object.assign(settled[index]!, { outcome: "retry", delaySeconds: options?.delaySeconds });
    },
  }));
  await consume({ queue, messages, ackAll: () => {}, retryAll: () => {} } as unknown as MessageBatch, deps);
  return settled;
}

const messageId = (batch: number, index: number) => `${batch}-${index}`.padStart(32, "0").replace("-", "a");

/** Takes what was sent so far out of the record. */
export const taken = (deps: TestDeps): Sent[] => deps.sent.splice(0);

const bare = ({ delaySeconds: _, ...message }: Sent): Message => message as Message;

/** Delivers everything that is in the queues, and what that sends, each at its moment, until nothing is left. */
export async function drain(deps: TestDeps, clock: Clock): Promise<void> {
  for (let turns = 0; deps.sent.length > 0; turns++) {
    if (turns > 200) throw new Error("the pipeline does not come to rest");
    const soonest = Math.min(...deps.sent.map((one) => one.delaySeconds));
    const now = deps.sent.filter((one) => one.delaySeconds === soonest);
    const later = deps.sent.filter((one) => one.delaySeconds > soonest);
    clock.ms += soonest * 1000;
    deps.sent.splice(
      0,
      deps.sent.length,
      ...later.map((one) => ({ ...one, delaySeconds: one.delaySeconds - soonest })),
    );
    for (const group of Map.groupBy(now, ({ type }) => type).values())
      await receive(deps, group.map(bare), { queue: group[0]!.type });
  }
}

/** Runs the minute's schedule for `at`, ms. */
export const tick = (deps: TestDeps, at: number): Promise<void> =>
  runSchedule({ cron: "* * * * *", scheduledTime: at, noRetry: () => {} } as ScheduledController, deps);

/** A group of the given people; the first is its admin, the others standard members. */
export async function group(...members: [Person, ...Person[]]): Promise<number> {
  const [made] = await query<{ id: number }>(
    sql`insert into groups (name, description, admin_id) values ('Group', '', ${members[0].id}) returning id`,
  );
  for (const [index, member] of members.entries()) {
    await query(
      sql`insert into group_members (group_id, user_id, status) values (${made!.id}, ${member.id}, ${index === 0 ? "admin" : "standard"}::member_status)`,
    );
  }
  return made!.id;
}

type EventIn = { group_id: number; at: number } & Record<string, unknown>;

/** An event at an instant, through the API; `at` in ms. It is reminded at its start unless the input says otherwise. */
export async function event(admin: Person, { at, ...input }: EventIn, deps: TestDeps): Promise<number> {
  const answer = await call<{ id: number }>("POST", "/event", {
    as: admin,
    deps,
    json: {
      name: "Dinner",
      description: "",
      starts_at: new Date(at).toISOString(),
      recurrence: null,
      reminders: [0],
      is_budget: false,
      ...input,
    },
  });
  if (answer.http !== 200) throw new Error(`POST /event: ${JSON.stringify(answer)}`);
  return answer.data.id;
}

export type LedgerRow = {
  user_id: number;
  event_timestamp: string;
  kind: string;
  reminder_status: string;
  picked: boolean;
  why: string;
  channel: string | null;
  step: number | null;
  status: string | null;
  reason: string | null;
  last_error: string | null;
  attempts: number | null;
};

/** What the ledger says of an event, by occurrence, person and step. */
export const ledger = (event_id: number): Promise<LedgerRow[]> =>
  query<LedgerRow>(
    sql`select p.user_id, er.event_timestamp::text, er.kind, er.status as reminder_status, p.picked, p.reason as why, l.channel, l.step, l.status, l.reason, l.last_error, l.attempts
        from event_reminders er left join event_reminders_users p on p.event_reminders_id = er.id
        left join event_reminders_logs l on l.event_reminders_id = er.id and l.user_id = p.user_id
        where er.event_id = ${event_id} order by er.due_at, er.id, p.user_id, l.step`,
  );
