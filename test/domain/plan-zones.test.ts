/** Every clock change of 2027 in every zone that Intl knows. The expected instants come from the offsets of Intl.DateTimeFormat alone. */
import { describe, expect, it } from "vitest";
import { upcomingOccurrences } from "../../src/domain/plan.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = { from: Date.UTC(2027, 0, 1), until: Date.UTC(2028, 0, 1) };

/** What the zone's clock is ahead of UTC at an instant, ms, read off it. */
type Offset = (instant: number) => number;
type Change = { zone: string; offset: Offset; at: number; before: number; after: number };

function offsetOf(zone: string): Offset {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = clock
      .format(instant)
      .match(/\d+/g)!
      .map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second) - instant;
  };
}

/** Looks every 12 hours, then halves. */
function changesOf(zone: string): Change[] {
  const offset = offsetOf(zone);
  const changes: Change[] = [];
  for (let from = YEAR.from; from < YEAR.until; from += DAY / 2) {
    let [low, high] = [from, from + DAY / 2];
    if (offset(low) === offset(high)) continue;
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000;
      if (offset(middle) === offset(low)) low = middle;
      else high = middle;
    }
    changes.push({ zone, offset, at: high, before: offset(low), after: offset(high) });
  }
  return changes;
}

/** A wall time, as ms on a clock without a zone: when the clock first shows it, or the offset before where it never does. */
function place(offset: Offset, wall: number): number {
  const [before, after] = [offset(wall - 1.5 * DAY), offset(wall + 1.5 * DAY)];
  const shown = [wall - before, wall - after].filter((instant) => instant + offset(instant) === wall);
  return shown.length > 0 ? Math.min(...shown) : wall - before;
}

const text = (wall: number) => new Date(wall).toISOString().slice(0, 19).replace("T", " ");
const zones = Intl.supportedValuesOf("timeZone");
const changes = zones.flatMap(changesOf);
const changing = new Set(changes.map(({ zone }) => zone));

/** The next day of that number in a month that has it, as a monthly rule skips the others. */
function monthsOn(day: number, months: 1 | -1, far: number = months): number {
  const date = new Date(day);
  const found = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + far, date.getUTCDate());
  return new Date(found).getUTCDate() === date.getUTCDate() ? found : monthsOn(day, months, far + months);
}

describe("the zones of Intl", () => {
  it("are all there, and those that change their clocks do so twice in 2027, or more often", () => {
    expect(zones.length).toBeGreaterThan(400);
    expect(changing.size).toBeGreaterThan(100);
    for (const zone of changing) expect(changes.filter((one) => one.zone === zone).length % 2, zone).toBe(0);
  });

  it.each([
    ["Europe/Warsaw", [Date.UTC(2027, 2, 28, 1), Date.UTC(2027, 9, 31, 1)]],
    ["America/New_York", [Date.UTC(2027, 2, 14, 7), Date.UTC(2027, 10, 7, 6)]],
    ["Australia/Lord_Howe", [Date.UTC(2027, 3, 3, 15), Date.UTC(2027, 9, 2, 15, 30)]],
    ["Africa/Cairo", [Date.UTC(2027, 3, 29, 22), Date.UTC(2027, 9, 28, 21)]],
    ["America/Santiago", [Date.UTC(2027, 3, 4, 3), Date.UTC(2027, 8, 5, 4)]],
  ])("change their clocks when they do: %s", (zone, at) => {
    expect(changes.filter((one) => one.zone === zone).map((one) => one.at)).toEqual(at);
  });
});

describe.each([
  ["02:30", 2.5 * HOUR],
  ["00:00", 0],
  ["23:59", 23 * HOUR + 59 * 60_000],
])("an event at %s keeps its time over both changes of every zone", (_, time) => {
  it.each([
    ["daily", "FREQ=DAILY", (day: number) => [-2, -1, 0, 1, 2].map((days) => day + days * DAY)],
    ["weekly", "FREQ=WEEKLY", (day: number) => [-7, 0, 7].map((days) => day + days * DAY)],
    ["monthly", "FREQ=MONTHLY", (day: number) => [monthsOn(day, -1), day, monthsOn(day, 1)]],
  ])("where it is %s", (_, recurrence, daysAround) => {
    const compared = new Set<string>();
    for (const { zone, offset, at, before } of changes) {
      const midnight = Math.floor((at + before) / DAY) * DAY;
      // The change may lie at midnight: also the days beside it.
      for (const near of [midnight - DAY, midnight, midnight + DAY]) {
        const walls = daysAround(near).map((day) => day + time);
        const event_timestamp = text(walls[0]!);
        const planned_at = place(offset, walls[0]!) - 1;
        const schedule = { event_timestamp, time_zone: zone, recurrence, exceptions: [], leads: ["0"], planned_at };
        const expected = walls.map((wall) => ({ event_timestamp: text(wall), starts_at: place(offset, wall) }));
        expect(upcomingOccurrences(schedule, planned_at, walls.length), `${zone} ${event_timestamp}`).toEqual(expected);
        compared.add(`${zone} ${at}`);
      }
    }
    expect(compared.size).toBe(changes.length);
  });
});
