import { describe, expect, it } from "vitest";
import { nextReminder, plan, type Schedule, upcomingOccurrences } from "../../src/domain/plan.ts";
import { at, EVE, moved, reminders, START, schedule, short, skipped, told } from "./schedules.ts";

describe("an event that takes place once", () => {
  it.each([
    ["P1D", "2027-02-28T08:00"],
    ["P1W", "2027-02-22T08:00"],
    ["P28D", "2027-02-01T08:00"],
    ["0", "2027-03-01T08:00"],
    ["90", "2027-03-01T06:30"],
  ])("is reminded once, its lead %s before it", (lead, due) => {
    expect(reminders(schedule({ leads: [lead] }), lead, 9)).toEqual([`${due} 2027-03-01`]);
    expect(plan(schedule({ leads: [lead] })).reminders).toHaveLength(1);
  });

  it("has a lead of days in wall time and one of minutes in elapsed time across a clock change", () => {
    const of = schedule({ event_timestamp: "2027-03-28 09:00:00" });
    expect(reminders(of, "P1D", 9)).toEqual(["2027-03-27T08:00 2027-03-28"]);
    expect(reminders(of, "1440", 9)).toEqual(["2027-03-27T07:00 2027-03-28"]);
  });

  it("on 31 March is reminded a month before on the last day of February", () => {
    const of = schedule({ event_timestamp: "2027-03-31 09:00:00" });
    expect(reminders(of, "P1M", 9)).toEqual(["2027-02-28T08:00 2027-03-31"]);
  });

  it("is reminded at the event itself where its lead is past, the very moment of planning included", () => {
    for (const planned_at of [at("2027-02-28T08:00:00Z"), at("2027-03-01T07:59:59.999Z")]) {
      const { reminders: planned } = plan(schedule({ leads: ["P1D"], planned_at }));
      expect(planned.map(({ lead, fallback, next }) => [lead, fallback, told(next)])).toEqual([
        ["P1D", false, null],
        ["0", true, "2027-03-01T08:00 2027-03-01"],
      ]);
    }
  });

  it("drops a past lead where another is ahead", () => {
    const { reminders: planned } = plan(schedule({ leads: ["P1W", "60"], planned_at: at("2027-02-25T00:00:00Z") }));
    expect(planned.map(({ lead, next }) => [lead, told(next)])).toEqual([
      ["P1W", null],
      ["60", "2027-03-01T07:00 2027-03-01"],
    ]);
  });

  it("is not reminded once it has begun", () => {
    const { reminders: planned, upcoming } = plan(
      schedule({ leads: ["P1D", "0"], planned_at: at("2027-03-01T08:00:00Z") }),
    );
    expect(planned.map(({ next }) => next)).toEqual([null, null]);
    expect(upcoming.map(short)).toEqual(["03-01 at 03-01T08:00"]);
  });
});

describe("a recurring event", () => {
  it("weekly at 09:00 in Warsaw stays at 09:00 through both clock changes", () => {
    const of = schedule({ event_timestamp: "2027-03-21 09:00:00", recurrence: "FREQ=WEEKLY" });
    expect(
      upcomingOccurrences(of, EVE, 40)
        .map(short)
        .filter((_, n) => [0, 1, 31, 32].includes(n)),
    ).toEqual(["03-21 at 03-21T08:00", "03-28 at 03-28T07:00", "10-24 at 10-24T07:00", "10-31 at 10-31T08:00"]);
  });

  it("at a skipped time takes place an hour later that day, at a doubled one the first time, each once", () => {
    const spring = schedule({ event_timestamp: "2027-03-27 02:30:00", recurrence: "FREQ=DAILY" });
    expect(upcomingOccurrences(spring, EVE, 3).map(short)).toEqual([
      "03-27 at 03-27T01:30",
      "03-28 at 03-28T01:30",
      "03-29 at 03-29T00:30",
    ]);
    const autumn = schedule({ event_timestamp: "2027-10-30 02:30:00", recurrence: "FREQ=DAILY" });
    expect(upcomingOccurrences(autumn, EVE, 3).map(short)).toEqual([
      "10-30 at 10-30T00:30",
      "10-31 at 10-31T00:30",
      "11-01 at 11-01T01:30",
    ]);
  });

  it("has each lead before every occurrence, P1W and P7D being one", () => {
    const of = schedule({ recurrence: "FREQ=WEEKLY;COUNT=3", leads: ["P1W", "0", "P7D", "0"] });
    expect(plan(of).reminders.map(({ lead }) => lead)).toEqual(["P1W", "0"]);
    expect(reminders(of, "P1W", 9)).toEqual([
      "2027-02-22T08:00 2027-03-01",
      "2027-03-01T08:00 2027-03-08",
      "2027-03-08T08:00 2027-03-15",
    ]);
  });

  it("daily with a lead of a month reminds of each of four days at once on the last of February", () => {
    const of = schedule({ event_timestamp: "2027-03-28 09:00:00", recurrence: "FREQ=DAILY;COUNT=5", leads: ["P1M"] });
    expect(reminders(of, "P1M", 9)).toEqual([
      // Wall time: the offset is that of February.
      "2027-02-28T08:00 2027-03-28",
      "2027-02-28T08:00 2027-03-29",
      "2027-02-28T08:00 2027-03-30",
      "2027-02-28T08:00 2027-03-31",
      "2027-03-01T08:00 2027-04-01",
    ]);
  });

  it("reminds at the occurrence of those whose every lead was past at planning, and then by its leads", () => {
    const of = schedule({ recurrence: "FREQ=DAILY", leads: ["P3D", "P2D"], planned_at: at("2027-02-28T12:00:00Z") });
    expect(reminders(of, "0", 9, true)).toEqual(["2027-03-01T08:00 2027-03-01", "2027-03-02T08:00 2027-03-02"]);
    expect(told(nextReminder(of, "P2D", false, null))).toBe("2027-03-01T08:00 2027-03-03");
    expect(told(nextReminder(of, "P3D", false, null))).toBe("2027-03-01T08:00 2027-03-04");
  });

  it("reminds nothing before the moment of change, years after its start", () => {
    const of = schedule({ event_timestamp: "2016-01-05 09:00:00", recurrence: "FREQ=DAILY", leads: ["60"] });
    expect(told(nextReminder(of, "60", false, null))).toBe("2027-02-01T07:00 2027-02-01");
  });

  it("is still ahead between its skipped time and the moment when it takes place", () => {
    const planned_at = at("2027-03-28T01:15:00Z");
    const of = schedule({ event_timestamp: "2027-03-27 02:30:00", recurrence: "FREQ=DAILY", planned_at });
    expect(told(nextReminder(of, "0", false, null))).toBe("2027-03-28T01:30 2027-03-28");
  });

  it("has a lead of a month ahead though February is the shortest", () => {
    const of = schedule({ recurrence: "FREQ=DAILY", leads: ["P1M"], planned_at: at("2027-02-27T12:00:00Z") });
    expect(told(nextReminder(of, "P1M", false, null))).toBe("2027-02-28T08:00 2027-03-28");
  });

  it("without leads has no reminder, also none for want of one", () => {
    expect(plan(schedule({ recurrence: "FREQ=DAILY;COUNT=2", leads: [] })).reminders).toEqual([]);
  });
});

