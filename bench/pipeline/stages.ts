/** Round trips to the database by stage, from the lines that the Worker logs of each invocation. */

export type Stage = { invocations: number; roundTrips: number };

/** What one run of the schedule or one batch has told of itself; its lines are known by `run_id` or `batch_id`. */
type Invocation = { stage: string | null; roundTrips: number; due: number; people: number; settles: number };

const SMS_A_SETTLE = 25;
const PEOPLE_A_PICKING = 2_000;
const DUE_A_TURN = 1_000;

/** Each stage's invocations, and how many of their round trips were beyond the rules. */
export function countStages() {
  let invocations = new Map<unknown, Invocation>();
  const of = (id: unknown): Invocation => {
    const known = invocations.get(id) ?? { stage: null, roundTrips: 0, due: 0, people: 0, settles: 0 };
    invocations.set(id, known);
    return known;
  };
  return {
    heard: (line: Record<string, unknown>) => {
      switch (line.event) {
        case "schedule":
          Object.assign(of(line.run_id), { stage: "tick", roundTrips: Number(line.round_trips) });
          break;
        // One batch may end in several such lines, each with the round trips of the whole.
        case "messages":
          Object.assign(of(line.batch_id), { stage: String(line.queue), roundTrips: Number(line.round_trips) });
          break;
        case "handed on":
          of(line.run_id).due += Number(line.due);
          break;
        case "picked":
          of(line.batch_id).people += Number(line.people);
          break;
        case "delivered": {
          const answered = Number(line.claimed) - Number(line.suppressed);
          of(line.batch_id).settles +=
            line.channel === "sms" ? Math.ceil(answered / SMS_A_SETTLE) : Math.sign(answered);
          break;
        }
      }
    },
    /** Since the last time that this was asked. */
    counted: () => {
      const ended = [...invocations.values()].filter(({ stage }) => stage !== null);
      invocations = new Map();
      const stages: Record<string, Stage> = {};
      let beyondRules = 0;
      const picking = { roundTrips: 0, allowed: 0 };
      for (const one of ended) {
        stages[one.stage!] ??= { invocations: 0, roundTrips: 0 };
        stages[one.stage!]!.invocations++;
        stages[one.stage!]!.roundTrips += one.roundTrips;
        if (one.stage === "schedule-notifications") {
          picking.roundTrips += one.roundTrips;
          // One for its people, and one for the look of an invocation of its own whether a full 2,000 were all.
          picking.allowed += Math.ceil(one.people / PEOPLE_A_PICKING) + Math.floor(one.people / PEOPLE_A_PICKING);
        } else {
          // Each by itself: what one spares is no other's to spend.
          beyondRules += Math.max(0, one.roundTrips - allowed(one));
        }
      }
      return { stages, beyondRules: beyondRules + Math.max(0, picking.roundTrips - picking.allowed) };
    },
  };
}

function allowed({ stage, due, settles }: Invocation): number {
  if (stage === "tick") return due === 0 ? 1 : 2 * Math.ceil(due / DUE_A_TURN);
  return 1 + settles;
}
