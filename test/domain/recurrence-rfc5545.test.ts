/** The examples of RFC 5545, 3.8.5.3, with the dates that it prints: 09:00 in New York, EDT being four hours behind UTC and EST five. */
import { describe, expect, it } from "vitest";
import { upcomingOccurrences } from "../../src/domain/plan.ts";
import { checkRecurrence } from "../../src/domain/recurrence.ts";
import { placeWallTime, rfc3339 } from "../../src/domain/time.ts";

const NEW_YORK = "America/New_York";
const ALL_DAYS = "SU,MO,TU,WE,TH,FR,SA";

/** `1997 EDT 9:2,9-11 EST 11:4`: year, offset, month:days. */
function instants(dates: string): string[] {
  let [year, hour] = [0, 0];
  return dates.split(" ").flatMap((token) => {
    if (/^\d{4}$/.test(token)) year = Number(token);
    else if (token === "EDT") hour = 13;
    else if (token === "EST") hour = 14;
    else {
      const [month, days = ""] = token.split(":");
      return days.split(",").flatMap((range) => {
        const [first = 0, last = first] = range.split("-").map(Number);
        const of = (day: number) => rfc3339(Date.UTC(year, Number(month) - 1, day, hour));
        return Array.from({ length: last - first + 1 }, (_, n) => of(first + n));
      });
    }
    return [];
  });
}

const HOLIDAYS = "1997 EDT 9:2-30 10:1-25 EST 10:26-31 11:1-30 12:1-23";
const JANUARIES = "1998 EST 1:1-31 1999 1:1-31 2000 1:1-31";
const TEN_WEEKS = "1997 EDT 9:2,9,16,23,30 10:7,14,21 EST 10:28 11:4";
const TUESDAYS_AND_THURSDAYS = "1997 EDT 9:2,4,9,11,16,18,23,25,30 10:2";

const ENDING: [title: string, start: string, rule: string, dates: string][] = [
  ["daily for 10 occurrences", "1997-09-02", "FREQ=DAILY;COUNT=10", "1997 EDT 9:2-11"],
  ["daily until 24 December 1997", "1997-09-02", "FREQ=DAILY;UNTIL=19971224T000000Z", HOLIDAYS],
  ["every 10 days, 5 occurrences", "1997-09-02", "FREQ=DAILY;INTERVAL=10;COUNT=5", "1997 EDT 9:2,12,22 10:2,12"],
  [
    "every day in January, yearly",
    "1998-01-01",
    `FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=${ALL_DAYS}`,
    JANUARIES,
  ],
  ["every day in January, daily", "1998-01-01", "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", JANUARIES],
  ["weekly for 10 occurrences", "1997-09-02", "FREQ=WEEKLY;COUNT=10", TEN_WEEKS],
  [
    "weekly until 24 December 1997",
    "1997-09-02",
    "FREQ=WEEKLY;UNTIL=19971224T000000Z",
    `${TEN_WEEKS},11,18,25 12:2,9,16,23`,
  ],
  [
    "weekly on Tuesday and Thursday, by date",
    "1997-09-02",
    "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
    TUESDAYS_AND_THURSDAYS,
  ],
  [
    "weekly on Tuesday and Thursday, by count",
    "1997-09-02",
    "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
    TUESDAYS_AND_THURSDAYS,
  ],
  [
    "every other week on three days until 24 December",
    "1997-09-01",
    "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
    "1997 EDT 9:1,3,5,15,17,19,29 10:1,3,13,15,17 EST 10:27,29,31 11:10,12,14,24,26,28 12:8,10,12,22",
  ],
  [
    "every other week on two days, 8 times",
    "1997-09-02",
    "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
    "1997 EDT 9:2,4,16,18,30 10:2,14,16",
  ],
  [
    "the first Friday, 10 times",
    "1997-09-05",
    "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
    "1997 EDT 9:5 10:3 EST 11:7 12:5 1998 1:2 2:6 3:6 4:3 EDT 5:1 6:5",
  ],
  [
    "the first Friday until 24 December",
    "1997-09-05",
    "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
    "1997 EDT 9:5 10:3 EST 11:7 12:5",
  ],
  [
    "every other month on the first and last Sunday",
    "1997-09-07",
    "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
    "1997 EDT 9:7,28 EST 11:2,30 1998 1:4,25 3:1,29 EDT 5:3,31",
  ],
  [
    "the last Monday but one, 6 times",
    "1997-09-22",
    "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
    "1997 EDT 9:22 10:20 EST 11:17 12:22 1998 1:19 2:16",
  ],
  [
    "the 2nd and the 15th, 10 times",
    "1997-09-02",
    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
    "1997 EDT 9:2,15 10:2,15 EST 11:2,15 12:2,15 1998 1:2,15",
  ],
  [
    "the first and last day, 10 times",
    "1997-09-30",
    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
    "1997 EDT 9:30 10:1 EST 10:31 11:1,30 12:1,31 1998 1:1,31 2:1",
  ],
  [
    "every 18 months on the 10th to 15th",
    "1997-09-10",
    "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
    "1997 EDT 9:10-15 1999 EST 3:10-13",
  ],
  [
    "yearly in June and July",
    "1997-06-10",
    "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
    "1997 EDT 6:10 7:10 1998 6:10 7:10 1999 6:10 7:10 2000 6:10 7:10 2001 6:10 7:10",
  ],
  [
    "every other year in January, February and March",
    "1997-03-10",
    "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
    "1997 EST 3:10 1999 1:10 2:10 3:10 2001 1:10 2:10 3:10 2003 1:10 2:10 3:10",
  ],
  [
    "every third year on the 1st, 100th and 200th day",
    "1997-01-01",
    "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
    "1997 EST 1:1 EDT 4:10 7:19 2000 EST 1:1 EDT 4:9 7:18 2003 EST 1:1 EDT 4:10 7:19 2006 EST 1:1",
  ],
  [
    "the third of Tuesday, Wednesday, Thursday",
    "1997-09-04",
    "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
    "1997 EDT 9:4 10:7 EST 11:6",
  ],
  ["weeks from Monday", "1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997 EDT 8:5,10,19,24"],
  ["weeks from Sunday", "1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997 EDT 8:5,17,19,31"],
  [
    "a day that February lacks",
    "2007-01-15",
    "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
    "2007 EST 1:15,30 2:15 EDT 3:15,30",
  ],
];

