import { describe, expect, it } from "vitest";
import {
  parseInstant,
  parseWallTime,
  placeWallTime,
  rfc3339,
  timeZoneNamed,
  wallTimeAt,
  wallTimeBefore,
} from "../../src/domain/time.ts";

const WARSAW = "Europe/Warsaw";
const placed = (wall: string, zone = WARSAW) => rfc3339(placeWallTime(wall, zone));

describe("a wall time in its zone", () => {
  it.each([
    ["2027-01-15 09:00:00", WARSAW, "2027-01-15T08:00:00.000Z"],
    ["2027-07-15 09:00:00", WARSAW, "2027-07-15T07:00:00.000Z"],
    ["2027-07-15 09:00:00", "Asia/Kathmandu", "2027-07-15T03:15:00.000Z"],
    ["2027-07-15 09:00:00", "UTC", "2027-07-15T09:00:00.000Z"],
  ])("%s in %s is %s", (wall, zone, instant) => {
    expect(placed(wall, zone)).toBe(instant);
  });

  it("that a clock change skips is read with the offset before it: 02:30 becomes 03:30", () => {
    expect(placed("2027-03-28 02:30:00")).toBe("2027-03-28T01:30:00.000Z");
    expect(wallTimeAt(placeWallTime("2027-03-28 02:30:00", WARSAW), WARSAW)).toBe("2027-03-28 03:30:00");
  });

  it("that happens twice is its first happening", () => {
    expect(placed("2027-10-31 02:30:00")).toBe("2027-10-31T00:30:00.000Z");
    expect(wallTimeAt(Date.UTC(2027, 9, 31, 1, 30), WARSAW)).toBe("2027-10-31 02:30:00");
  });

  it("is the same when it is asked again, in another zone too and after thousands of others", () => {
    const asked = () => [placed("2027-01-15 09:00:00"), placed("2027-01-15 09:00:00", "Asia/Kathmandu")];
    const first = asked();
    const walls = Array.from({ length: 3_000 }, (_, n) => rfc3339(Date.UTC(2030, 0, 1) + n * 60_000).slice(0, 19));
    for (const wall of walls) expect(placed(wall.replace("T", " "), "UTC")).toBe(`${wall}.000Z`);
    expect(first).toEqual(["2027-01-15T08:00:00.000Z", "2027-01-15T03:15:00.000Z"]);
    expect(asked()).toEqual(first);
  });

  it("that is none is refused", () => {
    expect(() => placed("2027-02-30 09:00:00")).toThrow(RangeError);
    expect(() => placed("")).toThrow(RangeError);
  });

  it("on a day that the zone left out is a day later", () => {
    expect(placed("2011-12-30 09:00:00", "Pacific/Apia")).toBe("2011-12-30T19:00:00.000Z");
  });
});

it("the clocks of a zone show whole seconds", () => {
  expect(wallTimeAt(Date.UTC(2026, 10, 11, 17, 0, 59, 999), WARSAW)).toBe("2026-11-11 18:00:59");
  expect(wallTimeAt(Date.UTC(2026, 10, 11, 17), "America/St_Johns")).toBe("2026-11-11 13:30:00");
});

it("a month before 31 March is the last day of February", () => {
  expect(wallTimeBefore("2027-03-31 09:00:00", { months: 1 })).toBe("2027-02-28 09:00:00");
  expect(wallTimeBefore("2028-03-31 09:00:00", { months: 1 })).toBe("2028-02-29 09:00:00");
  expect(wallTimeBefore("2027-03-01 00:00:00", { days: 1 })).toBe("2027-02-28 00:00:00");
});

