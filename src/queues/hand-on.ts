/** From the ledger to the queues: claims what is due soon and hands it on, with whatever an earlier tick or consumer left behind. */
import type { Deps } from "../deps.ts";
import { claimDue, expandDue, type Found, findDue, type WaitingReminder } from "../domain/due.ts";
import { CLAIM_AHEAD_MS } from "../domain/rules.ts";
import { enqueue, type Outgoing } from "./enqueue.ts";

/** Turns of a thousand in one run; what is beyond waits for the next minute. */
const TURNS = 30;

/** `now` and `clock` are the same moment, on the job's clock and on the machine's; `job` is the schedule that runs, null where none does. */
export async function handOnDue(deps: Deps, job: string | null, now: number, clock: number): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    const found = await findDue(deps.db, job, now, deps.now());
    const claims = expandDue(found.events, now + CLAIM_AHEAD_MS, now);
    const claimed = claims.length > 0 ? await claimDue(deps.db, claims, now, clock) : [];
    await enqueue(deps.bindings, [...claimed.map(picking), ...leftBehind(found)]);
    deps.log.info("handed on", {
      due: claimed.length,
      reminders: found.reminders.length,
      comments: found.comments.length,
      invitations: found.invitations.length,
    });
    if (!found.more) return;
  }
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
