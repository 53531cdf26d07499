/**
 * The same job by what one would otherwise take from the registry, on the same PostgreSQL: N messages, each by HTTP to the same stand-in, six at
 * once at most, a row of its own settled for each.
 */
import { join } from "node:path";
import { createDatabase } from "../dev/postgres.ts";
import { type Child, startChild } from "./bed/child.ts";
import type { Accepted } from "./bed/provider-process.ts";
import { startBed } from "./bed.ts";
import type { Figure, Part, Section, Size } from "./figures.ts";
import { runPipeline } from "./pipeline/run.ts";
import { gatherPeople, type Plan } from "./pipeline/world.ts";
import { graphileWorker } from "./rivals/graphile-worker.ts";
import { pgBoss } from "./rivals/pg-boss.ts";
import { jobsOf, type Rival, sender } from "./rivals/rival.ts";

/** Messages, by what the provider takes to answer, in ms. */
const MESSAGES: Record<Size, Record<0 | 50, number>> = {
  full: { 0: 10_000, 50: 2_000 },
  quick: { 0: 300, 50: 90 },
};
const LATENCIES = [0, 50] as const;
const RIVALS = [pgBoss, graphileWorker];
/** By one channel alone, so that ours too has one consumer with six connections. */
const CHANNEL = ["push"] as const;
const OURS: { plan: Plan; name: string }[] = [
  { plan: "one event", name: "ours, one event" },
  { plan: "many events", name: "ours, an event each" },
];

type Measured = { name: string; latency: 0 | 50; rate: number; tripsAThousand: number };

export const rivals: Part = { id: "rivals", title: "The same job by pg-boss and graphile-worker", measure };

async function measure(size: Size, say: (line: string) => void): Promise<Section> {
  const most = Math.max(...Object.values(MESSAGES[size]));
  const bed = await startBed({ arrange: (url) => gatherPeople(url, most, CHANNEL) });
  const provider = startChild(join(import.meta.dirname, "bed", "provider-process.ts"));
  const measured: Measured[] = [];
  const keep = (name: string, latency: 0 | 50, count: number, run: { seconds: number; roundTrips: number }) => {
    const one = { name, latency, rate: count / run.seconds, tripsAThousand: (run.roundTrips / count) * 1000 };
    measured.push(one);
    say(`${name}, provider ${latency} ms: ${one.rate.toFixed(0)} messages/s`);
  };
  try {
    // Compiled code and warm connections for everybody.
    await runPipeline(bed, "one event", most, CHANNEL);
    for (const rival of RIVALS) await runRival(rival, bed.databaseUrl, provider, Math.min(most, 300));
    for (const latency of LATENCIES) {
      const count = MESSAGES[size][latency];
      await provider.ask("answerAfter", latency);
      for (const rival of RIVALS) {
        keep(rival.name, latency, count, await runRival(rival, bed.databaseUrl, provider, count));
      }
      await bed.provider.answerAfter(latency);
      for (const { plan, name } of OURS) {
        const { settledSeconds, roundTrips } = await runPipeline(bed, plan, count, CHANNEL);
        keep(name, latency, count, { seconds: settledSeconds, roundTrips });
      }
    }
  } finally {
    await provider.stop();
    await bed.stop();
  }
  return { id: rivals.id, title: rivals.title, figures: figuresOf(measured), notes: notes(size) };
}

let databases = 0;

async function runRival(rival: Rival, serverUrl: string, provider: Child, count: number) {
  const databaseUrl = await createDatabase(serverUrl, `${rival.name}-${++databases}`);
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

function figuresOf(measured: Measured[]): Figure[] {
  return LATENCIES.flatMap((latency) => {
    const of = measured.filter((one) => one.latency === latency);
    const rival = of.filter(({ name }) => RIVALS.some((one) => one.name === name)).sort((a, b) => b.rate - a.rate)[0]!;
    return of.flatMap((one): Figure[] => {
      const title = `${one.name}, provider ${latency} ms`;
      const isOurs = OURS.some(({ name }) => name === one.name);
      const ceiling = latency > 0 ? { name: "what six connections allow", value: 6000 / latency } : null;
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
  `${MESSAGES[size][0]} messages where the provider answers at once, ${MESSAGES[size][50]} where it takes 50 ms; the time is from handing them in (ours: from the tick) to the last row settled.`,
  "All have the same PostgreSQL, the same stand-in and at most six sends at once; ours sends on one channel alone, by one consumer. Rivals run in Node over kept connections to PostgreSQL; ours runs in workerd and asks over HTTP, through the endpoint that stands in for Neon.",
  "The rivals have what their documentation recommends for many small jobs: pg-boss inserts at once, fetches 500 and completes them in one statement, and does not wait for its polling; graphile-worker adds all jobs in one call, fetches 500 into its local queue and completes in batches. Both had a run before, not counted.",
  "The rivals send a plain HTTP request. Ours signs each (SigV4), and does what the rivals leave to their user: finds what is due, picks the people, chooses a channel for each and says why, makes the words in each reader's language and zone, checks in the statement that claims that event, person and address still hold, keeps a lease and a provider's id for each person, falls back to the next channel, and lets nothing out late.",
  "A batch of pg-boss is settled as one: a crash sends up to 500 again, as it does up to a batch of ours (SMS: 25).",
];
