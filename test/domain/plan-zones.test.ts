/** Every clock change of 2027 in every zone that Intl knows. The expected instants come from Intl.DateTimeFormat alone. */
import { expect, it } from "vitest";
import { upcomingOccurrences } from "../../src/domain/plan.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CHANGES_SINCE = Date.UTC(2027, 0, 1);
const CHANGES_UNTIL = Date.UTC(2028, 0, 1);

type Change = { zone: string; at: number; before: number; after: number };

/** The zone's offset from UTC at an instant, ms, read off its clock. */
function offsets(zone: string): (instant: number) => number {
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
function changesOf(zone: string, offset: (instant: number) => number): Change[] {
  const changes: Change[] = [];
  for (let from = CHANGES_SINCE; from < CHANGES_UNTIL; from += DAY / 2) {
    let [low, high] = [from, from + DAY / 2];
    if (offset(low) === offset(high)) continue;
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000;
      if (offset(middle) === offset(low)) low = middle;
      else high = middle;
    }
    changes.push({ zone, at: high, before: offset(low), after: offset(high) });
  }
  return changes;
}

/** A wall time near one change, as ms on a clock without a zone: with the offset before it, unless only the one after fits. */
const place = ({ at, before, after }: Change, wall: number): number => {
  const onlyAfter = wall - before >= at && wall - after >= at;
  return wall - (onlyAfter ? after : before);
};

const text = (wall: number) => new Date(wall).toISOString().slice(0, 19).replace("T", " ");
const zones = Intl.supportedValuesOf("timeZone");
const changes = zones.flatMap((zone) => changesOf(zone, offsets(zone)));

it("Intl knows the zones and their changes", () => {
  expect(zones.length).toBeGreaterThan(400);
  expect(changes.length).toBeGreaterThan(150);
  expect(changes).toContainEqual({
    zone: "Europe/Warsaw",
    at: Date.UTC(2027, 2, 28, 1),
    before: HOUR,
    after: 2 * HOUR,
  });
  expect(changes).toContainEqual({
    zone: "Australia/Lord_Howe",
    at: Date.UTC(2027, 9, 2, 15, 30),
    before: 10.5 * HOUR,
    after: 11 * HOUR,
  });
});

it.each([
  ["daily", "FREQ=DAILY", [-2, -1, 0, 1, 2]],
  ["weekly", "FREQ=WEEKLY", [-7, 0, 7]],
  ["monthly", "FREQ=MONTHLY", ["month", 0]],
] as const)(
  "a %s event keeps its time over each change, at the skipped and doubled times too",
  (_, recurrence, days) => {
    let compared = 0;
    // A month back must not lie before another change.
    const alone = changes.filter(
      (one) => recurrence !== "FREQ=MONTHLY" || !changes.some((other) => isBefore(other, one)),
    );
    for (const change of alone) {
      const midnight = Math.floor((change.at + change.before) / DAY) * DAY;
      for (const time of [2.5 * HOUR, 0, 23 * HOUR + 59 * 60_000]) {
        // The change may lie at midnight: also the days beside it.
        for (const near of [midnight - DAY, midnight, midnight + DAY]) {
          const walls = days.map((day) => (day === "month" ? monthBefore(near) : near + day * DAY) + time);
          const schedule = {
            event_timestamp: text(walls[0]!),
            time_zone: change.zone,
            recurrence,
            exceptions: [],
            leads: ["0"],
          };
          const planned_at = place(change, walls[0]!) - 1;
          const occurrences = upcomingOccurrences({ ...schedule, planned_at }, planned_at, walls.length);
          const expected = walls.map((wall) => ({ event_timestamp: text(wall), starts_at: place(change, wall) }));
          expect(occurrences, `${change.zone} ${schedule.event_timestamp}`).toEqual(expected);
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(1000);
  },
);

const isBefore = (other: Change, change: Change) =>
  other.zone === change.zone && other.at < change.at && other.at > change.at - 70 * DAY;

/** The same day of the last month that has it, as a monthly rule skips the others. */
function monthBefore(day: number, back = 1): number {
  const date = new Date(day);
  const found = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - back, date.getUTCDate());
  return new Date(found).getUTCDate() === date.getUTCDate() ? found : monthBefore(day, back + 1);
}
