/**
 * `npm run bench:punctuality [-- --json] [-- --reminders N --seconds N]`: how long after its due moment a reminder reaches the provider.
 * Through public doors alone, on the stack that is up, or on one of its own that ends with it.
 */
import { parseArgs } from "node:util";
import { readInbox, type Stack, wordsOf } from "../dev/client.ts";
import { gatherCrowd, planReminder, type Reader } from "../dev/crowd.ts";
import { launchOwnStack, stackInUse } from "../dev/stack-process.ts";
import { table } from "../dev/table.ts";
import { eachAtMost } from "../src/queues/concurrency.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { quantile } from "./quantile.ts";

/** Seconds from due to accepted by the provider. */
const GOALS = { p50: 0.3, p99: 1.5 };
const PEOPLE = 6;
const CHANNELS = ["sms", "email", "push"] as const;
const FIRST_DUE_IN_MS = 60_000;
const LOOK_EVERY_MS = 10_000;
/** After the last due moment; what has not come by then counts as missing. */
const PATIENCE_MS = 90_000;

interface Planned {
  name: string;
  due: number;
  reader: Reader;
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    reminders: { type: "string", default: "200" },
    seconds: { type: "string", default: "180" },
  },
});
const count = wholeNumber("--reminders", values.reminders);
const seconds = wholeNumber("--seconds", values.seconds);
const started = performance.now();
const say = (line: string) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const machine = describeMachine();
say(machineLine(machine));
const { stack, end } = (await stackInUse(say)) ?? (await ownStack());
try {
  report(await accepted(stack, await plan(stack)));
} catch (error) {
  console.error(`The measurement failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await end();
}

function ownStack() {
  say("No stack is up: starting one in a folder of its own");
  return launchOwnStack({ flags: ["--no-seed"], heard: (line) => void (line.startsWith("Torium") || say(line)) });
}

/** Evenly over the time, by whole seconds, which is what an event keeps; each for one person. */
async function plan(stack: Stack): Promise<Planned[]> {
  const { people, group_id } = await gatherCrowd(stack, PEOPLE, say);
  const run = group_id.toString(36);
  const first = Math.ceil((Date.now() + FIRST_DUE_IN_MS) / 1000) * 1000;
  const planned = Array.from({ length: count }, (_, n) => ({
    name: `Punctual ${run}-${String(n).padStart(4, "0")}`,
    due: first + Math.floor((n * seconds) / count) * 1000,
    reader: people[n % people.length]!,
  }));
  await eachAtMost(4, planned, async ({ name, due, reader }) => {
    const users = [reader.user_id];
    await planReminder(stack, people[0]!, group_id, { name, starts_at: due, lead_minutes: 0, users });
  });
  if (Date.now() > first - 5_000) throw new Error("planning took too long on this machine: it is too busy to measure");
  say(
    `${count} reminders are planned over ${seconds} s, the first due at ${new Date(first).toLocaleTimeString("en-GB")}`,
  );
  return planned;
}

type Arrived = Planned & { accepted_at: number[] };

/** Looks now and then, so that looking does not disturb, until every reminder is there or the time is over. */
async function accepted(stack: Stack, planned: Planned[]): Promise<Arrived[]> {
  const readers = [...new Set(planned.map(({ reader }) => reader))];
  const last = Math.max(...planned.map(({ due }) => due));
  for (;;) {
    await pause(LOOK_EVERY_MS);
    const inbox = new Map(
      await Promise.all(readers.map(async (one) => [one, await readInbox(stack, one.channel, one.to)] as const)),
    );
    const arrived = planned.map((one) => ({
      ...one,
      accepted_at: inbox
        .get(one.reader)!
        .filter((message) => wordsOf(message).includes(one.name))
        .map((message) => message.accepted_at),
    }));
    const there = arrived.filter(({ accepted_at }) => accepted_at.length > 0).length;
    const due = planned.filter(({ due }) => due <= Date.now()).length;
    say(`${due} due, ${there} accepted`);
    if (there === count || Date.now() > last + PATIENCE_MS) return arrived;
  }
}

function report(arrived: Arrived[]): void {
  const groups = [...CHANNELS, "all"].map((channel) => {
    const mine = arrived.filter(({ reader }) => channel === "all" || reader.channel === channel);
    const delays = mine
      .flatMap(({ accepted_at, due }) => accepted_at.slice(0, 1).map((at) => (at - due) / 1000))
      .sort((a, b) => a - b);
    return {
      channel,
      count: delays.length,
      missing: mine.length - delays.length,
      early: delays.filter((delay) => delay < 0).length,
      doubled: mine.filter(({ accepted_at }) => accepted_at.length > 1).length,
      p50: quantile(delays, 0.5),
      p90: quantile(delays, 0.9),
      p99: quantile(delays, 0.99),
      max: delays.at(-1) ?? null,
    };
  });
  const { missing, early, doubled, p50, p99 } = groups.at(-1)!;
  const failures = [
    ...(missing > 0 ? [`${missing} of ${count} reminders were not accepted`] : []),
    ...(early > 0 ? [`${early} were early`] : []),
    ...(doubled > 0 ? [`${doubled} came twice`] : []),
    ...(p50 !== null && p50 >= GOALS.p50 ? [`p50 is ${p50} s, the goal is under ${GOALS.p50} s`] : []),
    ...(p99 !== null && p99 >= GOALS.p99 ? [`p99 is ${p99} s, the goal is under ${GOALS.p99} s`] : []),
  ];
  if (failures.length > 0) process.exitCode = 1;
  if (values.json) {
    console.log(JSON.stringify({ machine, seconds, goals: GOALS, results: groups, failures }, null, 2));
    return;
  }
  const cell = (value: number | null) => (value === null ? "-" : value.toFixed(3));
  const rows = groups.map((one) => [
    one.channel,
    ...[one.count, one.missing, one.early, one.doubled].map(String),
    ...[one.p50, one.p90, one.p99, one.max].map(cell),
  ]);
  console.log(`\nSeconds from due to accepted by the provider; ${machineLine(machine)}\n`);
  console.log(table([["channel", "count", "missing", "early", "doubled", "p50", "p90", "p99", "max"], ...rows]));
  console.log(
    `\n${failures.length === 0 ? `p50 < ${GOALS.p50} s and p99 < ${GOALS.p99} s hold; none is early or missing` : failures.map((line) => `FAILED  ${line}`).join("\n")}`,
  );
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value;
  console.error(`${flag} needs a whole number from 1 to 10000, not "${text}"`);
  process.exit(1);
}
