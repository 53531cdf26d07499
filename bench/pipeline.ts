/** From the tick to the last accept: reminders of a crowd that are due in one minute, and one event that everybody takes part in. */
import { CONNECTIONS } from "../src/queues/concurrency.ts";
import { type Bed, type BedOptions, startBed } from "./bed.ts";
import type { Figure, Part, Section, Size } from "./figures.ts";
import { countPipeline } from "./pipeline/counts.ts";
import { LETTERS_NOTE, measureLetters } from "./pipeline/letters.ts";
import { type PipelineRun, runPipeline } from "./pipeline/run.ts";
import { countStages } from "./pipeline/stages.ts";
import { CHANNELS, gatherPeople, nameOf, PLANS, type Plan } from "./pipeline/world.ts";

const PEOPLE: Record<Size, number> = { full: 10_000, quick: 450 };
const WARM_UP = 2_000;
const LATENCIES = [0, 50] as const;
/** Rounds of bare calls, before each run and after it. */
const BARE_ROUNDS: Record<Size, number> = { full: 60, quick: 10 };
/** The ceiling: messages a second of all channels' connections to a provider that takes so many milliseconds, if they waited for nothing else. */
const allowedBy = (providerMs: number) => (CHANNELS.length * CONNECTIONS * 1000) / providerMs;
const SHARE = 0.85;

/** `bare`: calls a second that as many connections reach where nothing but calls is done; null where the provider answers at once. */
type Measured = { plan: Plan; latency: number; run: PipelineRun; bare: number | null };
type Say = (line: string) => void;

export const pipeline: Part = { id: "pipeline", title: "From the tick to the last accept", measure };

/** Speeds are measured where nobody looks, and counts where somebody does; a second bed takes longer than the quick size has. */
async function measure(size: Size, say: Say): Promise<Section> {
  const people = PEOPLE[size];
  const stages = countStages();
  const looked: BedOptions = { heard: stages.heard, inspector: true };
  const speeds = (bed: Bed) => measureSpeeds(bed, people, size, say);
  const counts = (bed: Bed) => countPipeline(bed, stages, people, say);
  const figures =
    size === "full"
      ? [...(await onBed({}, people, speeds)), ...(await onBed(looked, people, counts))]
      : await onBed(looked, people, async (bed) => [...(await speeds(bed)), ...(await counts(bed))]);
  return { id: pipeline.id, title: pipeline.title, figures, notes: notes(size) };
}

async function onBed(options: BedOptions, people: number, work: (bed: Bed) => Promise<Figure[]>): Promise<Figure[]> {
  const bed = await startBed({ ...options, arrange: (url) => gatherPeople(url, people, CHANNELS) });
  try {
    // Compiled code and warm connections.
    await runPipeline(bed, "one event", Math.min(people, WARM_UP), CHANNELS);
    return await work(bed);
  } finally {
    await bed.stop();
  }
}

async function measureSpeeds(bed: Bed, people: number, size: Size, say: Say): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const latency of LATENCIES) {
    await bed.provider.answerAfter(latency);
    for (const plan of PLANS) {
      const bareCalls = () => (latency > 0 ? callBare(bed, BARE_ROUNDS[size]) : null);
      const before = await bareCalls();
      const run = await runPipeline(bed, plan, people, CHANNELS);
      const after = await bareCalls();
      const bare = before && after && (before + after) / 2;
      figures.push(...speedsOf({ plan, latency, run, bare }, people, size));
      const rate = `${(people / run.seconds).toFixed(0)} messages/s${bare ? ` beside ${bare.toFixed(0)}` : ""}`;
      say(`${nameOf(plan, people)}, provider ${latency} ms (really ${run.providerMs.toFixed(1)}): ${rate}`);
    }
  }
  if (size === "full") for (const latency of LATENCIES) figures.push(...(await measureLetters(bed, latency, say)));
  return figures;
}

