/** The text of a recurrence: the RRULE of RFC 5545, 3.3.10, read strictly, since a rule read loosely reminds on wrong days. */
import { parseWallTime } from "./time.ts";

export type Frequency = "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY";

export type RRule = {
  freq: Frequency;
  interval: number;
  count: number | null;
  /** The last moment: an instant (`Z`), or a wall time; a date is its last second. */
  until: { utc: boolean; wall: string } | null;
  /** BYxxx and WKST by name, upper case, each value once. */
  parts: Map<string, string[]>;
};

const MAX_LENGTH = 1_000;
/** Each is walked to once. */
const MAX_COUNT = 4_000;
const MAX_INTERVAL = 9_999_999;
const FREQUENCIES: string[] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] satisfies Frequency[];
const MORE_OFTEN = ["HOURLY", "MINUTELY", "SECONDLY"];
const WEEKDAY = /^(?:([+-]?)(\d{1,2}))?(MO|TU|WE|TH|FR|SA|SU)$/;

/** Least and greatest value of the numeric lists; `signed` ones also count from the end. */
const LISTS: Record<string, { from: number; to: number; signed?: true; only?: Frequency[] }> = {
  BYSECOND: { from: 0, to: 60 },
  BYMINUTE: { from: 0, to: 59 },
  BYHOUR: { from: 0, to: 23 },
  BYMONTHDAY: { from: 1, to: 31, signed: true, only: ["DAILY", "MONTHLY", "YEARLY"] },
  BYYEARDAY: { from: 1, to: 366, signed: true, only: ["YEARLY"] },
  BYWEEKNO: { from: 1, to: 53, signed: true, only: ["YEARLY"] },
  BYMONTH: { from: 1, to: 12 },
  BYSETPOS: { from: 1, to: 366, signed: true },
};
const KNOWN = new Set(["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", ...Object.keys(LISTS)]);

/** The one spelling in which a rule is kept: without a name before it, in upper case, its parts in the order in which they came. */
export const canonicalRRule = (text: string): string => text.toUpperCase().replace(/^RRULE:/, "");

/** The rule, or in words why it is none. An `RRULE:` before it may stand. */
export function parseRRule(text: string): RRule | string {
  if (text.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  // Other letters have upper cases in ASCII too (ı, ſ).
  if (!/^[\x20-\x7e]*$/.test(text)) return "is not an RRULE of RFC 5545";
  const fields = new Map<string, string>();
  for (const field of canonicalRRule(text).split(";")) {
    const [name = "", value, ...rest] = field.split("=");
    if (!/^[A-Z-]+$/.test(name) || !value || rest.length > 0) return "is not an RRULE of RFC 5545";
    if (!KNOWN.has(name)) return `${name} is not supported`;
    if (fields.has(name)) return `${name} is given twice`;
    fields.set(name, value);
  }
  const freq = fields.get("FREQ");
  if (freq === undefined) return "is not an RRULE of RFC 5545: FREQ is missing";
  if (MORE_OFTEN.includes(freq)) return "recurs more often than daily";
  if (!isFrequency(freq)) return "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY";

  const interval = positive(fields.get("INTERVAL") ?? "1");
  if (interval === null) return `INTERVAL must be a whole number from 1 to ${MAX_INTERVAL}`;
  const counted = fields.get("COUNT");
  const count = counted === undefined ? null : positive(counted);
  if (counted !== undefined && (count === null || count > MAX_COUNT))
    return `COUNT must be a whole number from 1 to ${MAX_COUNT}`;
  const until = fields.has("UNTIL") ? parseUntil(fields.get("UNTIL")!) : null;
  if (until === undefined) return "UNTIL must be a date or time like 20271231T225959Z";
  if (count !== null && until !== null) return "COUNT and UNTIL exclude each other";

  const parts = new Map<string, string[]>();
  for (const [name, value] of fields) {
    if (name !== "WKST" && !name.startsWith("BY")) continue;
    const values = value.split(",");
    const fault = partFault(name, values, freq, fields);
    if (fault !== null) return fault;
    parts.set(name, [...new Set(values.map(plainest))]);
  }
  const selects = [...parts.keys()].some((name) => name.startsWith("BY") && name !== "BYSETPOS");
  if (parts.has("BYSETPOS") && !selects) return "BYSETPOS needs another BY part to select from";
  return { freq, interval, count, until, parts };
}

/** One spelling for each value: `+01MO` is `1MO`. */
const plainest = (value: string): string => value.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1");

const isFrequency = (text: string): text is Frequency => FREQUENCIES.includes(text);

function positive(text: string): number | null {
  return /^\d{1,7}$/.test(text) && Number(text) > 0 ? Number(text) : null;
}

function parseUntil(text: string): RRule["until"] | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "23", minute = "59", second = "59", z] = match;
  const wall = parseWallTime(`${year}-${month}-${day} ${hour}:${minute}:${second}`);
  return wall === null ? undefined : { utc: z === "Z", wall };
}