const ENDLESS: typeof ENDING = [
  [
    "every other day",
    "1997-09-02",
    "FREQ=DAILY;INTERVAL=2",
    "1997 EDT 9:2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 10:2,4,6,8,10,12,14,16,18,20,22,24 EST 10:26,28,30 11:1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 12:1,3",
  ],
  [
    "every other week",
    "1997-09-02",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
    "1997 EDT 9:2,16,30 10:14 EST 10:28 11:11,25 12:9,23 1998 1:6,20 2:3,17",
  ],
  [
    "the third-to-last day",
    "1997-09-28",
    "FREQ=MONTHLY;BYMONTHDAY=-3",
    "1997 EDT 9:28 EST 10:29 11:28 12:29 1998 1:29 2:26",
  ],
  [
    "every Tuesday, every other month",
    "1997-09-02",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
    "1997 EDT 9:2,9,16,23,30 EST 11:4,11,18,25 1998 1:6,13,20,27 3:3,10,17,24,31",
  ],
  ["the 20th Monday of the year", "1997-05-19", "FREQ=YEARLY;BYDAY=20MO", "1997 EDT 5:19 1998 5:18 1999 5:17"],
  ["Monday of week 20", "1997-05-12", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997 EDT 5:12 1998 5:11 1999 5:17"],
  [
    "every Thursday in March",
    "1997-03-13",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
    "1997 EST 3:13,20,27 1998 3:5,12,19,26 1999 3:4,11,18,25",
  ],
  [
    "every Thursday in summer",
    "1997-06-05",
    "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
    "1997 EDT 6:5,12,19,26 7:3,10,17,24,31 8:7,14,21,28 1998 6:4,11,18,25 7:2,9,16,23,30 8:6,13,20,27 1999 6:3,10,17,24 7:1,8,15,22,29 8:5,12,19,26",
  ],
  [
    "Friday the 13th",
    "1998-02-13",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "1998 EST 2:13 3:13 11:13 1999 EDT 8:13 2000 10:13",
  ],
  [
    "the Saturday after the first Sunday",
    "1997-09-13",
    "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
    "1997 EDT 9:13 10:11 EST 11:8 12:13 1998 1:10 2:7 3:7 EDT 4:11 5:9 6:13",
  ],
  [
    "the day of American elections",
    "1996-11-05",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
    "1996 EST 11:5 2000 11:7 2004 11:2",
  ],
  [
    "the last weekday but one",
    "1997-09-29",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
    "1997 EDT 9:29 EST 10:30 11:27 12:30 1998 1:29 2:26 3:30",
  ],
];

function expand(start: string, recurrence: string, limit: number): string[] {
  const event_timestamp = `${start} 09:00:00`;
  const planned_at = placeWallTime(event_timestamp, NEW_YORK) - 1;
  const schedule = { event_timestamp, time_zone: NEW_YORK, recurrence, exceptions: [], leads: ["0"], planned_at };
  return upcomingOccurrences(schedule, planned_at, limit).map(({ starts_at }) => rfc3339(starts_at));
}

describe("as RFC 5545 says", () => {
  it.each(ENDING)("%s (from %s, %s), and then no more", (_, start, rule, dates) => {
    expect(checkRecurrence(rule, `${start} 09:00:00`, NEW_YORK)).toBeNull();
    expect(expand(start, rule, 200)).toEqual(instants(dates));
  });

  it.each(ENDLESS)("%s (from %s, %s)", (_, start, rule, dates) => {
    const expected = instants(dates);
    expect(checkRecurrence(rule, `${start} 09:00:00`, NEW_YORK)).toBeNull();
    expect(expand(start, rule, expected.length)).toEqual(expected);
  });

  it.each([
    "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z",
    "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
    "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
    "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
  ])("what recurs more often than daily is refused: %s", (rule) => {
    expect(checkRecurrence(rule, "1997-09-02 09:00:00", NEW_YORK)).toBe("recurs more often than daily");
  });
});
