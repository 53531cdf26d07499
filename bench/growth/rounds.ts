/** What falls due in one round, from the tick to the last settling, by the product's own verbs; nothing is sent. */
import { randomUUID } from "node:crypto";
import type { Db } from "../../src/clients/neon.ts";
import { type Channel, claimDeliveries, settleDeliveries } from "../../src/domain/deliveries.ts";
import { findDue } from "../../src/domain/due.ts";
import { claimDue, expandDue } from "../../src/domain/due-claims.ts";
import { pickPeople } from "../../src/domain/picking.ts";
import { CLAIM_AHEAD_MS } from "../../src/domain/rules.ts";
import { DELIVERIES_A_ROUND, ROUND_MS } from "./fill.ts";

/** The stages, in order; `claim` and `settle` of all three channels. */
export const STAGES = ["find", "hand on", "pick", "claim", "settle"] as const;
export type Stage = (typeof STAGES)[number];

const REMINDERS_A_TURN = 2_000;

/** Milliseconds of each stage. `at`: when round 0 falls due. Throws where it is not everybody who is reached. */
export async function runRound(db: Db, at: number, round: number): Promise<Record<Stage, number>> {
  const now = at + round * ROUND_MS;
  const spent: Record<Stage, number> = { find: 0, "hand on": 0, pick: 0, claim: 0, settle: 0 };
  const timed = async <T>(stage: Stage, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const done = await work();
    spent[stage] += performance.now() - started;
    return done;
  };
  const found = await timed("find", () => findDue(db, "schedule-events", now, now));
  const claims = found.events.flatMap((event) => expandDue(event, now + CLAIM_AHEAD_MS, now, REMINDERS_A_TURN));
  const waiting = await timed("hand on", () => claimDue(db, claims, now, now));
  const asked = waiting.map(({ event_reminders_id }) => ({
    event_reminders_id,
    after_user_id: 0,
    tokens: [randomUUID()],
  }));
  const { people } = await timed("pick", () => pickPeople(db, asked, now));
  let settled = 0;
  for (const channel of ["sms", "email", "push"] as const) settled += await deliver(db, channel, people, now, timed);
  if (settled !== DELIVERIES_A_ROUND) throw new Error(`${settled} of ${DELIVERIES_A_ROUND} deliveries were settled`);
  return spent;
}

type People = Awaited<ReturnType<typeof pickPeople>>["people"];

async function deliver(
  db: Db,
  channel: Channel,
  people: People,
  now: number,
  timed: <T>(stage: Stage, work: () => Promise<T>) => Promise<T>,
): Promise<number> {
  const cost = channel === "sms" ? "0.0393" : null;
  const claiming = people
    .filter((one) => one.channel === channel)
    .map(({ event_reminders_logs_id, address }) => ({
      event_reminders_logs_id,
      address: address ?? "",
      cost_usd: cost,
      late_cost_usd: cost,
      revision: 1,
    }));
  const token = randomUUID();
  const claimed = await timed("claim", () =>
    claimDeliveries(db, channel, claiming, { token, now, budget_usd: "1000000" }),
  );
  const settling = claimed.map(({ event_reminders_logs_id, cost_usd }) => ({
    event_reminders_logs_id,
    status: "sent" as const,
    error: null,
    provider_message_id: `bench-${event_reminders_logs_id}`,
    next_attempt_at: null,
    lost: false,
    untried: false,
    charged_usd: cost_usd,
    dead_address: null,
  }));
  await timed("settle", () => settleDeliveries(db, channel, settling, { token, claimedAt: now, now }));
  return settling.length;
}
