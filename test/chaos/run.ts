/** One run of chaos on a stack of its own, and its verdict. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { callApi, RefusedError, type Stack } from "../../dev/client.ts";
import { gatherCrowd, type PlannedReminder, planReminder, type Reader } from "../../dev/crowd.ts";
import { eachAtMost } from "../../src/queues/concurrency.ts";
import { readAccepts } from "./accepts.ts";
import type { Asked, Facts, Incident, Reminded } from "./facts.ts";
import { crashDatabase, diedBy, killWorker, reachBack, setFaults, stopDatabase } from "./incidents.ts";
import { atRest, type Progress, progressLine, readLedger, readProgress } from "./ledger.ts";
import type { Scenario } from "./scenario.ts";
import { SKIPPED_MS } from "./scenario.ts";
import { startTicks } from "./ticks.ts";

const TICK_EVERY_MS = 15_000;
const LOOK_EVERY_MS = 5_000;
const REST_WITHIN_MS = 8 * 60_000;
const STORM_IN_MS = 20_000;
/** An event's name is found in any text about it by this. */
const MARK = /Storm-\d{5}/;
const ANSWERS_LOST = { sms: 3, email: 3, push: 3 };
/** As long as the real ones take about; a provider that answers at once is hardly ever met in the middle of its work. */
const LATENCY = (["sms", "email", "push"] as const).map((channel) => ({ channel, kind: "latency", ms: 100 }));

export interface Outcome {
  facts: Facts;
  progress: Progress | null;
  /** From the end of the last incident to rest, ms; null where it never came. */
  rest_after_ms: number | null;
  ticks: { ran: number; failed: number };
}

export async function runChaos(
  { stack, directory, deaths }: { stack: Stack; directory: string; deaths: number[] },
  scenario: Scenario,
  size: number,
  say: (line: string) => void,
): Promise<Outcome> {
  const runFile = join(directory, "run.json");
  const { people, group_id } = await gatherCrowd(stack, size, say);
  const { asked, begins } = await plan(stack, people[0]!, group_id, scenario);
  say(`${asked.length} events for ${size} people are planned; the storm begins at ${clock(begins)}`);
  const ids = asked.map(({ event_id }) => event_id);
  const reminded = people.map(
    (one): Reminded => ({ user_id: one.user_id, addresses: [...new Set([one.to, one.email])], left: null }),
  );
  const incidents: Incident[] = [];
  await until(begins - STORM_IN_MS);
  const ticks = startTicks(stack.api, TICK_EVERY_MS);
  await setFaults(stack.inbox, "PUT", LATENCY);
  const looking = look(() => readProgress(stack.database_url, ids, ticks.now()), say);
  try {
    await storm({ stack, runFile, begins, scenario, people, reminded, group_id, incidents, say });
    await until(begins + scenario.ends_at);
    say("No tick for three hours: the next ones come three hours later");
    ticks.skip(SKIPPED_MS);
    const skipped = Date.now();
    for (const at of scenario.later_kills) {
      await until(skipped + at);
      incidents.push(await killWorker(runFile));
      say("workerd is killed");
    }
    const calm = Date.now();
    const progress = await restWithin(() => looking.last());
    const rest_after_ms = progress ? Date.now() - calm : null;
    await ticks.stop();
    await looking.stop();
    const own = incidents.map(({ from }) => from);
    for (const at of deaths.filter((one) => !own.some((from) => from <= one && one <= from + 40_000))) {
      say(`The stack restarted the Worker by itself at ${clock(at)}`);
      incidents.push(diedBy(at));
    }
    const ledger = await readLedger(stack.database_url, ids);
    const accepts = await readAccepts(stack.inbox, asked, MARK);
    return {
      facts: {
        people: reminded,
        asked,
        incidents: reachBack(incidents),
        shifts: ticks.shifts,
        ticked_to: ticks.tickedTo(),
        ledger,
        accepts,
      },
      progress: looking.last(),
      rest_after_ms,
      ticks: ticks.counts,
    };
  } finally {
    await ticks.stop();
    await looking.stop();
  }
}

