/** Every minute: claims what is due up to 150 s from now and hands it on, so that it reaches the provider at its second. */
import type { Deps } from "../deps.ts";
import { handOnDue } from "../queues/hand-on.ts";

export const scheduleEvents = (deps: Deps, now: number, clock: number): Promise<void> =>
  handOnDue(deps, "schedule-events", now, clock);
