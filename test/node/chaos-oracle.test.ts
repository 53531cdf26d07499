/** The oracle of the chaos test sees each fault that it is there for: every case breaks one thing in a run that is in order. */
import { describe, expect, it } from "vitest";
import type { Facts } from "../chaos/facts.ts";
import { judge } from "../chaos/oracle.ts";

const DUE = Date.parse("2027-03-01T10:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Two people; an event that was due and reminded, one that was past its hour, one that is a day ahead. */
function inOrder(): Facts {
  const reminder = (id: number, due_at: number) => ({ id, event_id: id, due_at, starts_at: due_at, reason: null });
  const delivery = (id: number, user_id: number, channel: "sms" | "email") => ({
    id,
    event_reminders_id: 1,
    user_id,
    channel,
    step: 0,
    status: "sent" as const,
    last_error: null,
    provider_message_id: `message-${id}`,
    leased: false,
    settled_at: DUE + 200,
  });
  return {
    people: [
      { user_id: 1, addresses: ["+48512000001", "ada@torium.test"], left: null },
      { user_id: 2, addresses: ["bartek@torium.test"], left: null },
    ],
    asked: [
      { event_id: 1, name: "Storm-00001", starts_at: DUE, due_at: DUE },
      { event_id: 2, name: "Storm-00002", starts_at: DUE - 3 * HOUR, due_at: DUE - 3 * HOUR },
      { event_id: 3, name: "Storm-00003", starts_at: DUE + 24 * HOUR, due_at: DUE + 24 * HOUR },
    ],
    incidents: [],
    shifts: [{ at: 0, ahead: 0 }],
    ticked_to: DUE + MINUTE,
    ledger: {
      reminders: [
        { ...reminder(1, DUE), claimed_at: DUE - MINUTE, status: "picked" },
        { ...reminder(2, DUE - 3 * HOUR), claimed_at: DUE - MINUTE, status: "expired", reason: "expired" },
      ],
      people: [1, 2].flatMap((user_id) => [
        { event_reminders_id: 1, user_id, picked: true, reason: "participant" },
        { event_reminders_id: 2, user_id, picked: false, reason: "expired" },
      ]),
      deliveries: [delivery(11, 1, "sms"), delivery(12, 2, "email")],
    },
    accepts: [
      { id: "message-11", event_id: 1, channel: "sms", to: "+48512000001", accepted_at: DUE + 50, says_late: false },
      { id: "message-12", event_id: 1, channel: "email", to: "bartek@torium.test", accepted_at: DUE, says_late: false },
    ],
  };
}

const rules = (facts: Facts) => [...new Set(judge(facts).map(({ rule }) => rule))];
const another = (facts: Facts, accepted_at: number) => {
  facts.accepts.push({ ...facts.accepts[0]!, id: "another", accepted_at });
};
const kill = (at: number, sms = 25): Facts["incidents"][number] => ({
  kind: "worker killed",
  from: at,
  to: at,
  doubles: { sms, email: 500, push: 500 },
});

describe("the oracle of the chaos test", () => {
  it("has nothing against a run in order", () => {
    expect(judge(inOrder())).toEqual([]);
  });

  it.each<[string, string, (facts: Facts) => void]>([
    ["a lost occurrence", "every due occurrence is in the ledger once", ({ ledger }) => void ledger.reminders.shift()],
    [
      "an occurrence that is there twice",
      "every due occurrence is in the ledger once",
      ({ ledger }) => void ledger.reminders.push({ ...ledger.reminders[0]!, id: 9 }),
    ],
    [
      "a wrong moment",
      "due is when it was asked for",
      ({ ledger }) => void Object.assign(ledger.reminders[0]!, { due_at: DUE + 1_000 }),
    ],
    [
      "a reminder that nobody finishes",
      "nothing is pending past the sweep",
      ({ ledger }) => void Object.assign(ledger.reminders[0]!, { status: "pending" }),
    ],
    [
      "a delivery that nobody finishes",
      "nothing is pending past the sweep",
      ({ ledger }) => void Object.assign(ledger.deliveries[0]!, { status: "pending" }),
    ],
    [
      "a lease that nobody ends",
      "nothing is leased past the sweep",
      ({ ledger }) => void Object.assign(ledger.deliveries[0]!, { leased: true }),
    ],
    ["a forgotten person", "every eligible person is in the ledger", ({ ledger }) => void ledger.people.shift()],
    ["a person without a delivery", "each is settled exactly once", ({ ledger }) => void ledger.deliveries.pop()],
    [
      "a person with two",
      "each is settled exactly once",
      ({ ledger }) => void ledger.deliveries.push({ ...ledger.deliveries[0]!, id: 13, step: 1 }),
    ],
    [
      "a person on whom everything failed",
      "who stays is reached",
      ({ ledger }) => void Object.assign(ledger.deliveries[0]!, { status: "failed" }),
    ],
    [
      "an expiry before the hour",
      "nothing expires before its hour",
      ({ ledger }) => void Object.assign(ledger.deliveries[0]!, { status: "expired" }),
    ],
    [
      "a stale message",
      "what is past its hour is not sent",
      ({ ledger }) => void Object.assign(ledger.reminders[0]!, { claimed_at: DUE + HOUR }),
    ],
    ["a message that never went", "what is sent was accepted", ({ accepts }) => void accepts.shift()],
    ["an early message", "none is early", ({ accepts }) => void Object.assign(accepts[1]!, { accepted_at: DUE - 1 })],
    [
      "a message a day early",
      "none is early",
      ({ accepts }) => void accepts.push({ ...accepts[0]!, id: "early", event_id: 3 }),
    ],
    [
      "lateness unsaid",
      "what is late says so",
      ({ ledger }) => void Object.assign(ledger.reminders[0]!, { claimed_at: DUE + 16 * MINUTE }),
    ],
    [
      "lateness said for nothing",
      "what is in time does not say that it is late",
      ({ accepts }) => void Object.assign(accepts[0]!, { says_late: true }),
    ],
    [
      "a message to who had left before it was due",
      "who has left gets nothing",
      ({ people }) => void Object.assign(people[0]!, { left: { asked_at: DUE - 9_000, done_at: DUE - 8_000 } }),
    ],
    [
      "a message to a stranger",
      "nobody else hears of it",
      ({ accepts }) => void accepts.push({ ...accepts[0]!, to: "+48512999999" }),
    ],
    ["a double without a cause", "a double has a cause", (facts) => another(facts, DUE + 5_000)],
    [
      "a double after the kill",
      "a double has a cause",
      (facts) => {
        facts.incidents.push(kill(DUE + 1_000));
        another(facts, DUE + 9_000);
      },
    ],
    [
      "two doubles for one kill",
      "a double has a cause",
      (facts) => {
        facts.incidents.push(kill(DUE + 1_000));
        facts.ledger.deliveries[0]!.settled_at = DUE + 130_000;
        another(facts, DUE + 100);
        another(facts, DUE + 150);
      },
    ],
    [
      "more doubles than a consumer holds",
      "a double has a cause",
      (facts) => {
        facts.incidents.push(kill(DUE + 1_000, 0));
        facts.ledger.deliveries[0]!.settled_at = DUE + 130_000;
        another(facts, DUE + 100);
      },
    ],
    [
      "a double of what was settled before the kill",
      "a double has a cause",
      (facts) => {
        facts.incidents.push(kill(DUE + 1_000));
        another(facts, DUE + 100);
      },
    ],
  ])("sees %s", (_fault, rule, breakIt) => {
    const facts = inOrder();
    breakIt(facts);
    expect(rules(facts)).toContain(rule);
  });

  it("takes a double whose message was in flight at the kill", () => {
    const facts = inOrder();
    facts.incidents.push(kill(DUE + 1_000));
    facts.accepts[0]!.accepted_at = DUE + 130_000;
    facts.ledger.deliveries[0]!.settled_at = DUE + 130_100;
    another(facts, DUE + 100);
    expect(judge(facts)).toEqual([]);
  });

  /** Three answers lost on each channel, and a letter that was accepted `doubles` times before the accept that settled it. */
  const letterAgain = (...doubles: number[]) => {
    const facts = inOrder();
    const lost = { sms: 3, email: 3, push: 3 };
    facts.incidents.push({ kind: "answers lost", from: DUE, to: Number.MAX_SAFE_INTEGER, doubles: lost });
    facts.accepts[1]!.accepted_at = DUE + 130_000;
    facts.ledger.deliveries[1]!.settled_at = DUE + 130_100;
    for (const [n, at] of doubles.entries())
      facts.accepts.push({ ...facts.accepts[1]!, id: `again-${n}`, accepted_at: DUE + at });
    return facts;
  };

  it("takes as many doubles as answers were lost, of one message too, whose next try loses its answer again", () => {
    expect(judge(letterAgain(100, 9_000, 20_000))).toEqual([]);
    expect(rules(letterAgain(100, 9_000, 20_000, 40_000))).toEqual(["a double has a cause"]);
  });

  it("leaves a kill what a kill explains, so that lost answers are there for those that nothing else does", () => {
    const facts = letterAgain(100, 9_000, 20_000, 129_000);
    facts.incidents.push(kill(DUE + 129_500));
    expect(judge(facts)).toEqual([]);
  });

  it("sees an SMS that is sent a third time, whoever lost its answers", () => {
    const facts = letterAgain();
    facts.accepts[0]!.accepted_at = DUE + 130_000;
    facts.ledger.deliveries[0]!.settled_at = DUE + 130_100;
    another(facts, DUE + 100);
    expect(judge(facts)).toEqual([]);
    another(facts, DUE + 9_000);
    expect(rules(facts)).toEqual(["an SMS is sent once more at the most"]);
  });

  it("judges by the schedules' clock what was claimed on it", () => {
    const facts = inOrder();
    facts.shifts.push({ at: DUE - 2 * HOUR, ahead: HOUR });
    facts.ledger.reminders[0]!.claimed_at = DUE - 30 * MINUTE;
    for (const accept of facts.accepts) accept.accepted_at = DUE - HOUR + 20;
    expect(judge(facts)).toEqual([]);
    facts.accepts[0]!.accepted_at = DUE - HOUR - 1;
    expect(rules(facts)).toEqual(["none is early"]);
  });

  it("lets who leaves while it is being sent have it, and asks nothing for them afterwards", () => {
    const facts = inOrder();
    facts.people[0]!.left = { asked_at: DUE, done_at: DUE + 10 };
    expect(judge(facts)).toEqual([]);
    facts.ledger.deliveries.shift();
    facts.accepts.shift();
    expect(judge(facts)).toEqual([]);
  });
});
