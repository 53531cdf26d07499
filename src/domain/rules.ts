/** The numbers of the product's rules about time and tries, in one place. */

/** A tick claims what is due up to this far ahead, so that a late tick is no late reminder. */
export const CLAIM_AHEAD_MS = 150_000;
/** A reminder later than this says so in its text. */
export const LATE_AFTER_MINUTES = 15;
/** An occurrence that began this long ago is reminded no more. */
export const EXPIRED_AFTER_MINUTES = 60;
/** How long a consumer may hold the rows that it claimed, in seconds; it stops sending well before. */
export const LEASE_SECONDS = 120;
export const STOP_SENDING_AFTER_MS = 60_000;
/** Clocks this close are one: a schedule's moment may be a little ahead of the machine that runs it, and nothing goes out early for that. */
export const CLOCKS_APART_MS = 1_000;
/** When the sweep looks again at what was handed on, in seconds after its moment. */
export const SWEEP_AFTER_SECONDS = 30;
/** People that one message of schedule-notifications picks. */
export const PEOPLE_A_MESSAGE = 2_000;
/** Due reminders that one turn of a tick takes. */
export const DUE_A_TURN = 1_000;
/** Exceptions of their events that it reads at most, some 80 bytes each: an answer of the database has 10 MiB. */
export const EXCEPTIONS_A_TURN = 50_000;
/** Two attempts whose answer was lost are the most for an SMS: it costs money and cannot be recalled. */
export const LOST_SMS_ANSWERS = 2;

/** Growing delays between attempts of one delivery, in seconds; the last one repeats. */
const RETRY_SECONDS = {
  throttled: [2, 5, 15, 30, 60, 120, 300, 900],
  failed: [5, 15, 45, 120, 300, 900, 3600],
  lost: [5, 30, 120, 600, 3600],
} as const;
/** SES counts its daily quota over 24 rolling hours. */
const QUOTA_SECONDS = 3 * 60 * 60;

export type RetryClass = keyof typeof RETRY_SECONDS | "quota";

/** Seconds until the next attempt; `attempts` counts from 1. Up to a fifth is added, so that a crowd does not come back as one. */
export function retryDelaySeconds(kind: RetryClass, attempts: number, random: number = Math.random()): number {
  const delays = kind === "quota" ? [QUOTA_SECONDS] : RETRY_SECONDS[kind];
  const delay = delays[Math.min(Math.max(attempts, 1), delays.length) - 1]!;
  return Math.ceil(delay * (1 + random / 5));
}

/** The last try comes this long before the reminder expires, and up to a fifth more: early enough for the sweep, should its message be lost. */
const LAST_TRY_SECONDS = 150;
/** A try is not added sooner than this after another. */
const LEAST_SECONDS = 60;

/** The same where `secondsLeft` remain until the reminder expires: a delay that would outlast it, or nearly, ends in a last try before. */
export function nextTrySeconds(
  kind: RetryClass,
  attempts: number,
  secondsLeft: number,
  random: number = Math.random(),
): number {
  const delay = retryDelaySeconds(kind, attempts, random);
  const last = Math.floor(secondsLeft - LAST_TRY_SECONDS * (1 + random / 5));
  return kind !== "quota" && delay > last && last >= LEAST_SECONDS ? last : delay;
}