describe("exceptions", () => {
  const daily = (...exceptions: Schedule["exceptions"]) =>
    schedule({ recurrence: "FREQ=DAILY;COUNT=4", exceptions, leads: ["60"] });

  it("skip an occurrence and its reminder", () => {
    const of = daily(skipped("2027-03-02 09:00:00"));
    expect(upcomingOccurrences(of, EVE, 9).map(short)).toEqual([
      "03-01 at 03-01T08:00",
      "03-03 at 03-03T08:00",
      "03-04 at 03-04T08:00",
    ]);
    expect(reminders(of, "60", 9)).toHaveLength(3);
  });

  it("move an occurrence, which keeps its name, across others", () => {
    const of = daily(
      moved("2027-03-01 09:00:00", "2027-03-03 12:00:00"),
      moved("2027-03-04 09:00:00", "2027-03-02 08:00:00"),
    );
    expect(upcomingOccurrences(of, EVE, 9).map(short)).toEqual([
      "03-04 at 03-02T07:00",
      "03-02 at 03-02T08:00",
      "03-03 at 03-03T08:00",
      "03-01 at 03-03T11:00",
    ]);
    expect(reminders(of, "60", 9)).toEqual([
      "2027-03-02T06:00 2027-03-04",
      "2027-03-02T07:00 2027-03-02",
      "2027-03-03T07:00 2027-03-03",
      "2027-03-03T10:00 2027-03-01",
    ]);
  });

  it("move one onto another: both take place, by name", () => {
    const of = daily(moved("2027-03-03 09:00:00", "2027-03-02 09:00:00"));
    expect(reminders(of, "60", 9).slice(1, 3)).toEqual(["2027-03-02T07:00 2027-03-02", "2027-03-02T07:00 2027-03-03"]);
  });

  it("move one past the end of the series, where it is the last", () => {
    const of = daily(moved("2027-03-02 09:00:00", "2027-05-01 09:00:00"));
    expect(reminders(of, "60", 9).at(-1)).toBe("2027-05-01T06:00 2027-03-02");
    expect(plan({ ...of, planned_at: at("2028-01-01T00:00:00Z") }).upcoming.map(short)).toEqual([
      "03-02 at 05-01T07:00",
    ]);
  });

  it("that skip the last ones make an earlier one the last", () => {
    const of = daily(skipped("2027-03-04 09:00:00"), skipped("2027-03-03 09:00:00"));
    expect(plan({ ...of, planned_at: at("2028-01-01T00:00:00Z") }).upcoming.map(short)).toEqual([
      "03-02 at 03-02T08:00",
    ]);
  });

  it("of times that the rule does not give change nothing", () => {
    const of = daily(
      moved("2027-03-02 10:00:00", "2027-03-02 11:00:00"),
      moved("2027-03-09 09:00:00", "2027-03-02 11:00:00"),
    );
    expect(upcomingOccurrences(of, EVE, 9)).toEqual(upcomingOccurrences(daily(), EVE, 9));
  });

  it("are reminded at the occurrence where a move leaves no lead ahead", () => {
    const of = {
      ...daily(moved("2027-03-04 09:00:00", "2027-02-01 01:15:00")),
      planned_at: at("2027-02-01T00:00:00Z"),
    };
    expect(reminders(of, "0", 9, true)).toEqual(["2027-02-01T00:15 2027-03-04"]);
  });

  it("that skip everything leave nothing ahead", () => {
    const of = schedule({ recurrence: "FREQ=DAILY;COUNT=1", exceptions: [skipped(START)] });
    expect(plan(of)).toEqual({ reminders: [{ lead: "0", fallback: false, next: null }], upcoming: [] });
  });
});
