/**
 * `npm run bench:outage [-- --json] [-- --reminders N --people N --latency MS]`: how long it takes to settle what fell due while no tick came for three hours.
 * The hours pass on the schedules' clock alone. Always on a stack of its own, which ends with it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Stack } from "../dev/client.ts";
import { gatherCrowd, planReminder } from "../dev/crowd.ts";
import { launchOwnStack } from "../dev/stack-process.ts";
import { table } from "../dev/table.ts";
import { LATE_AFTER_MINUTES } from "../src/domain/rules.ts";
import { eachAtMost } from "../src/queues/concurrency.ts";
import { readAccepts } from "../test/chaos/accepts.ts";
import type { Asked, Facts } from "../test/chaos/facts.ts";
import { setFaults } from "../test/chaos/incidents.ts";
import { atRest, progressLine, readLedger, readProgress } from "../test/chaos/ledger.ts";
import { judge } from "../test/chaos/oracle.ts";
import { startTicks } from "../test/chaos/ticks.ts";
import { describeMachine, machineLine } from "./machine.ts";

const GOAL_SECONDS = 300;
const MINUTE_MS = 60_000;
const OUTAGE_MS = 180 * MINUTE_MS;
/** Planning must be over before the first is due. */
const FIRST_DUE_MS = 10 * MINUTE_MS;
/** A schedule runs once a minute, as in production. */
const TICK_EVERY_MS = MINUTE_MS;
const LOOK_EVERY_MS = 2_000;
const GIVE_UP_MS = 2 * GOAL_SECONDS * 1_000;
const CHANNELS = ["sms", "email", "push"];
const MARK = /Outage-\d{5}/;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    reminders: { type: "string", default: "5000" },
    people: { type: "string", default: "20" },
    latency: { type: "string", default: "100" },
  },
});
const reminders = wholeNumber("--reminders", values.reminders);
const size = wholeNumber("--people", values.people);
/** What the provider takes to answer, about as long as the real ones; 0 measures the machine alone. */
const latency_ms = wholeNumber("--latency", values.latency, 0);
const started = performance.now();
const say = (line: string) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);

const machine = describeMachine();
say(machineLine(machine));
const { stack, end } = await launchOwnStack({
  flags: ["--no-seed", "--no-tick"],
  heard: (line) => void (line.startsWith("Torium") || say(line)),
});
try {
  report(await measure(stack));
} catch (error) {
  console.error(`The measurement failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await end();
}

async function measure(stack: Stack) {
  const { people, group_id } = await gatherCrowd(stack, size, say);
  const asked = await plan(stack, people[0]!, group_id);
  const ids = asked.map(({ event_id }) => event_id);
  say(`${asked.length} events for ${size} people fall due in the three hours; the first tick comes after them`);
  const slow = CHANNELS.map((channel) => ({ channel, kind: "latency", ms: latency_ms }));
  await setFaults(stack.inbox, "PUT", slow);
  const first = Date.now();
  const ticks = startTicks(stack.api, TICK_EVERY_MS, OUTAGE_MS);
  for (let resting = 0; resting < 2 && Date.now() < first + GIVE_UP_MS; ) {
    await delay(LOOK_EVERY_MS);
    const progress = await readProgress(stack.database_url, ids, ticks.now());
    say(progressLine(progress));
    resting = progress && atRest(progress) ? resting + 1 : 0;
  }
  await ticks.stop();
  const facts: Facts = {
    people: people.map(({ user_id, to, email }) => ({ user_id, addresses: [...new Set([to, email])], left: null })),
    asked,
    incidents: [],
    shifts: ticks.shifts,
    ticked_to: ticks.tickedTo(),
    ledger: await readLedger(stack.database_url, ids),
    accepts: await readAccepts(stack.inbox, asked, MARK),
  };
  return { facts, first };
}

/** Evenly over the three hours; each fifth has a lead of half an hour, and so is still worth sending when others are not. */
async function plan(stack: Stack, admin: Parameters<typeof planReminder>[1], group_id: number): Promise<Asked[]> {
  const count = Math.ceil(reminders / size);
  const from = Math.ceil((Date.now() + FIRST_DUE_MS) / 1000) * 1000;
  const span = OUTAGE_MS - FIRST_DUE_MS - MINUTE_MS;
  const asked: Asked[] = [];
  await eachAtMost(
    4,
    Array.from({ length: count }, (_, n) => n),
    async (n) => {
      const name = `Outage-${String(n).padStart(5, "0")}`;
      const due_at = from + Math.floor((n * span) / count / 1000) * 1000;
      const lead_minutes = n % 5 === 0 ? 30 : 0;
      const starts_at = due_at + lead_minutes * MINUTE_MS;
      const event_id = await planReminder(stack, admin, group_id, { name, starts_at, lead_minutes });
      asked.push({ event_id, name, starts_at, due_at });
    },
  );
  // What is due soon is claimed as it is made.
  if (Date.now() > from - 3 * MINUTE_MS) throw new Error("planning took too long on this machine");
  return asked;
}

function report({ facts, first }: { facts: Facts; first: number }): void {
  const { ledger, accepts } = facts;
  const violations = judge(facts);
  const settled = ledger.deliveries.flatMap(({ settled_at }) => settled_at ?? []);
  const last = settled.reduce((latest, at) => Math.max(latest, at), first);
  const seconds = (last - first) / 1000;
  const expired = ledger.people.filter(({ reason }) => reason === "expired").length;
  const late = accepts.filter(({ says_late }) => says_late).length;
  const figures = {
    reminders: facts.asked.length * facts.people.length,
    events: facts.asked.length,
    provider_latency_ms: latency_ms,
    first_tick_to_last_settled_s: seconds,
    expired: expired + ledger.deliveries.filter(({ status }) => status === "expired").length,
    accepted: accepts.length,
    marked_late: late,
    due_within_the_last_minutes: accepts.length - late,
    messages_a_second: seconds > 0 ? Number((accepts.length / seconds).toFixed(1)) : null,
    violations: violations.length,
  };
  const failures = [
    ...(seconds > GOAL_SECONDS ? [`settling took ${seconds} s, the goal is ${GOAL_SECONDS} s`] : []),
    ...(late === 0 || figures.expired === 0 ? ["nothing was late, or nothing expired: this was no outage"] : []),
    ...violations.slice(0, 20).map(({ rule, what }) => `${rule}: ${what}`),
  ];
  if (failures.length > 0) process.exitCode = 1;
  if (values.json) {
    console.log(JSON.stringify({ machine, goal_s: GOAL_SECONDS, ...figures, failures }, null, 2));
    return;
  }
  const told = {
    "reminders overdue": `${figures.reminders}, of ${figures.events} events`,
    "the provider answers within": `${latency_ms} ms`,
    "first tick to last settled": `${seconds.toFixed(1)} s`,
    expired: String(figures.expired),
    "accepted by the provider": String(accepts.length),
    "marked late": String(late),
    [`due less than ${LATE_AFTER_MINUTES} minutes ago`]: String(accepts.length - late),
    "messages a second": String(figures.messages_a_second),
    violations: String(violations.length),
  };
  console.log(`\nAfter three hours without a tick; ${machineLine(machine)}\n\n${table(Object.entries(told))}\n`);
  console.log(
    failures.length === 0
      ? "Everything is settled within five minutes"
      : failures.map((line) => `FAILED  ${line}`).join("\n"),
  );
}

function wholeNumber(flag: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= 100_000) return value;
  console.error(`${flag} needs a whole number from ${least} to 100000, not "${text}"`);
  process.exit(1);
}
