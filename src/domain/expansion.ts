/**
 * The occurrences of a rule on a clock without a zone (UTC stands for it), where no time is skipped or doubled: a library computes them,
 * here is what bounds and speeds it up.
 */
import { RRuleTemporal } from "rrule-temporal";
import type { RRule } from "./rrule.ts";
import { floatingMs, floatingWall, placeWallTime, wallTimeAt } from "./time.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;
const END_MS = Date.UTC(9999, 11, 31, 23, 59, 59);
/**
 * How far ahead a next occurrence is looked for, so that a rule that comes hardly ever costs little. 29 February on a Sunday comes every
 * 28 years, and once after 40.
 */
export const HORIZON_YEARS = 45;
/** Windows end on a multiple of this, so that neighbours share one. */
const WINDOW_STEP_MS = 5 * YEAR_MS;
/** The library's own stop lies beyond every search: the window's end is what stops it. */
const MAX_ITERATIONS = 100_000;

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
  let limit = END_MS;
  // A day more than UNTIL: isOver is exact.
  if (until !== null)
    limit = floatingMs(until.utc ? wallTimeAt(floatingMs(until.wall), timeZone) : until.wall) + DAY_MS;
  else if (rule.count !== null) limit = floatingMs(lastCounted(rule, start) ?? start);
  const exactFrom = limit - 2 * DAY_MS;

  let window = { end: 0, rule: null as RRuleTemporal | null };
  const windowTo = (wanted: number): RRuleTemporal => {
    const end = Math.min(limit, Math.ceil(wanted / WINDOW_STEP_MS) * WINDOW_STEP_MS);
    if (window.rule === null || window.end !== end)
      window = { end, rule: libraryRule(rule, start, `UNTIL=${basic(end)}`) };
    return window.rule!;
  };
  const isPast = (at: number) => until !== null && at > exactFrom && isOver(until, floatingWall(at), timeZone);

  return {
    *from(wall) {
      for (let from = Math.max(floatingMs(wall), startMs); from <= limit; ) {
        const current = windowTo(from + HORIZON_YEARS * YEAR_MS);
        const { end } = window;
        let at = current.next(new Date(from), true)?.epochMilliseconds;
        if (at === undefined) return;
        for (; at !== undefined; at = current.next(new Date(at), false)?.epochMilliseconds) {
          if (isPast(at)) return;
          yield floatingWall(at);
          from = at + 1000;
        }
        if (end === limit) return;
      }
    },
    upTo(wall) {
      for (let before = Math.min(floatingMs(wall), limit); before >= startMs; ) {
        const at = windowTo(before + DAY_MS).previous(new Date(before), true)?.epochMilliseconds;
        if (at === undefined) return null;
        if (!isPast(at)) return floatingWall(at);
        before = at - 1000;
      }
      return null;
    },
  };
}

/** How far COUNT may reach. */
export const COUNT_YEARS = 50;

/**
 * The occurrence that COUNT ends with, walked to once: from then on it is an UNTIL, which the library can jump to. Null where it lies further
 * than any count is followed.
 */
export function lastCounted(rule: RRule, start: string): string | null {
  const bound = basic(Math.min(END_MS, floatingMs(start) + COUNT_YEARS * YEAR_MS));
  let walked = 0;
  let last: number | null = null;
  libraryRule(rule, start, `UNTIL=${bound}`).all((one) => {
    walked += 1;
    last = one.epochMilliseconds;
    return walked < rule.count!;
  });
  return walked === rule.count && last !== null ? floatingWall(last) : null;
}

const basic = (ms: number): string => `${floatingWall(ms).replace(/[-:]/g, "").replace(" ", "T")}Z`;

function libraryRule(rule: RRule, start: string, end: string): RRuleTemporal {
  const { interval, parts } = rule;
  // Days of the month limit a daily rule and expand a monthly one to the same days, which are found a month at a time.
  const freq = rule.freq === "DAILY" && interval === 1 && parts.has("BYMONTHDAY") ? "MONTHLY" : rule.freq;
  const fields = [`FREQ=${freq}`, `INTERVAL=${interval}`, end];
  for (const [name, values] of parts) {
    // On one day there is one time, which is the start's: nothing is left to select.
    const timeOfDay = name === "BYHOUR" || name === "BYMINUTE" || name === "BYSECOND" || name === "BYSETPOS";
    if (rule.freq !== "DAILY" || !timeOfDay) fields.push(`${name}=${values.join()}`);
  }
  return new RRuleTemporal({
    rruleString: `DTSTART:${basic(floatingMs(start))}\nRRULE:${fields.join(";")}`,
    maxIterations: MAX_ITERATIONS,
  });
}