function partFault(name: string, values: string[], freq: Frequency, fields: Map<string, string>): string | null {
  if (name === "WKST") return /^(MO|TU|WE|TH|FR|SA|SU)$/.test(values.join()) ? null : "WKST must be a weekday like MO";
  if (name === "BYDAY") return weekdayFault(values, freq, fields);
  const { from, to, signed, only } = LISTS[name]!;
  if (only && !only.includes(freq)) return `${name} cannot stand with FREQ=${freq}`;
  const fits = (value: string) => {
    const match = (signed ? /^[+-]?(\d{1,3})$/ : /^(\d{1,2})$/).exec(value);
    return match !== null && Number(match[1]) >= from && Number(match[1]) <= to;
  };
  return values.every(fits)
    ? null
    : `${name} must be numbers from ${signed ? `${from} to ${to} or -${to} to -${from}` : `${from} to ${to}`}`;
}

function weekdayFault(values: string[], freq: Frequency, fields: Map<string, string>): string | null {
  for (const value of values) {
    const match = WEEKDAY.exec(value);
    if (!match) return "BYDAY must be weekdays like MO, or 2MO and -1FR";
    const ordinal = match[2];
    if (ordinal === undefined) continue;
    if (Number(ordinal) < 1 || Number(ordinal) > 53) return "BYDAY counts from 1 to 53";
    if (freq === "DAILY" || freq === "WEEKLY") return `BYDAY cannot count weekdays with FREQ=${freq}`;
    if (fields.has("BYWEEKNO")) return "BYDAY cannot count weekdays beside BYWEEKNO";
  }
  return null;
}

/**
 * The times of day, `HH:MM:SS`, that the rule has on a day, as far as the second of them; `startTime` fills what it leaves open. A daily rule may select
 * from them.
 */
export function timesOfDay({ freq, parts }: RRule, startTime: string): string[] {
  const given = startTime.split(":").map(Number);
  const [hours, minutes, seconds] = ["BYHOUR", "BYMINUTE", "BYSECOND"].map((name, place) =>
    (parts.get(name)?.map(Number) ?? [given[place]!]).sort((a, b) => a - b),
  ) as [number[], number[], number[]];
  const total = hours.length * minutes.length * seconds.length;
  const positions =
    freq === "DAILY" && parts.get("BYSETPOS")?.map((n) => (Number(n) > 0 ? Number(n) - 1 : total + Number(n)));
  const chosen = new Set((positions || [0, 1]).filter((n) => n >= 0 && n < total));
  return [...chosen].slice(0, 2).map((nth) => {
    const minute = Math.floor(nth / seconds.length);
    const hour = Math.floor(minute / minutes.length);
    const parts = [hours[hour]!, minutes[minute % minutes.length]!, seconds[nth % seconds.length]!];
    return parts.map((part) => String(part).padStart(2, "0")).join(":");
  });
}
