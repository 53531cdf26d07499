import { describe, expect, it } from "vitest";
import {
  checkRecurrence,
  isOccurrence,
  lastOccurrence,
  legacyRecurrence,
  nearestPeriod,
  occurrencesFrom,
  onceLead,
} from "../../src/domain/recurrence.ts";
import { canonicalRRule } from "../../src/domain/rrule.ts";

const WARSAW = "Europe/Warsaw";
const START = "2026-11-11 18:00:00";
const series = (recurrence: string | null, event_timestamp = START, time_zone = WARSAW) => ({
  event_timestamp,
  time_zone,
  recurrence,
});
const check = (rule: string, start = START) => checkRecurrence(rule, start, WARSAW);

function take(count: number, rule: string | null, start = START, from = start): string[] {
  const walls: string[] = [];
  for (const wall of occurrencesFrom(series(rule, start), from)) if (walls.push(wall) === count) break;
  return walls;
}
/** The dates alone. */
const dates = (...args: Parameters<typeof take>) => take(...args).map((wall) => wall.slice(0, 10));

describe("a recurrence is taken", () => {
  it.each([
    "FREQ=DAILY",
    "RRULE:FREQ=WEEKLY",
    "freq=weekly;byday=we",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR;WKST=SU",
    "FREQ=DAILY;BYHOUR=18;BYMINUTE=0;BYSECOND=0",
    "FREQ=DAILY;BYHOUR=9,18;BYSETPOS=-1",
    "FREQ=WEEKLY;BYHOUR=18;BYSETPOS=1",
    "FREQ=YEARLY;BYMONTHDAY=+11;BYMONTH=11",
    "FREQ=YEARLY;COUNT=1;INTERVAL=900",
    "FREQ=YEARLY;COUNT=80",
    "FREQ=DAILY;UNTIL=20261111",
    "FREQ=DAILY;UNTIL=20261111T170000Z",
    "FREQ=DAILY;UNTIL=20261111T180000",
  ])("%s", (rule) => {
    expect(check(rule)).toBeNull();
    expect(take(1, rule)).toEqual([START]);
  });
});

