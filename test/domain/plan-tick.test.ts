import { describe, expect, it } from "vitest";
import { advance, dueReminders, nextReminder, plan } from "../../src/domain/plan.ts";
import { at, moved, reminders, START, schedule, short, skipped, told } from "./schedules.ts";

describe("what a row remembers of the occurrences ahead", () => {
  it("reaches to the one after the last planned reminder's, and to two at least", () => {
    const of = schedule({ recurrence: "FREQ=WEEKLY", leads: ["0", "P1W"], planned_at: at("2027-03-01T09:00:00Z") });
    expect(plan(of).upcoming.map(short)).toEqual([
      "03-08 at 03-08T08:00",
      "03-15 at 03-15T08:00",
      "03-22 at 03-22T08:00",
    ]);
    expect(plan({ ...of, leads: ["0"] }).upcoming).toHaveLength(2);
  });

  it("is everything to the end once no reminder is left", () => {
    const of = schedule({ recurrence: "FREQ=DAILY;COUNT=10", leads: ["P1W"] });
    const last = {
      lead: "P1W",
      fallback: false,
      due_at: at("2027-03-03T08:00:00Z"),
      event_timestamp: "2027-03-10 09:00:00",
    };
    const { reminders: ahead, upcoming } = advance(of, [last], last.due_at);
    expect(ahead).toEqual([{ lead: "P1W", fallback: false, next: null }]);
    expect(upcoming.map(short).at(-1)).toBe("03-10 at 03-10T08:00");
    expect(upcoming).toHaveLength(7);
  });

  it("is bounded", () => {
    expect(plan(schedule({ recurrence: "FREQ=DAILY", leads: ["P1M"] })).upcoming.length).toBeLessThanOrEqual(70);
    expect(plan(schedule({ recurrence: "FREQ=DAILY", leads: [] })).upcoming).toHaveLength(70);
  });
});

describe("a tick", () => {
  const of = schedule({ recurrence: "FREQ=DAILY", leads: ["P1D", "0"] });
  const first = { due_at: at("2027-03-01T08:00:00Z"), event_timestamp: START };

  it("finds every reminder since an outage of a year, none twice, in as many turns as it takes", () => {
    const until = at("2028-02-29T12:00:00Z");
    const found = dueReminders(of, "0", false, first, until, 300);
    expect(found).toHaveLength(300);
    const [next] = advance(of, [{ ...found.at(-1)!, fallback: false }], until).reminders;
    found.push(...dueReminders(of, "0", false, next!.next!, until, 300));
    expect(found).toHaveLength(366);
    expect(new Set(found.map(told)).size).toBe(366);
    expect(told(found.at(-1)!)).toBe("2028-02-29T08:00 2028-02-29");
  });

  it("finds nothing before it is due", () => {
    expect(dueReminders(of, "0", false, first, first.due_at - 1, 300)).toEqual([]);
    expect(dueReminders(of, "0", false, first, first.due_at, 300).map(told)).toEqual(["2027-03-01T08:00 2027-03-01"]);
  });

  it("finds what a row says is due, though the zone's rules have changed since", () => {
    const stale = { ...first, due_at: first.due_at + 3_600_000 };
    expect(dueReminders(of, "0", false, stale, stale.due_at, 300)).toEqual([
      { ...stale, lead: "0", starts_at: first.due_at },
    ]);
  });

  it("goes on after what was claimed, a claim ahead of its time included, and leaves the other leads as they are", () => {
    const now = first.due_at - 150_000;
    const { reminders: ahead, upcoming } = advance(of, [{ lead: "0", fallback: false, ...first }], now);
    expect(ahead.map(({ lead, next }) => [lead, told(next)])).toEqual([["0", "2027-03-02T08:00 2027-03-02"]]);
    expect(upcoming.map(short)).toEqual(["03-01 at 03-01T08:00", "03-02 at 03-02T08:00", "03-03 at 03-03T08:00"]);
  });

  it("that plans step by step gives what planning at once gives", () => {
    const exceptions = [moved("2027-03-05 09:00:00", "2027-03-03 07:00:00"), skipped("2027-03-06 09:00:00")];
    const series = schedule({ recurrence: "FREQ=DAILY;COUNT=9", leads: ["P2D", "30"], exceptions });
    for (const lead of series.leads) {
      const start = nextReminder(series, lead, false, null)!;
      const all = dueReminders(series, lead, false, start, Number.MAX_SAFE_INTEGER, 99).map(told);
      expect(all).toEqual(reminders(series, lead, 99));
      expect(all).toHaveLength(8);
    }
  });
});
