/** One seed, from an empty database to the oracle's verdict. */
import { arrange } from "./arrangement.ts";
import { wallAt } from "./clock.ts";
import type { Database } from "./database.ts";
import { Faults } from "./faults.ts";
import { look } from "./history.ts";
import { readLedger } from "./ledger.ts";
import { judge } from "./oracle.ts";
import { People } from "./people.ts";
import { randomOf } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { startTicking } from "./ticks.ts";
import { judgeTransitions, type Seen, takeTransitions } from "./transitions.ts";
import { World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Both clock changes of Warsaw and New York, and days without one. */
const DAYS = [
  "2027-03-27",
  "2027-10-30",
  "2027-03-13",
  "2027-11-06",
  "2027-06-15",
  "2027-12-31",
  "2027-01-10",
  "2027-08-02",
];
/** From the last thing that can fall due: its hour, the longest delay of a retry, and the sweep. */
const AFTERMATH = 4.5 * HOUR;

export type Outcome = {
  seed: number;
  profile: string;
  violations: string[];
  transitions: Seen[];
  lines: string[];
  accepts: number;
  /** Virtual ms. */
  span: number;
};

export async function run(seed: number, database: Database): Promise<Outcome> {
  await empty(database);
  await takeTransitions(database);
  const random = randomOf(seed, "world");
  const start = Date.parse(`${random.pick(DAYS)}T00:00:00Z`) + random.int(0, 24 * 60) * MINUTE + random.int(0, 59_999);
  const acting = start + random.pick([20 * MINUTE, 2 * HOUR, 6 * HOUR, 26 * HOUR]);
  const scheduler = new Scheduler(start);
  const until = start + random.pick([30 * MINUTE, 2 * HOUR, 5 * HOUR, 30 * HOUR]);
  const faults = new Faults(randomOf(seed, "faults"), scheduler, { from: start, until });
  const arranged = await arrange(database, random, start);
  const world = new World(seed, { scheduler, faults, database, dead: arranged.dead });
  world.trace(
    `seed ${seed}: ${faults.profile}, ${arranged.people.length} people, from ${new Date(start).toISOString()} (${wallAt(start, "Europe/Warsaw")} in Warsaw)`,
  );
  world.record.moments.push(await look(database, start, 0));
  new People(world, randomOf(seed, "people"), arranged, acting).start();
  // The longest that an event can be away: a lead of a day before the last of three daily occurrences of an event planned or moved late.
  const end = Math.max(acting, until) + AFTERMATH;
  let stop = end;
  const ticking = startTicking(world, () => stop);
  await scheduler.run(end);
  for (let last = await lastStart(database); last + AFTERMATH > stop; last = await lastStart(database)) {
    stop = last + AFTERMATH;
    ticking.resume();
    await scheduler.run(stop);
  }
  // A message that was meant for hours later may have been delayed on top.
  for (let turn = 0; turn < 40 && world.queues.size > 0; turn++) {
    stop += HOUR;
    ticking.resume();
    await scheduler.run(stop);
  }
  const ledger = await readLedger(database);
  const transitions = await takeTransitions(database);
  const violations = [
    ...world.record.violations,
    ...judge(world, ledger, stop, arranged),
    ...judgeTransitions(transitions),
  ];
  return {
    seed,
    profile: faults.profile,
    violations,
    transitions,
    lines: world.lines,
    accepts: world.record.attempts.filter(({ outcome }) => outcome === "accepted").length,
    span: stop - start,
  };
}

/** When the last occurrence begins that is or was planned, ms. */
async function lastStart(database: Database): Promise<number> {
  const [found] = await database.query<{ last: number }>(
    `select coalesce(extract(epoch from greatest((select max(next_starts_at) from event_leads), (select max(starts_at) from event_reminders), (select max(due_at) from event_reminders)))::float8 * 1000, 0) as last`,
  );
  return found!.last;
}

const TABLES = [
  "event_reminders_logs",
  "event_reminders_users",
  "event_reminders",
  "events_comments_logs",
  "events_comments",
  "event_leads",
  "event_exceptions",
  "events_users",
  "events",
  "group_invitation_logs",
  "group_members",
  "groups",
  "devices",
  "notification_preferences",
  "suppressed_addresses",
  "sms_spending",
  "dead_letters",
  "alerts",
  "schedule_runs",
  "usage",
  "users",
];
const NUMBERED = [
  "users",
  "devices",
  "groups",
  "group_invitation_logs",
  "events",
  "event_leads",
  "events_comments",
  "event_reminders",
  "event_reminders_logs",
  "dead_letters",
  "alerts",
];
const EMPTY = [
  ...TABLES.map((table) => `delete from ${table}`),
  ...NUMBERED.map((table) => `alter sequence ${table}_id_seq restart`),
].join(";");
let runs = 0;

/** Deleting is faster than truncating where there is little; what it leaves is swept now and then. */
async function empty(database: Database): Promise<void> {
  await database.script(EMPTY);
  if (++runs % 50 === 0) await database.script("vacuum");
}
