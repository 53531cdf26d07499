/**
 * RFC 5545, 3.3.10 read the slow way, day by day, against what the planner computes, for many rules made from a seed: what neither the library nor what
 * speeds it up may change.
 */
import { expect, it } from "vitest";
import { checkRecurrence, lastOccurrence, occurrencesFrom } from "../../src/domain/recurrence.ts";

const DAY = 86_400_000;
const YEARS = 30;
const WEEKDAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
const TIME = " 18:30:00";
const iso = (day: number) => new Date(day).toISOString().slice(0, 10);
const year = (day: number) => new Date(day).getUTCFullYear();
const month = (day: number) => new Date(day).getUTCMonth() + 1;
const weekday = (day: number) => WEEKDAYS[new Date(day).getUTCDay()]!;

function randomFrom(seed: number) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const chance = (of: number) => random() < of;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const some = <T>(list: readonly T[], most: number): T[] => [
    ...new Set(Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(list))),
  ];
  return { chance, pick, some };
}

type Rule = Record<string, string>;
type Random = ReturnType<typeof randomFrom>;

function randomRule({ chance, pick, some }: Random): Rule {
  const freq = pick(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "YEARLY"]);
  const rule: Rule = { FREQ: freq, INTERVAL: pick(["1", "1", "2", "3"]), WKST: pick(WEEKDAYS) };
  if (chance(0.3)) rule.BYMONTH = `${some([1, 2, 3, 6, 7, 11, 12], 4)}`;
  if (freq !== "WEEKLY" && chance(0.3)) rule.BYMONTHDAY = `${some([1, 2, 13, 28, 29, 30, 31, -1, -2, -31], 4)}`;
  if (freq === "YEARLY" && chance(0.2)) rule.BYYEARDAY = `${some([1, 60, 100, 200, 365, 366, -1, -366], 3)}`;
  if (freq === "YEARLY" && chance(0.3)) rule.BYWEEKNO = `${some([1, 2, 20, 40, 52, 53, -1, -30], 3)}`;
  const counted = freq === "MONTHLY" || (freq === "YEARLY" && !rule.BYWEEKNO);
  if (chance(0.5))
    rule.BYDAY = `${some(WEEKDAYS, 4).map((day) => (counted && chance(0.4) ? `${pick([1, 2, 3, 5, -1, -2])}${day}` : day))}`;
  if (Object.keys(rule).some((name) => name.startsWith("BY")) && chance(0.3))
    rule.BYSETPOS = `${some([1, 2, 3, -1, -2], 2)}`;
  return rule;
}

/** Whether a list that counts from 1, and from the end as -1, names a place. */
const names = (list: string | undefined, place: number, length: number) =>
  list === undefined || list.split(",").some((one) => Number(one) === place || Number(one) === place - length - 1);

/** The number of the day's week and of its year's weeks: the year with most of its days has the week. */
function week(day: number, firstDay: string): [number, number] {
  const startOf = (one: number) => one - ((WEEKDAYS.indexOf(weekday(one)) - WEEKDAYS.indexOf(firstDay) + 7) % 7) * DAY;
  const firstOf = (one: number) => startOf(Date.UTC(one, 0, 4));
  const own = [year(day) + 1, year(day), year(day) - 1].find((one) => firstOf(one) <= startOf(day))!;
  return [(startOf(day) - firstOf(own)) / DAY / 7 + 1, (firstOf(own + 1) - firstOf(own)) / DAY / 7];
}

