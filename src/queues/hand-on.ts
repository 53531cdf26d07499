/** From the ledger to the queues: claims what is due soon and hands it on, with whatever an earlier tick or consumer left behind. */
import { sqlState } from "../clients/neon.ts";
import type { Deps } from "../deps.ts";
import { type DueEvent, type Found, findDue, type WaitingReminder } from "../domain/due.ts";
import { type ClaimedLead, claimDue, expandDue, parkLeads } from "../domain/due-claims.ts";
import { CLAIM_AHEAD_MS } from "../domain/rules.ts";
import { enqueue, type Outgoing } from "./enqueue.ts";
import { onceMore } from "./persist.ts";

/** Turns of a thousand in one run; what is beyond waits for the next minute. */
const TURNS = 30;
/** Reminders written at once: far more than a thousand leads have due, unless nobody looked for days. */
const REMINDERS_A_TURN = 2_000;

/** `now` and `clock` are the same moment, on the job's clock and on the machine's; `job` is the schedule that runs, null where none does. */
export async function handOnDue(deps: Deps, job: string | null, now: number, clock: number): Promise<void> {
  const until = now + CLAIM_AHEAD_MS;
  for (let turn = 0; turn < TURNS; turn++) {
    const found = await onceMore(() => findDue(deps.db, job, now, clock));
    const claims = await expand(found.events, until, now, deps);
    const claimed = await claim(claims, now, clock, deps);
    await enqueue(deps.bindings, [...claimed.map(picking), ...leftBehind(found)]);
    deps.log.info("handed on", {
      due: claimed.length,
      reminders: found.reminders.length,
      comments: found.comments.length,
      invitations: found.invitations.length,
    });
    // What a turn has no room for, or a lead that was not looked at for years, goes on in the next one.
    const unfinished =
      new Set(claims.map(({ event_id }) => event_id)).size < found.events.length ||
      claims.some(({ following }) => following !== null && following.due_at <= until);
    if (!found.more && !unfinished) return;
  }
}

/**
 * One event that cannot be expanded must not keep the others from being reminded: its leads are parked, and the log says which. What is beyond
 * the limit of a turn is found again by the next.
 */
async function expand(events: DueEvent[], until: number, now: number, deps: Deps): Promise<ClaimedLead[]> {
  const claims: ClaimedLead[] = [];
  let left = REMINDERS_A_TURN;
  for (const event of events) {
    if (left <= 0) break;
    try {
      const expanded = expandDue(event, until, now, left);
      left -= expanded.reduce((sum, { reminders }) => sum + reminders.length, 0);
      claims.push(...expanded);
    } catch (error) {
      await park(
        event.due.map(({ id }) => id),
        error,
        deps,
      );
    }
  }
  return claims;
}

/**
 * The same for one that the database refuses: the claims are halved until it stands alone. Where the fault is the database's own (a column that is not
 * there yet, a query cancelled), nobody's reminders may end for it: the next tick tries again.
 */
async function claim(claims: ClaimedLead[], now: number, clock: number, deps: Deps): Promise<WaitingReminder[]> {
  if (claims.length === 0) return [];
  try {
    return await onceMore(() => claimDue(deps.db, claims, now, clock));
  } catch (error) {
    if (!isRefused(error)) throw error;
    if (claims.length === 1) {
      await park([claims[0]!.id], error, deps);
      return [];
    }
    const half = Math.ceil(claims.length / 2);
    const first = await claim(claims.slice(0, half), now, clock, deps);
    return [...first, ...(await claim(claims.slice(half), now, clock, deps))];
  }
}

/** SQLSTATE classes of data that does not fit: 22 data exception, 23 constraint, 54 limit exceeded. */
const isRefused = (error: unknown): boolean => /^(22|23|54)/.test(sqlState(error) ?? "");

async function park(leads: number[], error: unknown, deps: Deps): Promise<void> {
  deps.log.error("parked", error, { leads: leads.join(",") });
  await parkLeads(deps.db, leads);
}

const picking = ({ after_user_id, ...reminder }: WaitingReminder): Outgoing => ({
  message: { type: "schedule-notifications", version: 1, ...reminder, ...(after_user_id > 0 && { after_user_id }) },
});

const leftBehind = (found: Found): Outgoing[] => [
  ...found.reminders.map(picking),
  ...found.comments.map(
    ({ created_at, ...comment }): Outgoing => ({
      message: { type: "schedule-push-comments", version: 1, ...comment, timestamp: created_at },
    }),
  ),
  ...found.invitations.map(
    ({ created_at, email, ...invitation }): Outgoing => ({
      message: {
        type: "send-push-group-invitation",
        version: 1,
        ...invitation,
        timestamp: created_at,
        ...(email && { email }),
      },
    }),
  ),
];
