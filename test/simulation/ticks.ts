/** The minute's schedule. A tick that could find nothing is left out: whether it could is read from the columns that it searches. */
import type { World } from "./world.ts";

const MINUTE = 60_000;

const NEXT = `
  select extract(epoch from least(
    (select min(next_due_at) - interval '150 seconds' from event_leads),
    (select min(next_attempt_at) from event_reminders where status = 'pending'),
    (select min(greatest(next_attempt_at, lease_until)) from event_reminders_logs where status = 'pending'),
    (select min(next_attempt_at) from events_comments),
    (select min(greatest(next_attempt_at, lease_until)) from group_invitation_logs where delivery_status = 'pending' and status = 'open')
  ))::float8 * 1000 as next`;

/** Runs the schedule each minute while `until` allows; `resume` goes on where that moved. */
export function startTicking(world: World, until: () => number): { resume: () => void } {
  const { scheduler, faults } = world;
  let next: number | null = null;
  let at = Math.ceil(scheduler.now / MINUTE) * MINUTE;
  const minute = async () => {
    const scheduled = at;
    at += MINUTE;
    if (at <= until()) scheduler.at(at, minute);
    if (world.changed) {
      next = (await world.database.query<{ next: number | null }>(NEXT))[0]!.next;
      world.changed = false;
    }
    const idle = next === null || next > scheduled;
    // Twice a day for nothing, as it mostly is.
    if (idle && scheduled % (12 * 60 * MINUTE) !== 0) return;
    for (const late of faults.tick()) scheduler.at(scheduled + late, () => world.tick(scheduled));
  };
  const resume = () => void scheduler.at(at, minute);
  resume();
  return { resume };
}
