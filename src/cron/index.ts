/** The clock door: a cron line, its job. */
import { look } from "../alerts/look.ts";
import type { Deps } from "../deps.ts";
import { withFields } from "../log.ts";
import { prune } from "./prune.ts";
import { scheduleEvents } from "./schedule-events.ts";

/** `now` is the job's: the schedule's moment, also one years from today where a schedule is run by hand; `clock` the same on the machine. */
type Job = (deps: Deps, now: number, clock: number) => Promise<unknown>;

export const JOBS: Record<string, Job> = {
  "* * * * *": scheduleEvents,
  "*/5 * * * *": (deps, _now, clock) => look(deps, clock),
  "17 3 * * *": prune,
};

/** What the platform hears, and logs, of a job that failed: nothing of why, since an error may quote a value. */
export class ScheduleFailed extends Error {
  override name = "ScheduleFailed";
}

export async function runSchedule(controller: ScheduledController, given: Deps): Promise<void> {
  const { cron, scheduledTime } = controller;
  const deps = { ...given, log: withFields(given.log, { run_id: crypto.randomUUID() }) };
  const clock = deps.now();
  const ended = (outcome: string) =>
    deps.log.info("schedule", {
      cron,
      scheduled_at: new Date(scheduledTime).toISOString(),
      outcome,
      ms: deps.now() - clock,
      round_trips: deps.roundTrips(),
    });
  try {
    const job = JOBS[cron];
    if (!job) throw new Error(`no job for the schedule ${cron}`);
    await job(deps, scheduledTime, clock);
  } catch (error) {
    deps.log.error("schedule failed", error);
    ended("failed");
    throw new ScheduleFailed("the log line of this run says why");
  }
  ended("ok");
}
