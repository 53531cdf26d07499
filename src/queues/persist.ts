import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";

const PAUSES_MS = [300, 1_500];

/** Three tries while the database is away for a moment; after them the batch goes back to the queue. The work must be safe to repeat. */
export async function persist<T>(deps: Deps, work: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && error.code === "unavailable")) throw error;
      await deps.wait(pause);
    }
  }
  return work();
}
