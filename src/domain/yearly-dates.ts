/**
 * The dates of a yearly rule with BYDAY, BYWEEKNO or BYYEARDAY, read from RFC 5545, 3.3.10 day by day. The library mixes up what expands and
 * what limits where these meet in one rule (`BYDAY=SA,-2TU`, `BYWEEKNO=20;INTERVAL=2`, `BYYEARDAY=365;BYDAY=FR`).
 */
import type { RRule } from "./rrule.ts";

/** The moments of a rule without end, ms on the clock without a zone; all bounds are included. Null: none there. */
export type Dates = {
  next(from: number, end: number): number | null;
  previous(until: number): number | null;
  /** The `count`th from the start on. */
  nth(count: number, end: number): number | null;
};

const DAY_MS = 86_400_000;
const WEEKDAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

export const needsYearlyDates = ({ freq, parts }: RRule): boolean =>
  freq === "YEARLY" && (parts.has("BYDAY") || parts.has("BYWEEKNO") || parts.has("BYYEARDAY"));

/** A day belongs to the year of its date, also where its week belongs to another. */
export function yearlyDates(rule: RRule, startMs: number): Dates {
  const startYear = yearOf(startMs);
  const inTime = startMs % DAY_MS;
  const sets = new Map<number, number[]>();
  const setOf = (year: number) => {
    const known = sets.get(year);
    if (known) return known;
    const made = daysOfYear(rule, startMs, year).map((day) => day + inTime);
    if (sets.size < 100) sets.set(year, made);
    return made;
  };
  /** The first year of the rule's at or after (`step` 1), or at or before (`step` -1) a moment. */
  const yearNear = (ms: number, step: 1 | -1) => {
    const steps = (yearOf(ms) - startYear) / rule.interval;
    return startYear + (step === 1 ? Math.ceil(steps) : Math.floor(steps)) * rule.interval;
  };
  const dates: Dates = {
    next(from, end) {
      for (let year = yearNear(Math.max(from, startMs), 1); year <= yearOf(end); year += rule.interval) {
        const found = setOf(year).find((at) => at >= from && at >= startMs);
        if (found !== undefined) return found <= end ? found : null;
      }
      return null;
    },
    previous(until) {
      for (let year = yearNear(until, -1); year >= startYear; year -= rule.interval) {
        const found = setOf(year).findLast((at) => at <= until && at >= startMs);
        if (found !== undefined) return found;
      }
      return null;
    },
    nth(count, end) {
      let at = dates.next(startMs, end);
      for (let n = 1; n < count && at !== null; n += 1) at = dates.next(at + 1000, end);
      return at;
    },
  };
  return dates;
}

const yearOf = (ms: number): number => new Date(ms).getUTCFullYear();

/** All parts limit the days of the year; what none of them says, the start does. */
function daysOfYear({ parts }: RRule, startMs: number, year: number): number[] {
  const numbers = (name: string) => parts.get(name)?.map(Number);
  const start = new Date(startMs);
  const [byYearDay, byMonthDay] = [numbers("BYYEARDAY"), numbers("BYMONTHDAY")];
  const [byWeekNo, byMonth] = [numbers("BYWEEKNO"), numbers("BYMONTH")];
  const weekStart = WEEKDAYS.indexOf(parts.get("WKST")?.[0] ?? "MO");
  const startWeekday = WEEKDAYS[start.getUTCDay()]!;
  const byDay = parts.get("BYDAY") ?? (byYearDay || byMonthDay ? undefined : [startWeekday]);
  const first = Date.UTC(year, 0, 1);
  const length = (Date.UTC(year + 1, 0, 1) - first) / DAY_MS;

  const days: number[] = [];
  for (let index = 0; index < length; index += 1) {
    const ms = first + index * DAY_MS;
    const date = new Date(ms);
    const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()];
    const monthLength = new Date(Date.UTC(year, month, 0)).getUTCDate();
    if (byMonth && !byMonth.includes(month)) continue;
    if (byYearDay && !has(byYearDay, index + 1, length)) continue;
    if (byMonthDay && !has(byMonthDay, day, monthLength)) continue;
    if (byWeekNo && !has(byWeekNo, ...weekOf(ms, weekStart))) continue;
    // Weekdays are counted in the month where months are named, else in the year.
    const [place, of] = byMonth ? [day, monthLength] : [index + 1, length];
    if (byDay && !byDay.some((one) => isWeekday(one, date.getUTCDay(), place, of))) continue;
    days.push(ms);
  }
  const positions = numbers("BYSETPOS");
  return positions ? days.filter((_, index) => has(positions, index + 1, days.length)) : days;
}

/** Whether a list that counts from 1, or from the end as -1, names the place among `length`. */
const has = (list: number[], place: number, length: number): boolean =>
  list.includes(place) || list.includes(place - length - 1);

function isWeekday(part: string, weekday: number, place: number, length: number): boolean {
  if (!part.endsWith(WEEKDAYS[weekday]!)) return false;
  const nth = Math.ceil(place / 7);
  return part.length === 2 || has([Number(part.slice(0, -2))], nth, nth + Math.floor((length - place) / 7));
}

/** The number of a day's week and how many its year has; week 1 is the first with four days in the year. */
function weekOf(ms: number, weekStart: number): [number, number] {
  const middle = ms - ((new Date(ms).getUTCDay() - weekStart + 7) % 7) * DAY_MS + 3 * DAY_MS;
  const year = yearOf(middle);
  const number = Math.floor((middle - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1;
  const firstMiddle = (middle - Date.UTC(year, 0, 1)) / DAY_MS - (number - 1) * 7;
  const length = (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / DAY_MS;
  return [number, Math.floor((length - 1 - firstMiddle) / 7) + 1];
}
