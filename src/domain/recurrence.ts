/** Recurrences: which are taken, which wall times they give, and what the first app knows of them. */
import { COUNT_YEARS, type Expansion, expand, HORIZON_YEARS, isOver, lastCounted } from "./expansion.ts";
import { leadDays, parseLead } from "./lead.ts";
import { parseRRule, type RRule, timesOfDay } from "./rrule.ts";
import { floatingMs, floatingWall } from "./time.ts";

const DAY_MS = 86_400_000;

/** What an event's occurrences follow from. `recurrence` null: the start alone. */
export type Series = { event_timestamp: string; time_zone: string; recurrence: string | null };

/**
 * Why the recurrence of an event that starts at the wall time `start` is refused, in a client's words; null where it is not. Bounded,
 * whatever the rule: nothing is searched further than 100 years from the start.
 */
export function checkRecurrence(recurrence: string, start: string, timeZone: string): string | null {
  const rule = parseRRule(recurrence);
  if (typeof rule === "string") return rule;
  if (rule.until !== null && isOver(rule.until, start, timeZone)) return "UNTIL lies before the start";
  const [time, another] = timesOfDay(rule, start.slice(11));
  if (time === undefined) return "has no occurrence";
  if (another !== undefined) return "recurs more often than daily";

  const day = start.slice(0, 10);
  const endless = expand(endlessAt(start, rule), start, timeZone);
  const after = floatingWall(floatingMs(start) + 1000);
  const first = endless.from(`${day} ${time}` < start ? after : start).next().value;
  if (!first) return "has no occurrence";
  const given = `${first.slice(0, 10)} ${time}`;
  if (given !== start) return `does not give the start itself; the first time that it gives is ${given}`;

  if (rule.count !== null && lastCounted(rule, start) === null)
    return `COUNT reaches further than ${COUNT_YEARS} years`;
  const ends = rule.count === 1 || (rule.until !== null && yearsBetween(start, rule.until.wall) < HORIZON_YEARS);
  if (!ends && endless.from(after).next().done) return `recurs less than once in ${HORIZON_YEARS} years`;
  return null;
}

const yearsBetween = (start: string, end: string): number => Number(end.slice(0, 4)) - Number(start.slice(0, 4));

/** The same days without end, at the time of the start. */
function endlessAt(start: string, rule: RRule): RRule {
  const parts = new Map(rule.parts);
  const time = start.slice(11).split(":").map(Number);
  for (const [place, name] of ["BYHOUR", "BYMINUTE", "BYSECOND"].entries())
    if (parts.has(name)) parts.set(name, [`${time[place]}`]);
  return { ...rule, count: null, until: null, parts };
}

/** The occurrences of a series as wall times, in order, from `fromWall` on. Lazy. The recurrence has passed `checkRecurrence`. */
export function* occurrencesFrom(series: Series, fromWall: string): Generator<string, void, undefined> {
  const start = series.event_timestamp;
  if (series.recurrence !== null) yield* expansionOf(series.recurrence, series).from(fromWall);
  else if (start >= fromWall) yield start;
}

/** The last occurrence at or before a wall time; null where there is none. */
export function lastOccurrence(series: Series, wall: string): string | null {
  const start = series.event_timestamp;
  if (series.recurrence !== null) return expansionOf(series.recurrence, series).upTo(wall);
  return start <= wall ? start : null;
}

/** Whether the series gives this wall time. */
export const isOccurrence = (series: Series, wall: string): boolean =>
  occurrencesFrom(series, wall).next().value === wall;

/** The exceptions' names that the series gives. They are asked for in order, which is what neighbouring searches share. */
export function occurrencesAmong(series: Series, exceptions: readonly { occurrence: string }[]): Set<string> {
  const walls = exceptions.map(({ occurrence }) => occurrence).sort();
  return new Set(walls.filter((wall) => isOccurrence(series, wall)));
}

/** Expansions of late, since planning an event asks for the same one many times and preparing it is what costs. */
const expansions = new Map<string, Expansion>();
const MAX_EXPANSIONS = 100;

function expansionOf(recurrence: string, { event_timestamp, time_zone }: Series): Expansion {
  const key = `${event_timestamp} ${time_zone} ${recurrence}`;
  const known = expansions.get(key);
  if (known) return known;
  const rule = parseRRule(recurrence);
  if (typeof rule === "string") throw new Error(`A recurrence was kept that ${rule}`);
  const made = expand(rule, event_timestamp, time_zone);
  for (const oldest of expansions.keys()) {
    if (expansions.size < MAX_EXPANSIONS) break;
    expansions.delete(oldest);
  }
  expansions.set(key, made);
  return made;
}

/** What the first app can say and is shown. */
export type Period = "1 day" | "1 week" | "1 month";
const PERIODS: Period[] = ["1 day", "1 week", "1 month"];
const PERIOD_DAYS: Record<Period, number> = { "1 day": 1, "1 week": 7, "1 month": 30 };
const MEAN_OF = 12;

/** The rule of an event that the first app repeats. The 29th, 30th and 31st are the last day of a shorter month. */
export function legacyRecurrence(period: Period, start: string): string {
  if (period === "1 day") return "FREQ=DAILY";
  if (period === "1 week") return "FREQ=WEEKLY";
  const day = Number(start.slice(8, 10));
  if (day <= 28) return "FREQ=MONTHLY";
  const days = [28, 29, 30, 31].filter((one) => one <= day);
  return `FREQ=MONTHLY;BYMONTHDAY=${days.join()};BYSETPOS=-1`;
}

/** The lead of an event that the first app does not repeat: one period of wall time. */
export const onceLead = (period: Period): string => ({ "1 day": "P1D", "1 week": "P1W", "1 month": "P1M" })[period];

/**
 * The period nearest to the mean distance of a recurring event's first occurrences, or to the longest lead of one that does not recur; of two as
 * near the shorter.
 */
export function nearestPeriod(schedule: Series & { leads: string[] }): Period {
  const { recurrence, leads } = schedule;
  const days =
    recurrence === null ? Math.max(0, ...leads.map((lead) => leadDays(parseLead(lead)))) : meanDays(schedule);
  const distance = (period: Period) => Math.abs(PERIOD_DAYS[period] - days);
  return PERIODS.reduce((best, period) => (distance(period) < distance(best) ? period : best));
}

function meanDays({ recurrence, event_timestamp: start, time_zone }: Series): number {
  const rule = recurrence === null ? "" : parseRRule(recurrence);
  if (typeof rule === "string") return 0;
  let [last, distances] = [start, -1];
  for (const wall of expand({ ...rule, count: null, until: null }, start, time_zone).from(start)) {
    [last, distances] = [wall, distances + 1];
    if (distances === MEAN_OF) break;
  }
  return distances > 0 ? (floatingMs(last) - floatingMs(start)) / DAY_MS / distances : Number.POSITIVE_INFINITY;
}
