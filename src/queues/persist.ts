import { sqlState } from "../clients/neon.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";

/** Before anything is sent there is little to lose: the batch goes back to the queue soon. */
export const CLAIM_PAUSES_MS = [300, 1_500];
/** What was sent must be written down: given up only when the lease has long run out, and the sweep sends it again. */
export const SETTLE_PAUSES_MS = [300, 1_500, 5_000, 10_000, 20_000, 30_000, 30_000];

/** Tries again while the database is away. The work must be safe to repeat. */
export async function persist<T>(deps: Deps, pauses: readonly number[], work: () => Promise<T>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && error.code === "unavailable")) throw error;
      await deps.wait(pause);
    }
  }
  return work();
}

/** Once more where the database rolled back what collided with somebody else's (class 40, a deadlock): nothing was written. */
export async function onceMore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!sqlState(error)?.startsWith("40")) throw error;
    return work();
  }
}