/** Calls a second of as many invocations at once as there are channels, which do nothing but call the provider over six connections each. */
async function callBare(bed: Bed, rounds: number): Promise<number> {
  const started = performance.now();
  await Promise.all(
    CHANNELS.map(async () => {
      const answer = await fetch(`${bed.api}/bench/bare/calls?calls=${rounds * CONNECTIONS}`);
      if (!answer.ok) throw new Error(`bare calls answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }),
  );
  return (CHANNELS.length * CONNECTIONS * rounds * 1000) / (performance.now() - started);
}

function speedsOf({ plan, latency, run, bare }: Measured, people: number, size: Size): Figure[] {
  const title = `${nameOf(plan, people)}, provider ${latency} ms`;
  const rate = people / run.seconds;
  const total = { name: `${title}: from the tick to the last accept`, value: rate, unit: "messages/s" };
  if (bare === null) return [{ ...total, kind: "measure", beside: null, goal: null }];
  const allowed = allowedBy(run.providerMs);
  const goal = size === "full" ? { text: `at least ${SHARE} of it`, met: rate >= SHARE * allowed } : null;
  const ratio = { kind: "ratio", unit: "", beside: null } as const;
  return [
    { ...total, kind: "measure", beside: { name: "what three times six connections allow", value: allowed }, goal },
    ...CHANNELS.map((channel): Figure => {
      const value = run.rates[channel]! / (allowed / CHANNELS.length);
      const name = `${title}: ${channel}, share of what six connections allow`;
      return { ...ratio, name, value, goal: { text: `at least ${SHARE}`, met: value >= SHARE } };
    }),
    { ...ratio, name: `${title}: share of bare calls over as many connections`, value: rate / bare, goal: null },
  ];
}

const BEDS: Record<Size, string> = {
  full: "Speeds are of a Worker that nobody looks into. Round trips and memory are counted in runs of their own, on a second one whose lines are read and whose memory is looked at.",
  quick:
    "In this size one Worker serves for all: its lines are read and it has an inspector while its speed is measured too, which costs some of it. Only counts and memory have runs of their own.",
};

const notes = (size: Size): string[] => [
  `A third of the ${PEOPLE[size].toLocaleString("en")} people each chose SMS, e-mail and push. Everything is due at the tick, so that nothing waits for its second.`,
  "Locally each queue has one consumer at a time, so three send at once, each over at most six connections, on one thread of one isolate; Cloudflare runs up to 250 consumers a queue, in isolates of their own.",
  "What six connections allow at 50 ms is computed: six calls in the time that the stand-in by its own clock really took, in the mean of the run (a timer of 50 ms comes late). A channel's share is its rate between its first and its last accept.",
  "No client reaches that, since a call's way to the stand-in and back takes time too. So bare calls are told beside it, without a goal: three invocations of the same Worker at once, which do nothing but call the stand-in over six connections each (`fetch`, the answer read, nothing signed, no queue, no database), right before and right after each run; the mean of the two.",
  "Where each person has an event of their own, a batch of 96 messages is 96 people: sixteen rounds of six, which the stand-in alone makes 0.81 s of, and to which come its claim, its settling, and in the first seconds the tick and the picking beside it.",
  ...(size === "full" ? [LETTERS_NOTE] : []),
  BEDS[size],
  "Round trips are the Worker's own count for each invocation; that they add up to what the Neon endpoint counted is checked. The rules: a tick one where nothing is due, else two for each thousand due; picking two for 2,000 people (it makes one, and after a full 2,000 another to see whether they were all); a channel one claim a batch and one settle (SMS: one for each 25).",
  "The isolate's memory is V8's heap and its buffers, with what waits to be collected, looked at every 50 ms. V8 is told here of a heap of 128 MB at the most, which is the platform's limit for an isolate; how the platform tells V8 of it is not known to us. Without that, V8 collects later, and the same runs peaked at 75 to 79 MB, beyond the goal.",
];
