/** Part a: how many requests a second, beside a route of the same Worker that asks the database one `select 1`, and beside handlers with nothing around them. */
import { join } from "node:path";
import type { Measured, Slice } from "./api/load-process.ts";
import { type Asked, allRequests } from "./api/requests.ts";
import { type Beside, type Compared, compare } from "./api/rounds.ts";
import { arrangeWorld, reopenInvitations } from "./api/world.ts";
import { type Child, startChild } from "./bed/child.ts";
import { type Bed, startBed } from "./bed.ts";
import { TOLERANCE_OF_RATES } from "./comparison.ts";
import { untilTheEnd } from "./ending.ts";
import type { Figure, Part } from "./figures.ts";

const SIZES = {
  full: { connections: [1, 16, 64], rounds: 7, goalRounds: 11, ms: 700, warmUp: 1_500, writes: true, share: "median" },
  // Of what writes only the round trips are counted.
  quick: { connections: [16], rounds: 5, goalRounds: 5, ms: 200, warmUp: 300, writes: false, share: "best" },
} as const;
const GOAL = 0.7;
const GOAL_CONNECTIONS = 16;
/** Sequential, for counting. */
const COUNTED = 20;
const CPU_ROUNDS = 5;
const CPU_MS = 1_000;

export const api: Part = {
  id: "api",
  title: "API: requests a second beside one `select 1`",
  measure: async (size, say) => {
    const { connections, rounds, goalRounds, ms, warmUp, writes, share } = SIZES[size];
    const bed = await startBed({ consumers: false, arrange: arrangeWorld });
    const load = startChild(join(import.meta.dirname, "api", "load-process.ts"));
    const end = untilTheEnd(() => load.stop());
    try {
      const { ceiling, bare, seven, anew } = await allRequests(bed);
      say("the world is there, and the Worker answers");
      const figures = await countRoundTrips(bed, load, seven);
      const timed = seven.filter(({ read }) => read || writes);
      await asks(bed, load, [ceiling, ...bare, ...timed], { lanes: 16, ms: warmUp });
      // Before the writes' slices, which leave thousands of rows behind.
      if (size === "full")
        figures.push(
          ...(await cpuFigures(bed, load, [ceiling, ...bare, ...timed.filter(({ read }) => read), ...anew])),
        );
      for (const lanes of connections) {
        const all = size === "full" && lanes === GOAL_CONNECTIONS ? [...bare, ...timed, ...anew] : timed;
        const turns = lanes === GOAL_CONNECTIONS ? goalRounds : rounds;
        const compared = await compareAll(bed, load, ceiling, all, { lanes, rounds: turns, ms, share });
        for (const [n, asked] of all.entries()) figures.push(...figuresOf(asked, ceiling, lanes, compared[n]!));
        if (all !== timed) figures.push(...sharesOf(bare[0]!, compared[0]!, all, compared));
        say(`${lanes} connections are measured`);
      }
      return { id: api.id, title: api.title, figures, notes: notes({ rounds, goalRounds, ms, share }) };
    } finally {
      await end();
      await bed.stop();
    }
  },
};

type Rounds = { rounds: number; share: "median" | "best" };

const notes = ({ rounds, goalRounds, ms, share }: Rounds & { goalRounds: number; ms: number }) => [
  "The ceiling is a route of the same Worker like the others, asked with their tokens: it has their headers and log line, and its work is one `select 1`. A bare handler stands before the Worker's app and has nothing of all that: what it reaches is the platform's and the driver's own.",
  "A page of 23 KB, ready-made, is what GET /event would be if the database had nothing to find and the Worker nothing to write, and one of 3 KB GET /event/comment; by the bare handler, if there were nothing around it either.",
  "The bare handler was the ceiling before, and the goal is easier beside a route; each read's share of the bare handler is told too.",
  `CPU is what the processes took in user and kernel, by Linux in ticks of 10 ms, over ${CPU_ROUNDS} slices of ${CPU_MS} ms: the whole of PostgreSQL with its vacuum, and not the load itself.`,
  "Requests come to the Worker past the simulator's own isolates, and its calls to the database leave it past them too, the ceiling's and all others': on the platform there are none. Before, each call went through one that looks after headers; the ceiling's did as well, so shares were higher by a few hundredths. What is queued still goes through the simulator's queues.",
  "The production bundle in workerd (one thread), the Neon endpoint, PostgreSQL and the load have a process each; all share the machine's cores, so the ceiling is that of the whole path and not of the Worker alone.",
  `Slices of ${ms} ms, each between two slices of the ceiling, in ${rounds} rounds, ${goalRounds} at ${GOAL_CONNECTIONS} connections; the share is ${SHARES[share]}.`,
  "Each connection is another person with a token of their own, really signed (RS256) and really verified by the Worker when it first comes, and again after five minutes; in between the isolate remembers it, as in production; 5,000 events of ten people are in the database; GET /event answers 20 events of 10 participants.",
  "GET /event and GET /event/comment are asked again and again by the same people, to whose events nothing happens: the isolate has their pages, and the database says of each that it holds. The first time that somebody asks, the page is found and written: that is told beside it, without a goal. All have one round trip.",
  "A share goes with the machine's hour, and GET /event is near the edge of its goal. It and GET /event/comment had 0.71 and 0.74 in the run of this page, 0.77 and 0.78 in a whole one before, and on the same day 0.74 to 0.76 and 0.70 to 0.79 in three longer measurements by a script that is not in the tree. In an `--only api` run before the last changes to both GET /event had missed the goal with 0.68. The slices of `--quick` are short, and its shares range wider.",
  "What is written is really new: each comment and event is another, each invitation is answered once. Rate limits are lifted by settings, and the queues have no consumers here.",
  "One database round trip is one request to the Neon endpoint, counted there.",
];

