import { median } from "../quantile.ts";
import type { Measured } from "./load-process.ts";

export const perSecond = ({ requests, ms }: Pick<Measured, "requests" | "ms">) => requests / (ms / 1000);

/** One slice of load, with the slices of the ceiling right before and right after it. */
export type Beside = { measured: Measured; before: Measured; after: Measured };

export type Compared = { rate: number; ceiling: number; share: number; p50: number; p99: number };

/**
 * Of several rounds the median, each figure by itself: noise that slows a slice slows its neighbours too, so their quotient is taken slice by slice. Of short
 * slices a stall is a large part: their share is that of the best slice beside the best of the ceiling, since noise only slows. Rates are requests a second,
 * latencies ms.
 */
export function compare(rounds: Beside[], share: "median" | "best"): Compared {
  const ceilingOf = ({ before, after }: Beside) => (perSecond(before) + perSecond(after)) / 2;
  const bestOf = (slices: Measured[]) => Math.max(...slices.map(perSecond));
  const best = bestOf(rounds.map(({ measured }) => measured));
  return {
    rate: median(rounds.map(({ measured }) => perSecond(measured))),
    ceiling: median(rounds.map(ceilingOf)),
    share:
      share === "best"
        ? best / bestOf(rounds.flatMap(({ before, after }) => [before, after]))
        : median(rounds.map((round) => perSecond(round.measured) / ceilingOf(round))),
    p50: median(rounds.map(({ measured }) => measured.p50)),
    p99: median(rounds.map(({ measured }) => measured.p99)),
  };
}
