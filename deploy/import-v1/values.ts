/** Values of a first Torium's rows, as PostgreSQL prints them, read into ours. Null: it is none. */
import { parseAmount } from "../../src/domain/money.ts";
import type { Period } from "../../src/domain/recurrence.ts";
import { parseInstant, parseWallTime, placeWallTime } from "../../src/domain/time.ts";

export function idOf(text: string | null | undefined): number | null {
  const id = /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
  return id > 0 ? id : null;
}

export const isTrue = (text: string | null | undefined): boolean => /^(t|true|1|yes|on)$/i.test(text ?? "");

/** An instant in ms; a time without an offset is the zone's wall time. */
export function instantOf(text: string | null | undefined, timeZone: string): number | null {
  if (!text) return null;
  const [, short] = /[+-]\d\d(:?\d\d)?$/.exec(text.slice(10)) ?? [null, null];
  if (/[+-]\d\d(:?\d\d)?$/.test(text.slice(10))) {
    return parseInstant(short === undefined ? `${text}:00` : text.replace(/([+-]\d\d):?(\d\d)$/, "$1:$2"));
  }
  const wall = parseWallTime(text);
  return wall === null ? null : placeWallTime(wall, timeZone);
}

const DAYS: Record<string, number> = { year: 365, mon: 30, month: 30, week: 7, day: 1 };
const PERIODS: [Period, number][] = [
  ["1 day", 1],
  ["1 week", 7],
  ["1 month", 30],
];

/** The nearest of the three that the first app could say: "7 days", "1 mon" and "30 days" are intervals of PostgreSQL. */
export function periodOf(text: string | null | undefined): Period | null {
  const parts = [...(text ?? "").matchAll(/(-?\d+) (year|month|mon|week|day)s?\b/g)];
  const hours = /(\d+):\d\d:\d\d/.exec(text ?? "")?.[1];
  const days = parts.reduce((sum, [, count, unit]) => sum + Number(count) * DAYS[unit!]!, Number(hours ?? 0) / 24);
  if (days <= 0) return null;
  return PERIODS.reduce((best, one) => (Math.abs(one[1] - days) < Math.abs(best[1] - days) ? one : best))[0];
}

/** The first Torium kept money as a float of seven digits: the amount to the hundredth that it is nearest to. */
export function amountOf(text: string | null | undefined): string | null {
  if (!/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text ?? "")) return null;
  return parseAmount(Number(text).toFixed(2), "PLN");
}
