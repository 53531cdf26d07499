import { runSchedule } from "../../dev/tick.ts";
import type { Shift } from "./facts.ts";

const SCHEDULE = "* * * * *";

/** Ticks for a moment that may be ahead of the machine's clock: hours without a tick pass in none. */
export function startTicks(api: string, everyMs: number, aheadMs = 0) {
  const shifts: Shift[] = [{ at: 0, ahead: aheadMs }];
  const counts = { ran: 0, failed: 0 };
  const running = new Set<Promise<void>>();
  let tickedTo = 0;
  const ahead = () => shifts.at(-1)!.ahead;
  const tick = () => {
    const time = Date.now() + ahead();
    // A tick claims what is due some minutes ahead, and a dead one may have done so: what counts is what was asked for.
    const one: Promise<void> = runSchedule(api, SCHEDULE, time)
      .then(() => {
        counts.ran++;
        tickedTo = Math.max(tickedTo, time);
      })
      .catch(() => void counts.failed++)
      .finally(() => running.delete(one));
    running.add(one);
  };
  tick();
  const timer = setInterval(tick, everyMs);
  return {
    shifts,
    counts,
    tickedTo: () => tickedTo,
    /** The schedules' now. */
    now: () => Date.now() + ahead(),
    /** Goes on as though no tick had come for so long, and ticks at once. */
    skip(ms: number) {
      shifts.push({ at: Date.now(), ahead: ahead() + ms });
      tick();
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}
