/**
 * `npm run bench [-- --quick] [-- --only id,id] [-- --json FILE] [-- --write]`: measures, each figure beside its ceiling or rival of the same run.
 * `--quick` compares small sizes with the committed results and fails where they are worse; `--write` keeps results and page.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../dev/settings.ts";
import { COMPARED, compareSections, medians } from "./comparison.ts";
import { endEverything } from "./ending.ts";
import type { Section, Size } from "./figures.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { MENDED, WHY_MISSED } from "./mended.ts";
import { PARTS } from "./parts.ts";
import { missedGoals, type Run, renderPage, renderTable } from "./report.ts";

const RESULTS = join(ROOT, "bench", "results.json");
const PAGE = join(ROOT, "docs", "bench.md");
/** Of the whole run, in minutes; past it the bench gives up. */
const MINUTES: Record<Size, number> = { full: 45, quick: 5 };

const QUICK_RUNS = 3;

/** What is committed; the quick sizes have results of their own, since counts and ratios go with the size. */
type Results = { full?: Run; quick?: Run };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const only = values.only?.split(",");
const unknown = only?.filter((id) => !PARTS.some((part) => part.id === id)) ?? [];
if (unknown.length > 0) {
  console.error(`--only knows ${PARTS.map(({ id }) => id).join(", ")}, not ${unknown.join(", ")}`);
  process.exit(1);
}

const started = performance.now();
const say = (line: string) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const size: Size = values.quick ? "quick" : "full";
const machine = describeMachine();
say(machineLine(machine));

if (only && values.write) {
  console.error("--write keeps one whole run, of one machine and one hour: leave out --only");
  process.exit(1);
}

let asked: NodeJS.Signals | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // npm hands Ctrl-C on to a process that the terminal has told already, so a second one means nothing.
  process.on(signal, () => {
    if (asked) return;
    asked = signal;
    void giveUp(`ended by ${signal}`);
  });
}
const late = setTimeout(() => void giveUp(`not done within ${MINUTES[size]} minutes`), MINUTES[size] * 60_000);

try {
  const run: Run = { machine, sections: await measureAll(size) };
  console.log(`\n${renderTable(run)}`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ size, ...run }, null, 2)}\n`);
  const committed = readResults();
  for (const line of missedGoals(run.sections)) console.log(`MISSED  ${line}`);
  if (values.write) {
    write(
      size === "full"
        ? { full: run, quick: await measureQuick([]) }
        : { ...committed, quick: await measureQuick([run.sections]) },
    );
  } else if (size === "quick") {
    compare(run, committed);
  }
} catch (error) {
  if (!asked) {
    console.error(error);
    process.exitCode = 1;
  }
} finally {
  clearTimeout(late);
  await endEverything();
}

async function measureAll(size: Size): Promise<Section[]> {
  const sections: Section[] = [];
  for (const part of PARTS.filter(({ id }) => !only || only.includes(id))) {
    say(part.title);
    sections.push(await part.measure(size, (line) => say(`  ${line}`)));
  }
  return sections;
}

/** What CI compares with: of the same commit, and of several runs, since one may have been lucky. */
async function measureQuick(runs: Section[][]): Promise<Run> {
  while (runs.length < QUICK_RUNS) runs.push(await measureAll("quick"));
  return { machine, sections: medians(runs) };
}

async function giveUp(why: string): Promise<never> {
  say(why);
  // What is at work breaks when that on which it stands is ended; none of it may keep the rest from being ended.
  process.on("uncaughtException", () => {});
  await endEverything().catch((error: unknown) => console.error(error));
  process.exit(1);
}

function readResults(): Results {
  return existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as Results) : {};
}

function write(results: Results): void {
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  if (results.full) writeFileSync(PAGE, renderPage(results.full, { mended: MENDED, why: WHY_MISSED, quick: COMPARED }));
  say("bench/results.json and docs/bench.md are written");
}

function compare(run: Run, { quick }: Results): void {
  const worse = quick ? compareSections(run.sections, quick.sections) : ["bench/results.json holds no quick results"];
  for (const line of worse) console.log(`WORSE  ${line}`);
  if (worse.length === 0) console.log("Nothing is worse than what is committed.");
  else process.exitCode = 1;
}
