/**
 * `npm run test:chaos [-- --small --seed N --reminders N --people N --kills N --verbose --facts FILE]`: reminders fall due on a running local stack while its Worker is killed,
 * its database goes away, no tick comes for three hours and SNS throttles; then the oracle judges from the inbox and the ledger.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { launchOwnStack } from "../../dev/stack-process.ts";
import { table } from "../../dev/table.ts";
import { judge } from "./oracle.ts";
import { type Outcome, runChaos } from "./run.ts";
import { drawScenario, type Sizes } from "./scenario.ts";

const FULL: Sizes = {
  reminders: 2_000,
  people: 50,
  kills: 5,
  window_ms: 60_000,
  away_ms: 60_000,
  planned_ahead_ms: 180_000,
};
const SMALL: Sizes = {
  reminders: 200,
  people: 10,
  kills: 2,
  window_ms: 20_000,
  away_ms: 20_000,
  planned_ahead_ms: 45_000,
};
const SHOWN = 30;

const { values } = parseArgs({
  options: {
    small: { type: "boolean", default: false },
    seed: { type: "string" },
    reminders: { type: "string" },
    people: { type: "string" },
    kills: { type: "string" },
    facts: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
const usual = values.small ? SMALL : FULL;
const sizes: Sizes = {
  ...usual,
  reminders: wholeNumber("--reminders", values.reminders ?? String(usual.reminders)),
  people: Math.max(2, wholeNumber("--people", values.people ?? String(usual.people))),
  kills: wholeNumber("--kills", values.kills ?? String(usual.kills)),
};
const seed = wholeNumber("--seed", values.seed ?? String(1 + Math.floor(Math.random() * 1_000_000)));
const started = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);

const scenario = drawScenario(seed, sizes);
say(
  `Seed ${seed}: ${sizes.reminders} reminders for ${sizes.people} people, ${JSON.stringify({ ...scenario, events: scenario.events.length })}`,
);
const deaths: number[] = [];
const { stack, directory, end } = await launchOwnStack({
  flags: ["--no-seed", "--no-tick"],
  heard: (line) => {
    if (line.includes("the Worker is gone")) deaths.push(Date.now());
    if (values.verbose && !line.startsWith("Torium")) say(`stack: ${line}`);
  },
});
try {
  report(await runChaos({ stack, directory, deaths }, scenario, sizes.people, say));
} finally {
  await end();
}

function report({ facts, progress, rest_after_ms, ticks }: Outcome): void {
  const { ledger, accepts, incidents } = facts;
  if (values.facts) writeFileSync(values.facts, JSON.stringify(facts));
  const violations = judge(facts);
  if (rest_after_ms === null) {
    violations.unshift({ rule: "everything comes to rest", what: JSON.stringify(progress) });
  }
  const statuses = Map.groupBy(ledger.deliveries, ({ channel, status }) => `${channel} ${status}`);
  const settled = new Set(
    ledger.deliveries.filter(({ status }) => status === "sent").map((one) => one.provider_message_id),
  );
  const doubles = Map.groupBy(
    accepts.filter(({ id }) => !settled.has(id)),
    ({ channel }) => channel,
  );
  const rows = [
    ["reminders due", String(ledger.reminders.length)],
    ["expired at the tick", String(ledger.reminders.filter(({ status }) => status === "expired").length)],
    ...[...statuses].sort().map(([what, list]) => [`deliveries ${what}`, String(list.length)]),
    ["accepted by the provider", String(accepts.length)],
    ...[...doubles].sort().map(([channel, list]) => [`of these doubled, ${channel}`, String(list.length)]),
    ["saying that they are late", String(accepts.filter(({ says_late }) => says_late).length)],
    ["left meanwhile", String(facts.people.filter(({ left }) => left).length)],
    [
      "incidents",
      [...Map.groupBy(incidents, ({ kind }) => kind)].map(([kind, list]) => `${list.length} ${kind}`).join(", "),
    ],
    ["ticks", `${ticks.ran} ran, ${ticks.failed} failed`],
    ["at rest after the last incident", rest_after_ms === null ? "never" : `${Math.round(rest_after_ms / 1000)} s`],
  ];
  console.log(`\n${table(rows)}\n`);
  for (const { rule, what } of violations.slice(0, SHOWN)) console.log(`VIOLATED  ${rule}: ${what}`);
  if (violations.length > SHOWN) console.log(`… and ${violations.length - SHOWN} more`);
  console.log(
    violations.length === 0 ? `No violation (seed ${seed})` : `${violations.length} violations (seed ${seed})`,
  );
  if (violations.length > 0) process.exitCode = 1;
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 1_000_000) return value;
  console.error(`${flag} needs a whole number, not "${text}"`);
  process.exit(1);
}
