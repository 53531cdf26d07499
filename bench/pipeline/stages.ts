/** Round trips to the database by stage, from the line with which each invocation of the Worker ends. */

export type Stage = { invocations: number; roundTrips: number };

/** Each stage's invocations, and how many round trips were beyond what the rules give: a claim and its settles for each batch, one for picking. */
export function countStages() {
  let stages: Record<string, Stage> = {};
  let seen = new Set<unknown>();
  let due = 0;
  let settles: Record<string, number> = {};
  const add = (name: string, roundTrips: unknown) => {
    const before = stages[name] ?? { invocations: 0, roundTrips: 0 };
    stages[name] = { invocations: before.invocations + 1, roundTrips: before.roundTrips + Number(roundTrips) };
  };
  return {
    heard: (line: Record<string, unknown>) => {
      if (line.event === "schedule") add("tick", line.round_trips);
      if (line.event === "handed on") due += Number(line.due);
      if (line.event === "delivered") {
        const every = line.channel === "sms" ? 25 : Number.POSITIVE_INFINITY;
        const queue = `send-${line.channel}`;
        const sent = Number(line.claimed) - Number(line.suppressed);
        settles[queue] = (settles[queue] ?? 0) + Math.ceil(sent / every || Number(sent > 0));
      }
      // One batch may end in several lines, each with the round trips of the whole.
      if (line.event === "messages" && !seen.has(line.batch_id)) {
        seen.add(line.batch_id);
        add(String(line.queue), line.round_trips);
      }
    },
    /** Since the last time that this was asked. */
    counted: () => {
      const all = { stages, due, beyondRules: beyondRules(stages, due, settles) };
      stages = {};
      seen = new Set();
      due = 0;
      settles = {};
      return all;
    },
  };
}

/** A tick makes one where nothing is due and else two for each thousand; picking two for a batch; a channel one claim and its settles. */
function beyondRules(stages: Record<string, Stage>, due: number, settles: Record<string, number>): number {
  const beyond = Object.entries(stages).map(([name, { invocations, roundTrips }]) => {
    // The turn that finds the last thousand full looks once more.
    if (name === "tick") return roundTrips - (2 * Math.ceil(due / 1000) + invocations);
    if (name === "schedule-notifications") return roundTrips - 2 * invocations;
    return roundTrips - invocations - (settles[name] ?? 0);
  });
  return beyond.reduce((sum, one) => sum + Math.max(0, one), 0);
}
