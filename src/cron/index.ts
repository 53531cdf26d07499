/** The clock door: a cron line, its job. */
import type { Deps } from "../deps.ts";
import { prune } from "./prune.ts";
import { scheduleEvents } from "./schedule-events.ts";
import { toriumAlerts } from "./torium-alerts.ts";

/** `now` is the job's: the schedule's moment, also one years from today where a schedule is run by hand; `clock` the same on the machine. */
type Job = (deps: Deps, now: number, clock: number) => Promise<void>;

export const JOBS: Record<string, Job> = {
  "* * * * *": scheduleEvents,
  "*/5 * * * *": toriumAlerts,
  "17 3 * * *": prune,
};

export async function runSchedule(controller: ScheduledController, deps: Deps): Promise<void> {
  const job = JOBS[controller.cron];
  if (!job) throw new Error(`no job for the schedule ${controller.cron}`);
  const clock = deps.now();
  try {
    await job(deps, controller.scheduledTime, clock);
  } catch (error) {
    deps.log.error("schedule", error, { cron: controller.cron });
    throw error;
  }
  deps.log.info("schedule", { cron: controller.cron, ms: deps.now() - clock, round_trips: deps.roundTrips() });
}
