/** Part d: what each thing costs where little is stored and where much is. The product's own verbs, by its driver, through the endpoint. */

import { findDue } from "../src/domain/due.ts";
import { listEvents } from "../src/domain/event-list.ts";
import type { Figure, Part, Section, Size } from "./figures.ts";
import { examine } from "./growth/examine.ts";
import { DELIVERIES_A_ROUND, type Extent, ROUNDS } from "./growth/fill.ts";
import { explaining, type Plan, unindexedReferences } from "./growth/plans.ts";
import { STAGES } from "./growth/rounds.ts";
import { caller, ROUND } from "./growth/statements.ts";
import { timeIdleTicks, timeLists, timeRounds } from "./growth/timings.ts";
import { makeWorlds, type World } from "./growth/world.ts";
import { quantile } from "./quantile.ts";

type Extents = {
  few: number;
  events: number;
  more: number;
  most: number;
  ledger: number;
  turns: number;
  rounds: number;
};

const EXTENTS: Record<Size, Extents> = {
  full: { few: 10, events: 1_000, more: 10_000, most: 1_000_000, ledger: 5_000_000, turns: 300, rounds: ROUNDS - 1 },
  quick: { few: 10, events: 1_000, more: 5_000, most: 20_000, ledger: 20_000, turns: 30, rounds: 6 },
};
/** A ledger of a few days. */
const LITTLE_LEDGER = 200;
/** No figure grows by more than a fifth. */
const GROWTH = 1.2;
const HOUR_MS = 3_600_000;
/** A descent reads a page of each level of an index, of which there are three up to some tens of millions of entries, and the page of the row. */
const PAGES_A_DESCENT = 4;
/**
 * 20 events of 10 people: 200 participations for the people and 200 for their count, 200 people, and once an event the caller's own participation, the
 * event itself, its group, the caller's membership and its lead. Descents: to each person and, for each event, to seven other things at the most; and for the
 * mark of the page, which is told with it for the first time, to each event once more.
 */
const LIST = { rows: 400, descents: 130 };
/** What sleeps is not looked at. Descents: to where the due ones would be, in each of the five tables that the tick looks into. */
const TICK = { rows: 0, descents: 5 };
/** Of one statement, for the median of its time. */
const PLANS = 9;

export const growth: Part = { id: "growth", title: "What grows with what is stored", measure };

async function measure(size: Size, say: (line: string) => void): Promise<Section> {
  const { few, events, more, most, ledger, turns, rounds } = EXTENTS[size];
  const held = size === "full";
  const extents: Extent[] = [
    { events: few, ledger: 0, beside: false },
    { events, ledger: LITTLE_LEDGER, beside: false },
    { events: more, ledger: 0, beside: false },
    { events: most, ledger, beside: true },
  ];
  const { worlds, at, stop } = await makeWorlds(extents, say);
  try {
    const [sleepy, little, middle, full] = worlds as [World, World, World, World];
    const ticks = await timeIdleTicks([sleepy, middle, full], at, turns);
    say(`an idle tick: ${ticks.map((ms) => ms.toFixed(2)).join(", ")} ms`);
    const lists = await timeLists([little, full], at, turns);
    say(`GET /event: ${lists.map((ms) => ms.toFixed(2)).join(", ")} ms`);
    const before = at - HOUR_MS;
    const [tick] = await plansOf([full], (db) => findDue(db, "schedule-events", before, before));
    const list20 = (db: World["db"]) => listEvents(db, caller(1), { limit: 1_000, after: null }, at);
    const listed = await plansOf(
      Array.from({ length: PLANS }, () => full),
      list20,
    );
    const stages = await timeRounds([little, full], at, rounds);
    for (const stage of STAGES) say(`${stage}: ${stages[stage].map((ms) => ms.toFixed(1)).join(", ")} ms`);
    const examined = await examine(full, at, rounds);
    const faulty = examined.filter(({ faults }) => faults.length > 0);
    const faults = faulty.flatMap(({ name, faults }) => faults.map((fault) => `${name} ${fault}`));
    for (const fault of faults) say(fault);
    const bytes = await bytesOf(full);
    const unindexed = await unindexedReferences(full.client);
    const [list] = listed;
    if (!tick || !list) throw new Error("a read that sent no statement");
    const delivery = examined.find(({ name }) => name === ROUND)!;
    const figures: Figure[] = [
      ...timed("an idle tick", "beside the fewest sleeping events", ticks[0]!, ticks[2]!, held),
      ratio("growth of an idle tick, halfway", ticks[1]! / ticks[0]!, held),
      ...touched("an idle tick", tick, TICK),
      ...timed("GET /event of a person with 20 events", "beside 1,000 events", lists[0]!, lists[1]!, held),
      ...touched("GET /event", list, LIST),
      ...STAGES.flatMap((stage) =>
        timed(`a due minute: ${stage}`, "with a short ledger", stages[stage][0]!, stages[stage][1]!, held),
      ),
      count("verbs that read a growing table whole or touch more than their part", "verbs", faulty.length, 0),
      count("references without an index", "references", unindexed.length, 0),
      measured(
        "GET /event in PostgreSQL alone",
        quantile(
          listed.map(({ ms }) => ms).sort((a, b) => a - b),
          0.5,
        )!,
        "ms",
      ),
      measured("a delivery in PostgreSQL alone, from the tick to settled", delivery.ms / DELIVERIES_A_ROUND, "ms"),
      ...Object.entries(bytes).map(([name, value]) => measured(name, value, "bytes")),
    ];
    return {
      id: growth.id,
      title: growth.title,
      figures,
      notes: notes(extents, full, tick, examined.length, turns, rounds, faults),
    };
  } finally {
    await stop();
  }
}

