/** The smallest value that at least the share `q` of all do not exceed (nearest rank); null of none. */
export function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}

/** Throws where there are no values. */
export function median(values: number[]): number {
  const middle = quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
  if (middle === null) throw new Error("there is no median of nothing");
  return middle;
}