describe("a recurrence is refused with the reason", () => {
  it.each([
    ["", "is not an RRULE of RFC 5545"],
    ["every day", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY;", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY=1", "is not an RRULE of RFC 5545"],
    ["DTSTART:20261111T180000\nRRULE:FREQ=DAILY", "is not an RRULE of RFC 5545"],
    ["DTSTART;TZID=Europe/Warsaw:20261111T180000;RRULE:FREQ=DAILY", "is not an RRULE of RFC 5545"],
    ["RRULE:RRULE:FREQ=DAILY", "is not an RRULE of RFC 5545"],
    ["EXRULE:FREQ=DAILY", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY\nEXDATE:20261112T180000", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY;COUNT=5\r\n", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY;\nCOUNT=5", "is not an RRULE of RFC 5545"],
    ["FREQ=D\u0131\u0130LY", "is not an RRULE of RFC 5545"],
    ["FREQ=DA\u0131LY", "is not an RRULE of RFC 5545"],
    [" FREQ=DAILY", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY; COUNT=5", "is not an RRULE of RFC 5545"],
    ["FREQ=DAILY;COUNT=", "is not an RRULE of RFC 5545"],
    ["INTERVAL=2", "is not an RRULE of RFC 5545: FREQ is missing"],
    ["FREQ=FORTNIGHTLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"],
    ["FREQ=HOURLY", "recurs more often than daily"],
    ["FREQ=MINUTELY;INTERVAL=10000", "recurs more often than daily"],
    ["FREQ=SECONDLY", "recurs more often than daily"],
    ["FREQ=DAILY;BYHOUR=9,18", "recurs more often than daily"],
    ["FREQ=WEEKLY;BYMINUTE=0,30", "recurs more often than daily"],
    ["FREQ=MONTHLY;BYSECOND=0,1", "recurs more often than daily"],
    ["FREQ=DAILY;BYHOUR=9,18;BYSETPOS=1,2", "recurs more often than daily"],
    ["FREQ=DAILY;BYHOUR=18;BYSETPOS=2", "has no occurrence"],
    ["FREQ=YEARLY;BYMONTHDAY=30;BYMONTH=2", "has no occurrence"],
    ["FREQ=DAILY;BYMONTHDAY=31;BYMONTH=4,6,9,11", "has no occurrence"],
    ["FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=2", "has no occurrence"],
    ["FREQ=YEARLY;BYWEEKNO=1;BYYEARDAY=200", "has no occurrence"],
    ["FREQ=YEARLY;BYDAY=53MO,53TU;BYMONTH=5", "has no occurrence"],
    ["FREQ=WEEKLY;BYDAY=TH", "does not give the start itself; the first time that it gives is 2026-11-12 18:00:00"],
    ["FREQ=DAILY;BYHOUR=19", "does not give the start itself; the first time that it gives is 2026-11-11 19:00:00"],
    ["FREQ=DAILY;BYHOUR=9", "does not give the start itself; the first time that it gives is 2026-11-12 09:00:00"],
    ["FREQ=DAILY;UNTIL=20261110", "UNTIL lies before the start"],
    ["FREQ=DAILY;UNTIL=20261111T165959Z", "UNTIL lies before the start"],
    ["FREQ=DAILY;UNTIL=20261111T175959", "UNTIL lies before the start"],
    ["FREQ=DAILY;UNTIL=20270230", "UNTIL must be a date or time like 20271231T225959Z"],
    ["FREQ=DAILY;UNTIL=2027", "UNTIL must be a date or time like 20271231T225959Z"],
    ["FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT and UNTIL exclude each other"],
    ["FREQ=DAILY;COUNT=0", "COUNT must be a whole number from 1 to 4000"],
    ["FREQ=DAILY;COUNT=-1", "COUNT must be a whole number from 1 to 4000"],
    ["FREQ=DAILY;COUNT=4001", "COUNT must be a whole number from 1 to 4000"],
    ["FREQ=MONTHLY;COUNT=1300", "COUNT reaches further than 100 years"],
    ["FREQ=DAILY;INTERVAL=0", "INTERVAL must be a whole number from 1 to 9999999"],
    ["FREQ=DAILY;INTERVAL=1.5", "INTERVAL must be a whole number from 1 to 9999999"],
    ["FREQ=DAILY;INTERVAL=10000000", "INTERVAL must be a whole number from 1 to 9999999"],
    ["FREQ=DAILY;INTERVAL=1e3", "INTERVAL must be a whole number from 1 to 9999999"],
    ["FREQ=DAILY;COUNT=99999999999999999999", "COUNT must be a whole number from 1 to 4000"],
    ["FREQ=DAILY;UNTIL=20270101T180000+01:00", "UNTIL must be a date or time like 20271231T225959Z"],
    ["FREQ=DAILY;UNTIL=20270101T1800Z", "UNTIL must be a date or time like 20271231T225959Z"],
    ["FREQ=DAILY;UNTIL=20270101T240000Z", "UNTIL must be a date or time like 20271231T225959Z"],
    ["FREQ=DAILY;UNTIL=2027-01-01", "UNTIL must be a date or time like 20271231T225959Z"],
    ["FREQ=DAILY;INTERVAL=9999999", "recurs less than once in 45 years"],
    ["FREQ=YEARLY;INTERVAL=46", "recurs less than once in 45 years"],
    ["FREQ=DAILY;FREQ=WEEKLY", "FREQ is given twice"],
    ["FREQ=DAILY;BYEASTER=0", "BYEASTER is not supported"],
    ["RSCALE=CHINESE;FREQ=YEARLY", "RSCALE is not supported"],
    ["FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY must be numbers from 1 to 31 or -31 to -1"],
    ["FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must be numbers from 1 to 31 or -31 to -1"],
    ["FREQ=YEARLY;BYMONTH=-1", "BYMONTH must be numbers from 1 to 12"],
    ["FREQ=DAILY;BYMINUTE=60", "BYMINUTE must be numbers from 0 to 59"],
    ["FREQ=DAILY;BYSECOND=61", "BYSECOND must be numbers from 0 to 60"],
    ["FREQ=DAILY;BYSECOND=60", "does not give the start itself; the first time that it gives is 2026-11-11 18:00:60"],
    ["FREQ=DAILY;BYDAY=1WE", "BYDAY cannot count weekdays with FREQ=DAILY"],
    ["FREQ=MONTHLY;BYDAY=0WE", "BYDAY counts from 1 to 53"],
    ["FREQ=MONTHLY;BYDAY=WE,", "BYDAY must be weekdays like MO, or 2MO and -1FR"],
    ["FREQ=MONTHLY;BYSETPOS=-1", "BYSETPOS needs another BY part to select from"],
    ["FREQ=MONTHLY;BYDAY=WE;BYSETPOS=0", "BYSETPOS must be numbers from 1 to 366 or -366 to -1"],
    ["FREQ=DAILY;X-NAME=1", "X-NAME is not supported"],
    ["FREQ=DAILY;SKIP=FORWARD", "SKIP is not supported"],
    ["FREQ=DAILY;BYHOUR=24", "BYHOUR must be numbers from 0 to 23"],
    ["FREQ=WEEKLY;BYDAY=XX", "BYDAY must be weekdays like MO, or 2MO and -1FR"],
    ["FREQ=YEARLY;BYDAY=54MO", "BYDAY counts from 1 to 53"],
    ["FREQ=WEEKLY;BYDAY=1WE", "BYDAY cannot count weekdays with FREQ=WEEKLY"],
    ["FREQ=YEARLY;BYWEEKNO=46;BYDAY=1WE", "BYDAY cannot count weekdays beside BYWEEKNO"],
    ["FREQ=WEEKLY;BYMONTHDAY=11", "BYMONTHDAY cannot stand with FREQ=WEEKLY"],
    ["FREQ=MONTHLY;BYYEARDAY=315", "BYYEARDAY cannot stand with FREQ=MONTHLY"],
    ["FREQ=MONTHLY;BYWEEKNO=46", "BYWEEKNO cannot stand with FREQ=MONTHLY"],
    ["FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs another BY part to select from"],
    ["FREQ=WEEKLY;WKST=1", "WKST must be a weekday like MO"],
    [`FREQ=DAILY;BYSECOND=${"0,".repeat(600)}0`, "is longer than 1000 characters"],
  ])("%s", (rule, reason) => {
    expect(check(rule)).toBe(reason);
  });
});

describe("a recurrence is kept", () => {
  it.each([
    ["RRULE:FREQ=WEEKLY;BYDAY=WE", "FREQ=WEEKLY;BYDAY=WE"],
    ["rrule:freq=weekly;byday=we,fr", "FREQ=WEEKLY;BYDAY=WE,FR"],
    ["UNTIL=20271231t225959z;Interval=02;Freq=Daily", "UNTIL=20271231T225959Z;INTERVAL=02;FREQ=DAILY"],
  ])("%s without a name, in upper case, its parts in their order: %s", (given, kept) => {
    expect(canonicalRRule(given)).toBe(kept);
    expect(canonicalRRule(kept)).toBe(kept);
    expect(check(kept)).toBe(check(given));
  });
});

describe("UNTIL", () => {
  it("as an instant ends the series at that moment of the event's zone, across a clock change", () => {
    const start = "2027-03-26 09:00:00";
    expect(dates(9, "FREQ=DAILY;UNTIL=20270329T070000Z", start)).toHaveLength(4);
    expect(dates(9, "FREQ=DAILY;UNTIL=20270329T065959Z", start)).toHaveLength(3);
  });

  it("compares instants where the clocks skip or repeat the occurrence", () => {
    // 02:30 is skipped and takes place at 03:30, 01:30Z; on 31 October it takes place first at 00:30Z.
    expect(dates(9, "FREQ=DAILY;UNTIL=20270328T012959Z", "2027-03-27 02:30:00")).toEqual(["2027-03-27"]);
    expect(dates(9, "FREQ=DAILY;UNTIL=20270328T013000Z", "2027-03-27 02:30:00")).toHaveLength(2);
    expect(dates(9, "FREQ=DAILY;UNTIL=20271031T003000Z", "2027-10-30 02:30:00")).toHaveLength(2);
    expect(dates(9, "FREQ=DAILY;UNTIL=20271031T002959Z", "2027-10-30 02:30:00")).toHaveLength(1);
  });

  it("as a date includes that day, as a wall time includes that time", () => {
    expect(dates(9, "FREQ=DAILY;UNTIL=20261113")).toHaveLength(3);
    expect(dates(9, "FREQ=DAILY;UNTIL=20261113T180000")).toHaveLength(3);
    expect(dates(9, "FREQ=DAILY;UNTIL=20261113T175959")).toHaveLength(2);
  });
});

describe("occurrences", () => {
  it("of an event that does not recur are its start", () => {
    expect(take(5, null)).toEqual([START]);
    expect(take(5, null, START, "2026-11-11 18:00:01")).toEqual([]);
  });

  it("keep the time of day through both clock changes, a skipped one named by its own time", () => {
    const start = "2027-03-27 02:30:00";
    expect(take(3, "FREQ=DAILY", start)).toEqual([start, "2027-03-28 02:30:00", "2027-03-29 02:30:00"]);
  });

  it("are counted from the first one, wherever one looks from", () => {
    expect(dates(2, "FREQ=DAILY;INTERVAL=3", "2016-01-05 18:00:00", START)).toEqual(["2026-11-11", "2026-11-14"]);
    expect(dates(2, "FREQ=WEEKLY;INTERVAL=2;COUNT=4", START, "2026-12-01 00:00:00")).toEqual([
      "2026-12-09",
      "2026-12-23",
    ]);
    expect(dates(9, "FREQ=DAILY;COUNT=4000", "2016-01-05 18:00:00", "2026-12-16 00:00:00")).toEqual([
      "2026-12-16",
      "2026-12-17",
    ]);
    expect(dates(2, "FREQ=MONTHLY", "2026-01-31 18:00:00", "2026-02-01 00:00:00")).toEqual([
      "2026-03-31",
      "2026-05-31",
    ]);
  });

  it("in a week of the year keep the weekday of the start", () => {
    expect(dates(4, "FREQ=YEARLY;INTERVAL=2;BYWEEKNO=20", "2026-05-12 18:00:00")).toEqual([
      "2026-05-12",
      "2028-05-16",
      "2030-05-14",
      "2032-05-11",
    ]);
  });

  it("on weekdays both counted and plain are all of them", () => {
    expect(dates(4, "FREQ=YEARLY;BYMONTH=5;BYDAY=SA,-1MO", "2027-05-15 18:00:00")).toEqual([
      "2027-05-15",
      "2027-05-22",
      "2027-05-29",
      "2027-05-31",
    ]);
  });

  it("that are decades apart are found", () => {
    const rule = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU";
    expect(dates(4, rule, "2032-02-29 18:00:00")).toEqual(["2032-02-29", "2060-02-29", "2088-02-29", "2128-02-29"]);
  });

  it("are told from other times, and the last one is found", () => {
    const weekly = series("FREQ=WEEKLY;COUNT=3");
    expect(isOccurrence(weekly, "2026-11-18 18:00:00")).toBe(true);
    expect(isOccurrence(weekly, "2026-11-18 18:00:01")).toBe(false);
    expect(isOccurrence(weekly, "2026-12-02 18:00:00")).toBe(false);
    expect(lastOccurrence(weekly, "2030-01-01 00:00:00")).toBe("2026-11-25 18:00:00");
    expect(lastOccurrence(weekly, "2026-11-25 17:59:59")).toBe("2026-11-18 18:00:00");
    expect(lastOccurrence(weekly, "2026-11-11 17:59:59")).toBeNull();
    expect(lastOccurrence(series("FREQ=DAILY;UNTIL=20261113T165959Z"), "2030-01-01 00:00:00")).toBe(
      "2026-11-12 18:00:00",
    );
    expect(lastOccurrence(series(null), START)).toBe(START);
  });
});

describe("the first app's events", () => {
  it.each([
    ["2027-01-28", "FREQ=MONTHLY", "2027-01-28 2027-02-28 2027-03-28"],
    ["2027-01-29", "FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", "2027-01-29 2027-02-28 2027-03-29"],
    ["2027-01-30", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "2027-01-30 2027-02-28 2027-03-30"],
    ["2028-01-31", "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2028-01-31 2028-02-29 2028-03-31"],
    ["2027-04-30", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "2027-04-30 2027-05-30 2027-06-30"],
  ])("monthly from %s fall on the last day of a shorter month and return to their day", (day, rule, expected) => {
    const start = `${day} 18:00:00`;
    expect(legacyRecurrence("1 month", start)).toBe(rule);
    expect(check(rule, start)).toBeNull();
    expect(dates(3, rule, start).join(" ")).toBe(expected);
  });

  it("recur daily and weekly, or have one lead of a period", () => {
    expect(legacyRecurrence("1 day", START)).toBe("FREQ=DAILY");
    expect(legacyRecurrence("1 week", START)).toBe("FREQ=WEEKLY");
    expect([onceLead("1 day"), onceLead("1 week"), onceLead("1 month")]).toEqual(["P1D", "P1W", "P1M"]);
  });

  it.each([
    ["FREQ=DAILY", "1 day"],
    ["FREQ=DAILY;INTERVAL=4", "1 day"],
    ["FREQ=DAILY;INTERVAL=5", "1 week"],
    ["COUNT=1;FREQ=WEEKLY", "1 week"],
    ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "1 day"],
    ["FREQ=WEEKLY;INTERVAL=2;UNTIL=20261201", "1 week"],
    ["FREQ=WEEKLY;INTERVAL=3", "1 month"],
    ["FREQ=MONTHLY;BYMONTHDAY=11,-1", "1 week"],
    ["FREQ=MONTHLY", "1 month"],
    ["FREQ=YEARLY", "1 month"],
  ])("show for %s the nearest period, %s", (rule, period) => {
    expect(nearestPeriod({ ...series(rule), leads: ["0"] })).toBe(period);
  });

  it.each([
    [["P1D"], "1 day"],
    [["0"], "1 day"],
    [["P1M"], "1 month"],
    [["0", "P1W", "60"], "1 week"],
    [["10080"], "1 week"],
    [["P3W"], "1 month"],
    [[], "1 day"],
  ])("show for one that does not recur, with leads %j, the period nearest to the longest, %s", (leads, period) => {
    expect(nearestPeriod({ ...series(null), leads })).toBe(period);
  });
});