async function plan(stack: Stack, admin: Reader, group_id: number, scenario: Scenario) {
  const begins = Math.ceil((Date.now() + scenario.planned_ahead_ms + scenario.events.length * 60) / 1000) * 1000;
  const asked: Asked[] = [];
  const planned = scenario.events.map(
    ({ due_in_ms, lead_minutes, recurrence }, n): PlannedReminder => ({
      name: `Storm-${String(n).padStart(5, "0")}`,
      starts_at: begins + due_in_ms + lead_minutes * 60_000,
      lead_minutes,
      ...(recurrence && { recurrence }),
    }),
  );
  await eachAtMost(4, planned, async (one) => {
    const event_id = await planReminder(stack, admin, group_id, one);
    const { name, starts_at, lead_minutes } = one;
    asked.push({ event_id, name, starts_at, due_at: starts_at - lead_minutes * 60_000 });
  });
  return { asked: asked.toSorted((a, b) => a.due_at - b.due_at), begins };
}

interface Stage {
  stack: Stack;
  runFile: string;
  begins: number;
  scenario: Scenario;
  people: Reader[];
  reminded: Reminded[];
  group_id: number;
  incidents: Incident[];
  say: (line: string) => void;
}

/** Everything at its moment; what is done is noted as an incident, with the moment at which it was done. */
async function storm({ stack, runFile, begins, scenario, people, reminded, group_id, incidents, say }: Stage) {
  const at = async (moment: number, what: () => Promise<void>) => {
    await until(begins + moment);
    await what();
  };
  const kills = scenario.kills.map((moment) =>
    at(moment, async () => {
      incidents.push(await killWorker(runFile));
      say("workerd is killed");
    }),
  );
  const stopped = at(scenario.away_at, async () => {
    say("PostgreSQL stands still");
    incidents.push(await stopDatabase(runFile, scenario.away_ms));
    say("PostgreSQL goes on");
  });
  // One that stands still must not be killed: its connections would stay behind and keep the next one from starting.
  const crashed = at(scenario.crash_at, async () => {
    if (scenario.crash_at >= scenario.away_at) await stopped;
    incidents.push(crashDatabase(runFile));
    say("PostgreSQL is killed");
  });
  const throttled = at(scenario.throttle.from, async () => {
    await setFaults(stack.inbox, "POST", [
      { channel: "sms", kind: "throttle" },
      { channel: "push", kind: "throttle" },
    ]);
    say("SNS is throttled");
    await until(begins + scenario.throttle.to);
    await setFaults(stack.inbox, "PUT", LATENCY);
    say("SNS is throttled no more");
  });
  const answersLost = at(scenario.answers_lost_at, async () => {
    const faults = Object.entries(ANSWERS_LOST).map(([channel, times]) => ({ channel, kind: "drop_answer", times }));
    const from = Date.now();
    await setFaults(stack.inbox, "POST", faults);
    // In force until they are used up.
    incidents.push({ kind: "answers lost", from, to: Number.MAX_SAFE_INTEGER, doubles: { ...ANSWERS_LOST } });
    say("Three answers on each channel will be lost");
  });
  const left = scenario.leavers.map(({ place, at: moment }) =>
    at(moment, async () => {
      reminded[place]!.left = await leave(stack, people[place]!, group_id);
      say(`Person ${people[place]!.user_id} has left`);
    }),
  );
  await Promise.all([...kills, stopped, crashed, throttled, answersLost, ...left]);
}

/** Leaves the group, asking until the Worker says that it is so. */
async function leave(stack: Stack, { token, user_id }: Reader, group_id: number): Promise<Reminded["left"]> {
  const asked_at = Date.now();
  for (;;) {
    try {
      await callApi(stack, token, "DELETE /group/members", { group_id, user_id });
      return { asked_at, done_at: Date.now() };
    } catch (error) {
      // An answer that was lost: whoever has left is a stranger.
      if (error instanceof RefusedError && error.code === "not_found") return { asked_at, done_at: Date.now() };
      await delay(500);
    }
  }
}

function look(read: () => Promise<Progress | null>, say: (line: string) => void) {
  const over = new AbortController();
  let last: Progress | null = null;
  const looking = (async () => {
    while (!over.signal.aborted) {
      last = await read();
      say(progressLine(last));
      await delay(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  return {
    last: () => last,
    async stop() {
      over.abort();
      await looking;
    },
  };
}

/** Null where it does not come to rest. Two looks must agree: between claiming and picking nothing seems to wait. */
async function restWithin(look: () => Progress | null): Promise<Progress | null> {
  const deadline = Date.now() + REST_WITHIN_MS;
  for (let resting = 0; Date.now() < deadline; ) {
    await delay(LOOK_EVERY_MS);
    const progress = look();
    resting = progress && atRest(progress) ? resting + 1 : 0;
    if (progress && resting >= 3) return progress;
  }
  return null;
}

const until = (moment: number) => delay(Math.max(0, moment - Date.now()));
const clock = (ms: number) => new Date(ms).toLocaleTimeString("en-GB");