describe("a wall time is read from", () => {
  it.each([
    ["2026-11-11 18:00", "2026-11-11 18:00:00"],
    ["2026-11-11T18:00:00", "2026-11-11 18:00:00"],
    ["2026-11-11 18:00:00.00", "2026-11-11 18:00:00"],
    ["2026-11-11 00:30:00.000", "2026-11-11 00:30:00"],
    ["2026-11-11T18:00:59.999999", "2026-11-11 18:00:59"],
    ["2028-02-29 23:59:59", "2028-02-29 23:59:59"],
  ])("%s", (text, wall) => {
    expect(parseWallTime(text)).toBe(wall);
    expect(parseWallTime(text, { hour24: true })).toBe(wall);
  });

  it("24:30 as half past midnight as that day begins, on a clock of the hours 1 to 24 alone", () => {
    expect(parseWallTime("2026-11-11 24:30:00.00", { hour24: true })).toBe("2026-11-11 00:30:00");
    expect(parseWallTime("2026-11-11 24:30:00.00")).toBeNull();
    expect(parseWallTime("2026-11-11 25:30:00.00", { hour24: true })).toBeNull();
  });

  it.each([
    "2026-02-30 10:00:00",
    "2027-02-29 10:00:00",
    "2026-13-01 10:00:00",
    "2026-00-10 10:00:00",
    "2026-04-31 10:00:00",
    "2026-11-11 10:60:00",
    "2026-11-11 10:00:60",
    "1969-12-31 23:59:59",
    "0000-01-01 00:00:00",
    "2026-11-11",
    "2026-11-11 18",
    "2026-1-1 18:00",
    "2026-11-11 18:00:00Z",
    "2026-11-11T18:00:00+01:00",
    " 2026-11-11 18:00:00",
    "2026-11-11 18:00:00.",
    "+12026-11-11 18:00:00",
    "",
    "tomorrow",
  ])("nothing where it is %j", (text) => {
    expect(parseWallTime(text)).toBeNull();
    expect(parseWallTime(text, { hour24: true })).toBeNull();
  });
});

describe("an instant is read from", () => {
  it.each([
    ["2026-11-11T18:00:00+01:00", "2026-11-11T17:00:00.000Z"],
    ["2026-11-11T17:00:00Z", "2026-11-11T17:00:00.000Z"],
    ["2026-11-11t17:00:00.5z", "2026-11-11T17:00:00.500Z"],
    ["2026-11-11 17:00:00.1239Z", "2026-11-11T17:00:00.123Z"],
    ["2026-11-11T00:15:00-05:45", "2026-11-11T06:00:00.000Z"],
    ["2026-11-11T17:00:00-00:00", "2026-11-11T17:00:00.000Z"],
  ])("%s", (text, instant) => {
    expect(rfc3339(parseInstant(text) ?? Number.NaN)).toBe(instant);
  });

  it.each([
    "2026-11-11T18:00:00",
    "2026-11-11T18:00Z",
    "2026-11-11",
    "2026-02-30T18:00:00Z",
    "2026-11-11T24:00:00Z",
    "2026-11-11T18:00:00+24:00",
    "2026-11-11T18:00:00+01:60",
    "2026-11-11T18:00:00+0100",
    "1794762000000",
    "",
  ])("nothing where it is %j", (text) => {
    expect(parseInstant(text)).toBeNull();
  });
});

describe("a time zone", () => {
  it.each([
    ["Europe/Warsaw", "Europe/Warsaw"],
    ["europe/warsaw", "Europe/Warsaw"],
    ["AMERICA/PORT-AU-PRINCE", "America/Port-au-Prince"],
    ["antarctica/dumontdurville", "Antarctica/DumontDUrville"],
    ["america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"],
    ["utc", "UTC"],
    ["etc/gmt+5", "Etc/GMT+5"],
  ])("%s is kept as the IANA database spells it, %s", (name, kept) => {
    expect(timeZoneNamed(name)).toBe(kept);
  });

  it.each(["Europe/Kyiv", "Europe/Kiev", "Asia/Kolkata", "Asia/Calcutta", "EST5EDT", "US/Eastern", "GB", "Etc/UTC"])(
    "%s keeps its name, also where it is another's link",
    (name) => {
      expect(timeZoneNamed(name.toLowerCase())).toBe(name);
    },
  );

  it("is any that Intl lists", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) expect(timeZoneNamed(zone.toUpperCase())).toBe(zone);
  });

  it.each(
    "Europe/Krakow,+01:00,+02:00,-05,UTC+1,GMT+5,Warsaw,Europe,, Europe/Warsaw,Europe/Warsaw\n,../UTC,UTC[u-ca=iso8601],Etc/GMT+15".split(
      ",",
    ),
  )("is no offset, and no name that the database lacks: %j", (name) => {
    expect(timeZoneNamed(name)).toBeNull();
  });

  it.each(["BST", "IST", "PST", "CST", "ACT", "SystemV/PST8"])(
    "is none of the abbreviations that mean several, though Intl takes %s",
    (name) => {
      expect(timeZoneNamed(name)).toBeNull();
    },
  );
});
