/** What looking at it would slow: each stage's round trips, and the isolate's memory. */
import type { Bed } from "../bed.ts";
import type { Figure } from "../figures.ts";
import { runPipeline } from "./run.ts";
import type { countStages } from "./stages.ts";
import { CHANNELS, nameOf, PLANS, type Plan } from "./world.ts";

const HEAP_MB = 64;
/** Of the memory a moment ago: less than that is what a collection leaves. */
const COLLECTED = 0.7;
/** The Worker's lines come a moment after what they tell of. */
const LINES_MS = 500;

type Stages = ReturnType<typeof countStages>;
type Heap = { peak: number; alive: number };

/** Needs a bed with an inspector, whose lines `stages` hears; each plan runs once, with a provider that answers at once. */
export async function countPipeline(
  bed: Bed,
  stages: Stages,
  people: number,
  say: (line: string) => void,
): Promise<Figure[]> {
  await bed.provider.answerAfter(0);
  const inspector = await bed.inspect();
  const trips: Figure[] = [];
  const heaps: Figure[] = [];
  for (const plan of PLANS) {
    // What was heard of the runs before is not of this one.
    await lines();
    stages.counted();
    const heap = { peak: 0, alive: 0 };
    let before = 0;
    const { roundTrips } = await runPipeline(bed, plan, people, CHANNELS, async () => {
      const { usedSize, embedderHeapUsedSize, backingStorageSize } = await inspector.heap();
      const used = usedSize + embedderHeapUsedSize + backingStorageSize;
      heap.peak = Math.max(heap.peak, used);
      // Much less than a moment ago: V8 has just collected, and what is left is in use.
      if (used < before * COLLECTED) heap.alive = Math.max(heap.alive, used);
      before = used;
    });
    await lines();
    trips.push(...tripsOf(plan, people, stages.counted(), roundTrips));
    heaps.push(...heapOf(plan, people, heap));
    say(
      `${nameOf(plan, people)}: ${roundTrips} round trips, the isolate's peak is ${megabytes(heap.peak).toFixed(1)} MB`,
    );
  }
  return [...trips, ...heaps];
}

/** Throws where the Worker's own counts do not add up to what the endpoint has counted. */
function tripsOf(plan: Plan, people: number, counted: ReturnType<Stages["counted"]>, roundTrips: number): Figure[] {
  const told = Object.values(counted.stages).reduce((sum, stage) => sum + stage.roundTrips, 0);
  if (told !== roundTrips)
    throw new Error(`the endpoint counted ${roundTrips} round trips, the stages tell of ${told}`);
  const title = `${nameOf(plan, people)}, provider 0 ms`;
  return [
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

/** A short run may see no collection. */
function heapOf(plan: Plan, people: number, { peak, alive }: Heap): Figure[] {
  const figures: Figure[] = [
    {
      name: `${nameOf(plan, people)}: peak memory of the isolate`,
      kind: "measure",
      value: megabytes(peak),
      unit: "MB",
      beside: { name: "the platform's limit", value: 128 },
      goal: { text: `under ${HEAP_MB} MB`, met: megabytes(peak) < HEAP_MB },
    },
  ];
  if (alive > 0) {
    figures.push({
      name: `${nameOf(plan, people)}: most memory right after a collection`,
      kind: "measure",
      value: megabytes(alive),
      unit: "MB",
      beside: null,
      goal: null,
    });
  }
  return figures;
}

const megabytes = (bytes: number) => bytes / 1_000_000;
const lines = () => new Promise((resolve) => setTimeout(resolve, LINES_MS));