async function plansOf(worlds: World[], work: (db: World["db"]) => Promise<unknown>): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const { db, client } of worlds) await work(explaining(db, client, false, (plan) => plans.push(plan)));
  return plans;
}

/** What one of a kind takes on disk, with its indexes and what hangs on it. */
async function bytesOf({ client, events, ledger }: World): Promise<Record<string, number>> {
  const size = (...tables: string[]) => tables.map((table) => `pg_total_relation_size('${table}')`).join(" + ");
  const { rows } = await client.query<Record<"delivery" | "event" | "person", number>>(`
    select (${size("event_reminders", "event_reminders_users", "event_reminders_logs")})::float8 / ${ledger} as delivery,
           (${size("events", "events_users", "event_leads")})::float8 / ${events} as event,
           (${size("users", "devices", "group_members")})::float8 / (select count(*) from users) as person`);
  const { delivery, event, person } = rows[0]!;
  return { "a settled delivery on disk": delivery, "an event of four on disk": event, "a person on disk": person };
}

/** What the plan touches; its pages are a measure, since they differ by a few from one filling to the next. */
const touched = (name: string, plan: Plan, most: { rows: number; descents: number }): Figure[] => {
  const pages = PAGES_A_DESCENT * most.descents;
  return [
    count(`rows that ${name} touches`, "rows", plan.rows, most.rows),
    count(`descents into an index of ${name}`, "descents", plan.descents, most.descents),
    {
      ...measured(`pages that ${name} touches`, plan.buffers, "pages"),
      goal: { text: `at most ${pages}`, met: plan.buffers <= pages },
    },
  ];
};

/** The time itself, and how far it grew. */
const timed = (name: string, than: string, small: number, large: number, held: boolean): Figure[] => [
  { name, kind: "measure", value: round(large), unit: "ms", beside: { name: than, value: round(small) }, goal: null },
  ratio(`growth of ${name}`, large / small, held),
];

const measured = (name: string, value: number, unit: string): Figure => ({
  name,
  kind: "measure",
  value: round(value),
  unit,
  beside: null,
  goal: null,
});

/** `held`: a few hurried turns are not. */
const ratio = (name: string, value: number, held: boolean): Figure => ({
  name,
  kind: held ? "ratio" : "measure",
  value: round(value),
  unit: "",
  beside: null,
  goal: held ? { text: `at most ${GROWTH}`, met: value <= GROWTH } : null,
  better: "less",
});

const count = (name: string, unit: string, value: number, most: number): Figure => ({
  name,
  kind: "count",
  value,
  unit,
  beside: null,
  goal: { text: `at most ${most}`, met: value <= most },
});

const round = (value: number): number => Number(value.toPrecision(3));
const thousands = (value: number): string => value.toLocaleString("en-US");

const notes = (
  extents: Extent[],
  full: World,
  tick: Plan,
  verbs: number,
  turns: number,
  rounds: number,
  faults: string[],
): string[] => [
  `Worlds of ${extents.map(({ events }) => thousands(events)).join(", ")} events, all asleep but what a round wakes; the last holds ${thousands(full.ledger)} settled deliveries, as many comments as events and ${thousands(Math.round(full.bytes / 2 ** 20))} MiB. The tables are logged, as in production; rows are made by SQL, then vacuumed and analyzed.`,
  `Medians of ${turns} turns, and of ${rounds - 1} rounds of ${DELIVERIES_A_ROUND} deliveries (20 events of 10 people), the worlds by turns; a time holds the driver, HTTP to the endpoint on this machine, and PostgreSQL with its 128 MB of shared buffers. An idle tick's milliseconds hold HTTP and planning, which could hide what grows; therefore the rows and pages that it touches are shown beside.`,
  `Rows, descents and pages are those of the last world. A page of GET /event with its 20 events of 10 people looks up each participation, event and lead once or twice, and each person and group once for the page; a descent reads ${PAGES_A_DESCENT} pages at the most: three levels of an index and the page of the row.`,
  `The tick's plan: ${tick.scans.join("; ")}.`,
  tickNote(tick),
  `${verbs} verbs of the product are explained as they run in the last world (EXPLAIN ANALYZE, BUFFERS)${full.events < 100_000 ? ", with sequential scans put off since its tables are small" : ""}. An erasure reads all dead letters, which are kept for 30 days, the nightly run what erasures left to do, and pruning a table of a few hundred pages; nothing else is read whole.`,
  ...faults.map((fault) => `Wanting: ${fault}.`),
];

/** Said only where it is so. */
const tickNote = ({ read, bitmaps }: Plan): string =>
  `${read.length === 0 ? "The tick reads nothing but by an index" : `The tick reads ${read.join(", ")} from end to end`}${bitmaps.length > 0 ? `; a bitmap scan is one too: it gathers from ${bitmaps.join(", ")} where the due rows lie, and reads only the pages that hold them` : ""}.`;