const SHARES = {
  median: "the median of a slice beside the mean of its neighbours",
  best: "that of the best slice beside the best of the ceiling, since noise only slows",
};

type Load = { lanes: number; ms: number };

async function asks(bed: Bed, load: Child, list: Asked[], { lanes, ms }: Load): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const asked of list) {
    const slice: Slice = {
      port: Number(new URL(bed.api).port),
      lists: asked.lists.slice(0, lanes),
      again: asked.again,
      ms,
    };
    measured.push(
      await load.ask<Measured>("measure", slice).catch((error: Error) => {
        throw new Error(`${asked.name}: ${error.message}`);
      }),
    );
    if (!asked.again) await reopenInvitations(bed.databaseUrl);
  }
  return measured;
}

async function countRoundTrips(bed: Bed, load: Child, requests: Asked[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const asked of requests) {
    const once = {
      ...asked,
      again: false,
      lists: [Array.from({ length: COUNTED }, (_, n) => asked.lists[0]![n % asked.lists[0]!.length]!)],
    };
    await bed.roundTrips();
    const [{ requests: answered }] = (await asks(bed, load, [once], { lanes: 1, ms: 60_000 })) as [Measured];
    const { calls } = await bed.roundTrips();
    const value = calls / answered;
    figures.push({
      name: `${asked.name}: round trips a request`,
      kind: "count",
      value,
      unit: "",
      beside: null,
      goal: { text: "1", met: value === 1 },
    });
  }
  return figures;
}

/** ceiling, first, ceiling, second, ceiling, … and again. */
async function compareAll(
  bed: Bed,
  load: Child,
  ceiling: Asked,
  requests: Asked[],
  { rounds, share, ...size }: Load & Rounds,
) {
  const besides = requests.map((): Beside[] => []);
  let [before] = await asks(bed, load, [ceiling], size);
  for (let round = 0; round < rounds; round++) {
    for (const [n, asked] of requests.entries()) {
      const [measured, after] = await asks(bed, load, [asked, ceiling], size);
      besides[n]!.push({ measured: measured!, before: before!, after: after! });
      before = after;
    }
  }
  return besides.map((beside) => compare(beside, share));
}

/** CPU time is steadier than a rate where a machine's cores are shared: it has no goal, but tells where a request's time goes. */
async function cpuFigures(bed: Bed, load: Child, requests: Asked[]): Promise<Figure[]> {
  const spent = requests.map(() => ({ requests: 0, us: new Map<string, number>() }));
  for (let round = 0; round < CPU_ROUNDS; round++) {
    for (const [n, asked] of requests.entries()) {
      const before = bed.cpuUs();
      const [measured] = await asks(bed, load, [asked], { lanes: GOAL_CONNECTIONS, ms: CPU_MS });
      const after = bed.cpuUs();
      const one = spent[n]!;
      one.requests += measured!.answered;
      for (const [part, us] of after) one.us.set(part, (one.us.get(part) ?? 0) + us - before.get(part)!);
    }
  }
  const each = (n: number, part: string) => spent[n]!.us.get(part)! / spent[n]!.requests;
  return requests.flatMap(({ name }, n) =>
    [...spent[n]!.us.keys()].map(
      (part): Figure => ({
        name: `${name} at ${GOAL_CONNECTIONS}: CPU of ${part} for a request`,
        kind: "measure",
        value: each(n, part),
        unit: "µs",
        beside: n === 0 ? null : { name: requests[0]!.name, value: each(0, part) },
        goal: null,
      }),
    ),
  );
}

/** Of each read beside another reference than the ceiling, by their shares of that. */
const sharesOf = (reference: Asked, { share }: Compared, all: Asked[], compared: Compared[]): Figure[] =>
  all.flatMap(({ name, read }, n) =>
    read
      ? [
          {
            name: `${name} at ${GOAL_CONNECTIONS}: share of ${reference.name}`,
            kind: "measure" as const,
            value: compared[n]!.share / share,
            unit: "",
            beside: null,
            goal: null,
          },
        ]
      : [],
  );

function figuresOf(
  { name, read }: Asked,
  { name: beside }: Asked,
  lanes: number,
  { rate, ceiling, share, p50, p99 }: Compared,
): Figure[] {
  const at = `${name} at ${lanes}`;
  const goal = read && lanes === GOAL_CONNECTIONS ? { text: `at least ${GOAL}`, met: share >= GOAL } : null;
  const measure = { kind: "measure", beside: null, goal: null } as const;
  return [
    { ...measure, name: `${at}: requests`, value: rate, unit: "/s", beside: { name: beside, value: ceiling } },
    {
      name: `${at}: share of the ceiling`,
      kind: "ratio",
      value: share,
      unit: "",
      tolerance: TOLERANCE_OF_RATES,
      beside: null,
      goal,
    },
    { ...measure, name: `${at}: p50`, value: p50, unit: "ms" },
    { ...measure, name: `${at}: p99`, value: p99, unit: "ms" },
  ];
}
