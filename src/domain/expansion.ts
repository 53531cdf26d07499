/**
 * The occurrences of a rule on a clock without a zone (UTC stands for it), where no time is skipped or doubled: a library computes them,
 * here is what bounds and speeds it up.
 */
import { RRuleTemporal } from "rrule-temporal";
import type { RRule } from "./rrule.ts";
import { floatingMs, floatingWall, placeWallTime, wallTimeAt } from "./time.ts";
import { type Dates, needsYearlyDates, yearlyDates } from "./yearly-dates.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;
const END_MS = Date.UTC(9998, 11, 31, 23, 59, 59);
/**
 * How far ahead a next occurrence is looked for, so that a rule that comes hardly ever costs little. 29 February on a Sunday comes every
 * 28 years, and once after 40.
 */
export const HORIZON_YEARS = 45;
/** How far COUNT may reach. */
export const COUNT_YEARS = 100;
/** The library's searches end on a multiple of this, so that neighbours share one. */
const WINDOW_STEP_MS = 5 * YEAR_MS;
/** The library's own stop lies beyond every search: the window's end is what stops it. */
const MAX_ITERATIONS = 100_000;

/** On one day there is one time, which is the start's: in a daily rule these leave nothing to select. */
const WITHIN_A_DAY = new Set(["BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"]);

export type Expansion = {
  /** From a wall time on, in order; what lies before it is jumped over. Lazy. */
  from(wall: string): Generator<string, void, undefined>;
  /** The last one at or before a wall time. */
  upTo(wall: string): string | null;
};

/** Whether UNTIL lies before this wall time: as an instant where it is one, else by the zone's clocks. */
export const isOver = (until: NonNullable<RRule["until"]>, wall: string, timeZone: string): boolean =>
  until.utc ? placeWallTime(wall, timeZone) > floatingMs(until.wall) : wall > until.wall;

/** The rule has its occurrences at the start's time of day; `start` is one of them unless the rule is being checked for that. */
export function expand(rule: RRule, start: string, timeZone: string): Expansion {
  const { until } = rule;
  const startMs = floatingMs(start);
  const dates = datesOf(rule, start);
  let limit = END_MS;
  // A day more than UNTIL: isOver is exact.
  if (until !== null)
    limit = floatingMs(until.utc ? wallTimeAt(floatingMs(until.wall), timeZone) : until.wall) + DAY_MS;
  // COUNT is walked to once: from then on it is an end that can be jumped to.
  else if (rule.count !== null) limit = floatingMs(lastCounted(rule, start) ?? start);
  const isPast = (at: number) => until !== null && at > limit - 2 * DAY_MS && isOver(until, floatingWall(at), timeZone);

  return {
    *from(wall) {
      for (let from = Math.max(floatingMs(wall), startMs); from <= limit; ) {
        const at = dates.next(from, Math.min(limit, from + HORIZON_YEARS * YEAR_MS));
        if (at === null || isPast(at)) return;
        yield floatingWall(at);
        from = at + 1000;
      }
    },
    upTo(wall) {
      for (let until = Math.min(floatingMs(wall), limit); until >= startMs; ) {
        const at = dates.previous(until);
        if (at === null || !isPast(at)) return at === null ? null : floatingWall(at);
        until = at - 1000;
      }
      return null;
    },
  };
}

/** The occurrence that COUNT ends with; null where it lies further than any count is followed. */
export function lastCounted(rule: RRule, start: string): string | null {
  const end = Math.min(END_MS, floatingMs(start) + COUNT_YEARS * YEAR_MS);
  const last = rule.count === null ? null : datesOf(rule, start).nth(rule.count, end);
  return last === null ? null : floatingWall(last);
}

const datesOf = (rule: RRule, start: string): Dates =>
  needsYearlyDates(rule) ? yearlyDates(rule, floatingMs(start)) : libraryDates(rule, start);

function libraryDates(rule: RRule, start: string): Dates {
  let [library, libraryEnd]: [RRuleTemporal | null, number] = [null, 0];
  /** Reaches at least to `end`: one instance serves for years. */
  const reaching = (end: number): RRuleTemporal => {
    const wanted = Math.min(END_MS, Math.ceil(end / WINDOW_STEP_MS) * WINDOW_STEP_MS);
    if (library === null || libraryEnd !== wanted) [library, libraryEnd] = [libraryRule(rule, start, wanted), wanted];
    return library;
  };
  return {
    next(from, end) {
      const at = reaching(end).next(new Date(from), true)?.epochMilliseconds;
      return at === undefined || at > end ? null : at;
    },
    previous: (until) => reaching(until).previous(new Date(until), true)?.epochMilliseconds ?? null,
    nth(count, end) {
      const step = plainStep(rule);
      if (step !== null) {
        const last = floatingMs(start) + (count - 1) * step;
        return last <= end ? last : null;
      }
      let [walked, at]: [number, number | null] = [0, null];
      libraryRule(rule, start, end).all((one) => {
        walked += 1;
        at = one.epochMilliseconds;
        return walked < count;
      });
      return walked === count ? at : null;
    },
  };
}

/** The distance of all occurrences, ms, where it is one by its very rule. */
function plainStep({ freq, interval, parts }: RRule): number | null {
  if ([...parts.keys()].some((name) => name !== "WKST" && !WITHIN_A_DAY.has(name))) return null;
  if (freq === "DAILY") return interval * DAY_MS;
  return freq === "WEEKLY" && !parts.has("BYSETPOS") ? interval * 7 * DAY_MS : null;
}

const basic = (ms: number): string => `${floatingWall(ms).replace(/[-:]/g, "").replace(" ", "T")}Z`;

/** COUNT is left to `nth`: with it the library walks an odd rule from the start at every step. */
function libraryRule(rule: RRule, start: string, end: number): RRuleTemporal {
  const { interval, parts } = rule;
  // Days of the month limit a daily rule and expand a monthly one to the same days, which are found a month at a time.
  const freq = rule.freq === "DAILY" && interval === 1 && parts.has("BYMONTHDAY") ? "MONTHLY" : rule.freq;
  const fields = [`FREQ=${freq}`, `INTERVAL=${interval}`, `UNTIL=${basic(end)}`];
  for (const [name, values] of parts) {
    if (rule.freq !== "DAILY" || !WITHIN_A_DAY.has(name)) fields.push(`${name}=${values.join()}`);
  }
  return new RRuleTemporal({
    rruleString: `DTSTART:${basic(floatingMs(start))}\nRRULE:${fields.join(";")}`,
    maxIterations: MAX_ITERATIONS,
  });
}
