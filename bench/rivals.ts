/**
 * The same job by what one would otherwise take from the registry, on the same PostgreSQL: N messages, each by HTTP to the same stand-in, six at
 * once at most, a row of its own settled for each.
 */
import { join } from "node:path";
import { CONNECTIONS } from "../src/queues/concurrency.ts";
import { type Child, startChild } from "./bed/child.ts";
import { newDatabase } from "./bed/database.ts";
import type { Accepted } from "./bed/provider-process.ts";
import { type Bed, startBed } from "./bed.ts";
import { endAll } from "./ending.ts";
import type { Figure, Part, Section, Size } from "./figures.ts";
import { runPipeline } from "./pipeline/run.ts";
import { gatherPeople, type Plan } from "./pipeline/world.ts";
import { median } from "./quantile.ts";
import { graphileWorker } from "./rivals/graphile-worker.ts";
import { pgBoss } from "./rivals/pg-boss.ts";
import { jobsOf, type Rival, type Run, sender } from "./rivals/rival.ts";

/** Messages, by what the provider takes to answer, in ms. */
const MESSAGES: Record<Size, Record<0 | 50, number>> = {
  full: { 0: 10_000, 50: 2_000 },
  quick: { 0: 300, 50: 90 },
};
const ROUNDS: Record<Size, Record<0 | 50, number>> = { full: { 0: 3, 50: 1 }, quick: { 0: 1, 50: 1 } };
/** Messages of each, before what is measured. */
const WARM_UP: Record<Size, number> = { full: 2_000, quick: 300 };
const LATENCIES = [0, 50] as const;
const RIVALS = [pgBoss, graphileWorker];
/** By one channel alone, so that ours too has one consumer with six connections. */
const CHANNEL = ["push"] as const;
const OURS: { plan: Plan; name: string }[] = [
  { plan: "one event", name: "ours, one event" },
  { plan: "many events", name: "ours, an event each" },
];

type Contestant = { name: string; run: (count: number) => Promise<Run> };
type Measured = { name: string; latency: 0 | 50; rate: number; tripsAThousand: number };

export const rivals: Part = { id: "rivals", title: "The same job by pg-boss and graphile-worker", measure };

async function measure(size: Size, say: (line: string) => void): Promise<Section> {
  const most = Math.max(...Object.values(MESSAGES[size]));
  const bed = await startBed({ arrange: (url) => gatherPeople(url, most, CHANNEL) });
  const provider = startChild(join(import.meta.dirname, "bed", "provider-process.ts"));
  const measured: Measured[] = [];
  const databases: { url: string; stop(): Promise<void> }[] = [];
  const ends = [() => provider.stop(), () => bed.stop()];
  try {
    for (const _ of RIVALS) {
      const database = await newDatabase();
      databases.push(database);
      ends.push(() => database.stop());
    }
    const contestants = contestantsOf(
      bed,
      provider,
      databases.map(({ url }) => url),
    );
    // Compiled code, warm connections and tables with a past, for everybody.
    for (const { run } of contestants) await run(WARM_UP[size]);
    for (const latency of LATENCIES) {
      const count = MESSAGES[size][latency];
      await provider.ask("answerAfter", latency);
      await bed.provider.answerAfter(latency);
      for (let round = 0; round < ROUNDS[size][latency]; round++) {
        for (const { name, run } of rotated(contestants, round)) {
          const { seconds, roundTrips } = await run(count);
          const one = { name, latency, rate: count / seconds, tripsAThousand: (roundTrips / count) * 1000 };
          measured.push(one);
          say(`${name}, provider ${latency} ms: ${one.rate.toFixed(0)} messages/s`);
        }
      }
    }
  } finally {
    await endAll(ends);
  }
  return { id: rivals.id, title: rivals.title, figures: figuresOf(medians(measured)), notes: notes(size) };
}

/** Each rival has a database of its own for all its runs, as ours has. */
function contestantsOf(bed: Bed, provider: Child, databaseUrls: string[]): Contestant[] {
  const theirs = RIVALS.map(
    (rival, n): Contestant => ({
      name: rival.name,
      run: (count) => runRival(rival, databaseUrls[n]!, provider, count),
    }),
  );
  const ours = OURS.map(({ plan, name }): Contestant => {
    const run = async (count: number): Promise<Run> => {
      const { settledSeconds, roundTrips } = await runPipeline(bed, plan, count, CHANNEL);
      return { seconds: settledSeconds, roundTrips };
    };
    return { name, run };
  });
  return [...theirs, ...ours];
}

