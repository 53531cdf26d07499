/** What happens and when, drawn from the seed. What the machine makes of it differs from run to run. */
import { seeded } from "../domain/seeded.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Ticks are skipped for this long. */
export const SKIPPED_MS = 3 * HOUR_MS;
/** Two thirds fall due in the storm, the rest while no tick comes; a few stay ahead. */
const STORM_SHARE = 2 / 3;
const AHEAD = 3;
const LEADS = [0, 0, 0, 5, 30];

export interface Sizes {
  reminders: number;
  people: number;
  kills: number;
  /** Over which the storm's reminders fall due. */
  window_ms: number;
  /** How long PostgreSQL stands still. */
  away_ms: number;
  /** From planning to the storm; more than 150 s, and it is ticks that claim what is due, and not the planning itself. */
  planned_ahead_ms: number;
}

/** `due_in_ms` after the storm begins. */
interface PlannedEvent {
  due_in_ms: number;
  lead_minutes: number;
  recurrence?: string;
}

/** Moments in ms after the storm begins. */
export interface Scenario {
  events: PlannedEvent[];
  kills: number[];
  /** Kills after the skipped hours, in ms after their end. */
  later_kills: number[];
  away_at: number;
  away_ms: number;
  planned_ahead_ms: number;
  crash_at: number;
  throttle: { from: number; to: number };
  answers_lost_at: number;
  /** Who leaves, as a place among the people (never the first, the admin), and when. */
  leavers: { place: number; at: number }[];
  ends_at: number;
}

export function drawScenario(
  seed: number,
  { reminders, people, kills, window_ms, away_ms, planned_ahead_ms }: Sizes,
): Scenario {
  const { below, pick } = seeded(seed);
  const ends_at = window_ms + away_ms + 30_000;
  const whole = (ms: number) => Math.floor(ms / 1000) * 1000;
  const count = Math.ceil(reminders / people);
  const inStorm = Math.ceil(count * STORM_SHARE);
  const events = Array.from({ length: count + AHEAD }, (_, n) => ({
    due_in_ms:
      n < inStorm
        ? whole(below(window_ms))
        : n < count
          ? ends_at + 20 * MINUTE_MS + whole(below(SKIPPED_MS - 21 * MINUTE_MS))
          : 24 * HOUR_MS + n * MINUTE_MS,
    // A lead that is past would be dropped, and the reminder would come at the event.
    lead_minutes: pick(LEADS),
    ...(below(5) === 0 && { recurrence: "FREQ=DAILY" }),
  }));
  const throttled = below(window_ms);
  const places = Array.from({ length: people - 1 }, (_, n) => n + 1).toSorted(() => below(2) - 0.5);
  return {
    events,
    // Every second one while most is being sent.
    kills: Array.from({ length: kills }, (_, n) => below(n % 2 === 0 ? window_ms : ends_at)).sort((a, b) => a - b),
    later_kills: [2_000 + below(10_000)],
    away_at: below(Math.ceil(window_ms * 0.75)),
    away_ms,
    planned_ahead_ms,
    crash_at: below(ends_at),
    throttle: { from: throttled, to: throttled + 20_000 },
    answers_lost_at: throttled + 21_000 + below(window_ms),
    leavers: places.slice(0, Math.ceil(people / 10)).map((place) => ({ place, at: below(ends_at) })),
    ends_at,
  };
}