function belongs(rule: Rule, start: number, day: number): boolean {
  const inYear = (day - Date.UTC(year(day), 0, 1)) / DAY + 1;
  const yearLength = (Date.UTC(year(day) + 1, 0, 1) - Date.UTC(year(day), 0, 1)) / DAY;
  const inMonth = new Date(day).getUTCDate();
  const monthLength = new Date(Date.UTC(year(day), month(day), 0)).getUTCDate();
  const byMonth = rule.FREQ === "MONTHLY" || rule.BYMONTH !== undefined;
  const [place, length] = byMonth ? [inMonth, monthLength] : [inYear, yearLength];
  const nth = Math.ceil(place / 7);
  const isDay = (part: string) =>
    part.slice(-2) === weekday(day) &&
    (part.length === 2 || names(part.slice(0, -2), nth, nth + Math.floor((length - place) / 7)));
  if (!names(rule.BYMONTH, month(day), 99) || !names(rule.BYMONTHDAY, inMonth, monthLength)) return false;
  if (!names(rule.BYYEARDAY, inYear, yearLength)) return false;
  if (rule.BYWEEKNO && !names(rule.BYWEEKNO, ...week(day, rule.WKST!))) return false;
  if (rule.BYDAY && !rule.BYDAY.split(",").some(isDay)) return false;
  // What the rule leaves open is the start's.
  if (rule.BYDAY || rule.BYMONTHDAY || rule.BYYEARDAY || rule.FREQ === "DAILY") return true;
  if (rule.BYWEEKNO || rule.FREQ === "WEEKLY") return weekday(day) === weekday(start);
  const sameMonth = rule.FREQ === "MONTHLY" || rule.BYMONTH !== undefined || month(day) === month(start);
  return sameMonth && inMonth === new Date(start).getUTCDate();
}

function period(rule: Rule, start: number, day: number): number {
  const monday = Date.UTC(1969, 11, 29);
  const weekOf = (one: number) => Math.floor(((one - monday) / DAY - ((WEEKDAYS.indexOf(rule.WKST!) + 6) % 7)) / 7);
  if (rule.FREQ === "DAILY") return (day - start) / DAY;
  if (rule.FREQ === "WEEKLY") return weekOf(day) - weekOf(start);
  const years = year(day) - year(start);
  return rule.FREQ === "YEARLY" ? years : years * 12 + month(day) - month(start);
}

function slowly(rule: Rule, start: number): string[] {
  const sets = new Map<number, number[]>();
  for (let day = Date.UTC(year(start), 0, 1) - 7 * DAY; day < Date.UTC(year(start) + YEARS, 0, 1); day += DAY) {
    const number = period(rule, start, day);
    if (number < 0 || number % Number(rule.INTERVAL) !== 0 || !belongs(rule, start, day)) continue;
    sets.set(number, [...(sets.get(number) ?? []), day]);
  }
  // The last one may be cut.
  sets.delete([...sets.keys()].at(-1)!);
  const chosen = [...sets.values()].flatMap((set) =>
    set.filter((_, index) => names(rule.BYSETPOS, index + 1, set.length)),
  );
  return chosen.filter((day) => day >= start).map((day) => iso(day) + TIME);
}

it.each(Array.from({ length: 6 }, (_, seed) => seed))(
  "rules of seed %i give the days of the RFC, from wherever one looks",
  (seed) => {
    const random = randomFrom(seed);
    for (let made = 0; made < 20; ) {
      const rule = randomRule(random);
      const around = Date.UTC(
        random.pick([2010, 2015, 2020, 2024]),
        random.pick([0, 4, 7, 11]),
        random.pick([1, 9, 17, 28]),
      );
      const start = slowly({ ...rule, INTERVAL: "1" }, around)[0];
      if (start === undefined) continue;
      const walls = slowly(rule, Date.parse(start.slice(0, 10)));
      // The first day of a rule is not always one that its own start gives.
      if (walls[0] !== start || walls.length < 3) continue;
      made += 1;
      const count = random.chance(0.3) ? Math.min(walls.length, random.pick([2, 5, 11])) : null;
      const expected = walls.slice(0, count ?? walls.length);
      const recurrence = Object.entries({ ...rule, ...(count && { COUNT: count }) })
        .map((part) => part.join("="))
        .join(";");
      const series = { event_timestamp: start, time_zone: "Europe/Warsaw", recurrence };
      const about = `${recurrence} from ${start}`;
      expect(checkRecurrence(recurrence, start, "Europe/Warsaw"), about).toBeNull();
      for (const from of [start, random.pick(expected), `2027-0${random.pick([1, 4, 8])}-13 20:00:00`]) {
        const ahead = expected.filter((wall) => wall >= from).slice(0, 20);
        const given: string[] = [];
        for (const wall of occurrencesFrom(series, from)) {
          if (given.length === ahead.length && count === null) break;
          given.push(wall);
        }
        expect(given, `${about}, seen from ${from}`).toEqual(ahead);
        expect(lastOccurrence(series, from), `${about}, before ${from}`).toBe(
          expected.findLast((wall) => wall <= from) ?? null,
        );
      }
    }
  },
);