async function runRival(rival: Rival, databaseUrl: string, provider: Child, count: number): Promise<Run> {
  const { send, end } = sender(await provider.ask<string>("url"));
  try {
    await provider.ask("forget");
    const run = await rival.run({ databaseUrl, jobs: jobsOf(count), send });
    const { sms } = await provider.ask<Accepted>("accepted");
    if (sms.count !== count) throw new Error(`${rival.name}: ${sms.count} of ${count} messages were accepted`);
    return run;
  } finally {
    end();
  }
}

/** Each round begins with the next, so that nobody always follows the same. */
const rotated = <T>(list: T[], by: number): T[] => list.map((_, n) => list[(n + by) % list.length]!);

/** Of each contestant's rounds. */
function medians(measured: Measured[]): Measured[] {
  const groups = Map.groupBy(measured, ({ name, latency }) => `${name} ${latency}`);
  return [...groups.values()].map((rounds) => ({
    ...rounds[0]!,
    rate: median(rounds.map(({ rate }) => rate)),
    tripsAThousand: median(rounds.map(({ tripsAThousand }) => tripsAThousand)),
  }));
}

function figuresOf(measured: Measured[]): Figure[] {
  return LATENCIES.flatMap((latency) => {
    const of = measured.filter((one) => one.latency === latency);
    const rival = of.filter(({ name }) => RIVALS.some((one) => one.name === name)).sort((a, b) => b.rate - a.rate)[0]!;
    return of.flatMap((one): Figure[] => {
      const title = `${one.name}, provider ${latency} ms`;
      const isOurs = OURS.some(({ name }) => name === one.name);
      const ceiling =
        latency > 0 ? { name: "six connections at exactly 50 ms", value: (CONNECTIONS * 1000) / latency } : null;
      return [
        {
          name: title,
          kind: "measure",
          value: one.rate,
          unit: "messages/s",
          beside: isOurs ? { name: rival.name, value: rival.rate } : ceiling,
          goal: null,
        },
        {
          name: `${title}: database round trips for 1,000 messages`,
          kind: "measure",
          value: one.tripsAThousand,
          unit: "round trips",
          beside: isOurs ? { name: rival.name, value: rival.tripsAThousand } : null,
          goal: null,
        },
        ...(isOurs && latency > 0
          ? [ratioOf(`${title}: share of the faster rival's rate`, one.rate / rival.rate)]
          : []),
      ];
    });
  });
}

const ratioOf = (name: string, value: number): Figure => ({
  name,
  kind: "ratio",
  value,
  unit: "",
  beside: null,
  goal: null,
});

const notes = (size: Size): string[] => [
  `${MESSAGES[size][0]} messages where the provider answers at once (${roundsOf(ROUNDS[size][0])}), ${MESSAGES[size][50]} where it takes 50 ms (${roundsOf(ROUNDS[size][50])}); the time is from handing them in (ours: from the tick) to the last row settled.`,
  `Each had a run of ${WARM_UP[size]} messages before, not counted, and keeps its database from run to run. All tables are vacuumed and analyzed before the work begins, outside the time: the rivals' with the jobs in them, between handing in and the first fetch; ours with the events in them, before the tick, which makes its own rows afterwards.`,
  "All have the same PostgreSQL, the same stand-in and at most six sends at once; ours sends on one channel alone, by one consumer. Rivals run in Node over kept connections to PostgreSQL; ours runs in workerd and asks over HTTP, through the endpoint that stands in for Neon.",
  "The rivals have what their documentation recommends for many small jobs: pg-boss inserts at once, fetches 500 and completes them in one statement, and does not wait for its polling; graphile-worker adds all jobs in one call, fetches 500 into its local queue and completes in batches, and the start of its runner is outside the time.",
  "The rivals send a plain HTTP request. Ours signs each (SigV4), and does what the rivals leave to their user: finds what is due, picks the people, chooses a channel for each and says why, makes the words in each reader's language and zone, checks in the statement that claims that event, person and address still hold, keeps a lease and a provider's id for each person, falls back to the next channel, and lets nothing out late.",
  "A batch of pg-boss is settled as one: a crash sends up to 500 again, as it does up to a batch of ours (SMS: 25).",
];

const roundsOf = (rounds: number): string =>
  rounds === 1 ? "one round" : `the median of ${rounds} rounds, each begun by another`;
