/** Part e: what the Worker weighs, how long it takes to start, and what a token costs. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { buildBundle } from "./bed/bundle.ts";
import { startBed } from "./bed.ts";
import { untilTheEnd } from "./ending.ts";
import type { Figure, Part } from "./figures.ts";
import { median } from "./quantile.ts";
import { startUps } from "./weight/start-up.ts";
import { tokenCosts } from "./weight/tokens.ts";

const GOAL_KB = 400;
const KB = 1000;
const SIZES = { full: { starts: 15, rounds: 15 }, quick: { starts: 3, rounds: 5 } };

export const weight: Part = {
  id: "weight",
  title: "Weight: bundle, start-up, tokens",
  measure: async (size, say) => {
    const { starts, rounds } = SIZES[size];
    const directory = await mkdtemp(join(tmpdir(), "torium-weight-"));
    const end = untilTheEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    try {
      const script = await buildBundle(directory);
      const figures = await bundle(script);
      say("the bundle is weighed");
      figures.push(...(await startUp(directory, script, starts)));
      say("start-up is measured");
      figures.push(...(await tokens(rounds)));
      return { id: weight.id, title: weight.title, figures, notes: NOTES };
    } finally {
      await end();
    }
  },
};

const NOTES = [
  "The bundle is what `wrangler deploy` would upload by the committed configuration; a KB is 1,000 bytes, gzip at its usual level.",
  "Start-up is from the launch of workerd until /health answers, in turns with a Worker that does nothing but answer; what lies between the two is compiling and running Torium's modules.",
  "A token's cost is taken from outside, since a Worker's clock stands still while it computes: one request that verifies many, less one that verifies none; first of tokens never seen before, then of one token again and again.",
];

const measure = { kind: "measure", beside: null, goal: null } as const;

async function bundle(script: string): Promise<Figure[]> {
  const raw = await readFile(script);
  const packed = (await promisify(gzip)(raw)).length / KB;
  const goal = { text: `under ${GOAL_KB} KB`, met: packed < GOAL_KB };
  return [
    { ...measure, name: "bundle", value: raw.length / KB, unit: "KB" },
    { ...measure, name: "bundle, gzipped", value: packed, unit: "KB", goal },
    {
      name: `bundle, gzipped: share of ${GOAL_KB} KB`,
      kind: "ratio",
      value: packed / GOAL_KB,
      unit: "",
      beside: null,
      goal: null,
      better: "less",
    },
  ];
}

async function startUp(directory: string, script: string, starts: number): Promise<Figure[]> {
  const { torium, empty } = await startUps(directory, script, starts);
  const beside = { name: "an empty Worker", value: median(empty) };
  const own = torium.map((ms, n) => ms - empty[n]!);
  return [
    { ...measure, name: "start-up until /health answers", value: median(torium), unit: "ms", beside },
    { ...measure, name: "compiling and running the modules", value: median(own), unit: "ms" },
  ];
}

async function tokens(rounds: number): Promise<Figure[]> {
  const bed = await startBed({ consumers: false });
  try {
    const { first, repeated } = await tokenCosts(bed, rounds);
    const beside = { name: "a token never seen before", value: first };
    return [
      { ...measure, name: "verifying a token never seen before", value: first, unit: "µs" },
      { ...measure, name: "verifying the same token again", value: repeated, unit: "µs", beside },
    ];
  } finally {
    await bed.stop();
  }
}
