/**
 * npm run simulate -- --seeds N [--from n]      runs N seeds and says which broke a rule
 * npm run simulate -- --without NAME            the same with a defence of the pipeline switched off, until it is caught
 * npm run simulate -- --defences                each defence so, one after another: exit 1 where one is not missed
 * npm run simulate -- --hashes                  prints what each seed's trace comes to: the same wherever it runs
 * SEED=n npm run simulate                       replays one run exactly, with its trace
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { Database } from "./database.ts";
import { DEFENCES, leaveOut } from "./defences.ts";
import { proveDefences } from "./defences-proved.ts";
import { install } from "./network.ts";
import { startServer } from "./server.ts";
import { nameOf, unseenTransitions, watchTransitions } from "./transitions.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    without: { type: "string" },
    defences: { type: "boolean", default: false },
    hashes: { type: "boolean", default: false },
  },
});
const defence = values.without === undefined ? null : DEFENCES[values.without];
if (defence === undefined) throw new Error(`--without takes one of ${Object.keys(DEFENCES).join(", ")}`);

if (values.defences) process.exitCode = (await proveDefences(Number(values.seeds))) ? 0 : 1;
else {
  const server = await startServer();
  try {
    const database = await Database.open(server.url);
    await watchTransitions(database);
    if (defence?.sql) await database.script(defence.sql);
    if (defence) leaveOut(defence);
    install();
    const seeds = process.env.SEED ? [Number(process.env.SEED)] : range(Number(values.from), Number(values.seeds));
    process.exitCode = (await simulate(seeds, database)) ? 0 : 1;
    await database.close();
  } finally {
    await server.stop();
  }
}

async function simulate(seeds: number[], database: Database): Promise<boolean> {
  // Loaded only now: a defence may be missing in what it loads.
  const { run } = await import("./run.ts");
  const started = performance.now();
  const profiles = new Map<string, number>();
  const broken: number[] = [];
  const transitions = new Set<string>();
  let accepts = 0;
  for (const [done, seed] of seeds.entries()) {
    const { profile, violations, lines, ...outcome } = await run(seed, database);
    accepts += outcome.accepts;
    for (const one of outcome.transitions) transitions.add(nameOf(one));
    profiles.set(profile, (profiles.get(profile) ?? 0) + 1);
    if (process.env.SEED) console.log(lines.join("\n"));
    if (values.hashes)
      console.log(`${seed} ${createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16)}`);
    if (violations.length > 0) {
      broken.push(seed);
      console.log(
        `seed ${seed} (${profile}):${violations
          .slice(0, process.env.SEED ? undefined : 3)
          .map((one) => `\n  ${one}`)
          .join("")}`,
      );
      if (defence) return false;
    }
    const progress = `${done + 1} of ${seeds.length} seeds, ${broken.length} broke a rule`;
    if (process.stderr.isTTY) process.stderr.write(`\r${progress} `);
    else if ((done + 1) % 500 === 0) console.error(progress);
  }
  const seconds = (performance.now() - started) / 1000;
  if (process.stderr.isTTY) process.stderr.write("\r");
  if (process.env.SEED) return broken.length === 0;
  const kinds = [...profiles].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
  const unseen = unseenTransitions(transitions);
  console.log(`transitions: ${transitions.size} seen${unseen.length > 0 ? `, never ${unseen.join(", ")}` : ""}`);
  console.log(`profiles: ${kinds.join(", ")}`);
  console.log(
    `seeds ${seeds[0]} to ${seeds.at(-1)}: ${broken.length === 0 ? "no rule broken" : `${broken.length} broke a rule (${broken.join(", ")})`}; ` +
      `${accepts} messages accepted; ${seconds.toFixed(1)} s, ${(seeds.length / seconds).toFixed(1)} seeds a second`,
  );
  return broken.length === 0;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
