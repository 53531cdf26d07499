/** The smallest value that at least the share `q` of all do not exceed (nearest rank); null of none. */
export function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}
