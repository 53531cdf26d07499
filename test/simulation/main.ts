/** npm run simulate -- --seeds N [--from n] [--without defence] [--defences]; SEED=n replays one run and prints its trace. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { migrate } from "../../dev/migrate.ts";
import { startPostgres } from "../../dev/postgres.ts";
import { Database } from "./database.ts";
import { install } from "./network.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "100" }, from: { type: "string", default: "1" } },
});

const directory = mkdtempSync(join(tmpdir(), "torium-simulation-"));
const postgres = await startPostgres({ directory: join(directory, "postgres"), port: 0 });
try {
  await migrate(postgres.url);
  const database = await Database.open(postgres.url);
  install();
  const { run } = await import("./run.ts");
  if (process.env.SEED) {
    const outcome = await run(Number(process.env.SEED), database);
    console.log(outcome.lines.join("\n"));
    for (const violation of outcome.violations) console.log(`VIOLATION ${violation}`);
    if (outcome.violations.length > 0) process.exitCode = 1;
  } else {
    const from = Number(values.from);
    const to = from + Number(values.seeds);
    const started = performance.now();
    const profiles = new Map<string, number>();
    let accepts = 0;
    let failed = 0;
    for (let seed = from; seed < to; seed++) {
      const outcome = await run(seed, database);
      accepts += outcome.accepts;
      profiles.set(outcome.profile, (profiles.get(outcome.profile) ?? 0) + 1);
      if (outcome.violations.length > 0) {
        failed++;
        console.log(`seed ${seed} (${outcome.profile}): ${outcome.violations.slice(0, 3).join("\n   ")}`);
      }
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `${to - from} seeds, ${failed} with violations, ${accepts} accepted, ${seconds.toFixed(1)} s (${((to - from) / seconds).toFixed(1)} a second)`,
    );
    console.log([...profiles].map(([name, count]) => `${name} ${count}`).join(", "));
    if (failed > 0) process.exitCode = 1;
  }
  await database.close();
} catch (error) {
  console.error(error);
  process.exitCode = 2;
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
