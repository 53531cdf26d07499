/** From the tick to the last accept: reminders of a crowd that are due in one minute, and one event that everybody takes part in. */
import { type Bed, startBed } from "./bed.ts";
import type { Figure, Part, Section, Size } from "./figures.ts";
import { type PipelineRun, runPipeline } from "./pipeline/run.ts";
import { countStages } from "./pipeline/stages.ts";
import { CHANNELS, gatherPeople, type Plan } from "./pipeline/world.ts";

const PEOPLE: Record<Size, number> = { full: 10_000, quick: 450 };
const LATENCIES = [0, 50] as const;
const PLANS: Plan[] = ["many events", "one event"];
/** Messages a second of six connections to a provider that takes so long. */
const sixAllow = (latency: number) => 6000 / latency;
const SHARE = 0.85;
const HEAP_MB = 64;
/** Of the memory a moment ago: less than that is what a collection leaves. */
const COLLECTED = 0.7;

type Counted = ReturnType<ReturnType<typeof countStages>["counted"]>;
type Measured = { plan: Plan; latency: number; run: PipelineRun; counted: Counted };

export const pipeline: Part = { id: "pipeline", title: "From the tick to the last accept", measure };

async function measure(size: Size, say: (line: string) => void): Promise<Section> {
  const people = PEOPLE[size];
  const stages = countStages();
  const arrange = (url: string) => gatherPeople(url, people, CHANNELS);
  const bed = await startBed({ arrange, heard: stages.heard, inspector: true });
  try {
    // Compiled code and warm connections.
    await runPipeline(bed, "one event", Math.min(people, 2_000), CHANNELS);
    const measured: Measured[] = [];
    for (const latency of LATENCIES) {
      await bed.provider.answerAfter(latency);
      for (const plan of PLANS) {
        stages.counted();
        const run = await runPipeline(bed, plan, people, CHANNELS);
        measured.push({ plan, latency, run, counted: await heardOut(stages.counted, run.roundTrips) });
        say(`${nameOf(plan, people)}, provider ${latency} ms: ${(people / run.seconds).toFixed(0)} messages/s`);
      }
    }
    await bed.provider.answerAfter(0);
    const heaps = await heapPeaks(bed, people, say);
    const figures = [...measured.flatMap((one) => figuresOf(one, people, size)), ...heaps];
    return { id: pipeline.id, title: pipeline.title, figures, notes: notes(people) };
  } finally {
    await bed.stop();
  }
}

/** The Worker's lines come a moment after what they tell of: waits for those that the endpoint has counted. */
async function heardOut(counted: () => Counted, roundTrips: number): Promise<Counted> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  const all = counted();
  const heard = Object.values(all.stages).reduce((sum, stage) => sum + stage.roundTrips, 0);
  if (heard !== roundTrips)
    throw new Error(`the endpoint counted ${roundTrips} round trips, the stages tell of ${heard}`);
  return all;
}

/** Highest use of the isolate's memory, with what waits to be collected; runs of their own, since looking costs. */
async function heapPeaks(bed: Bed, people: number, say: (line: string) => void): Promise<Figure[]> {
  const inspector = await bed.inspect();
  const figures: Figure[] = [];
  for (const plan of PLANS) {
    let peak = 0;
    let alive = 0;
    let before = 0;
    await runPipeline(bed, plan, people, CHANNELS, async () => {
      const { usedSize, embedderHeapUsedSize, backingStorageSize } = await inspector.heap();
      const used = usedSize + embedderHeapUsedSize + backingStorageSize;
      peak = Math.max(peak, used);
      // Much less than a moment ago: V8 has just collected, and what is left is in use.
      if (used < before * COLLECTED) alive = Math.max(alive, used);
      before = used;
    });
    const megabytes = peak / 1_000_000;
    say(`${nameOf(plan, people)}: the isolate's peak is ${megabytes.toFixed(1)} MB`);
    figures.push({
      name: `${nameOf(plan, people)}: peak memory of the isolate`,
      kind: "measure",
      value: megabytes,
      unit: "MB",
      beside: { name: "the platform's limit", value: 128 },
      goal: { text: `under ${HEAP_MB} MB`, met: megabytes < HEAP_MB },
    });
    // A short run may see no collection.
    if (alive > 0) {
      figures.push({
        name: `${nameOf(plan, people)}: most memory right after a collection`,
        kind: "measure",
        value: alive / 1_000_000,
        unit: "MB",
        beside: null,
        goal: null,
      });
    }
  }
  return figures;
}

const nameOf = (plan: Plan, people: number): string =>
  plan === "many events"
    ? `${people.toLocaleString("en")} reminders due in one minute`
    : `one event with ${people.toLocaleString("en")} participants`;

function figuresOf({ plan, latency, run, counted }: Measured, people: number, size: Size): Figure[] {
  const title = `${nameOf(plan, people)}, provider ${latency} ms`;
  const rate = people / run.seconds;
  const allowed = CHANNELS.length * sixAllow(latency);
  const paced = latency > 0;
  const goal = paced && size === "full" ? { text: `at least ${SHARE} of it`, met: rate >= SHARE * allowed } : null;
  const shares = CHANNELS.map((channel): Figure => {
    const share = run.rates[channel]! / sixAllow(latency);
    return {
      name: `${title}: ${channel}, share of what six connections allow`,
      kind: "ratio",
      value: share,
      unit: "",
      beside: null,
      goal: { text: `at least ${SHARE}`, met: share >= SHARE },
    };
  });
  return [
    {
      name: `${title}: from the tick to the last accept`,
      kind: "measure",
      value: rate,
      unit: "messages/s",
      beside: paced ? { name: "what three times six connections allow", value: allowed } : null,
      goal,
    },
    ...(paced ? shares : []),
    ...Object.entries(counted.stages).map(
      ([stage, { invocations, roundTrips }]): Figure => ({
        name: `${title}: round trips of ${stage}`,
        kind: "measure",
        value: roundTrips,
        unit: "round trips",
        beside: { name: "invocations", value: invocations },
        goal: null,
      }),
    ),
    {
      name: `${title}: round trips beyond the rules`,
      kind: "count",
      value: counted.beyondRules,
      unit: "round trips",
      beside: null,
      goal: { text: "none", met: counted.beyondRules === 0 },
    },
  ];
}

const notes = (people: number): string[] => [
  `A third of the ${people.toLocaleString("en")} people each chose SMS, e-mail and push. Everything is due at the tick, so that nothing waits for its second.`,
  "Locally each queue has one consumer at a time, so three send at once, each over at most six connections, on one thread of one isolate; Cloudflare runs up to 250 consumers a queue, in isolates of their own.",
  "A channel's share is its rate between its first and its last accept.",
  "Round trips are the Worker's own count for each invocation; that they add up to what the Neon endpoint counted is checked. The rules: a tick one, and two more for each thousand due; picking two a batch; a channel one claim a batch and one settle (SMS: one every 25).",
  "The isolate's memory is V8's heap and its buffers, with what waits to be collected, looked at every 50 ms.",
];
