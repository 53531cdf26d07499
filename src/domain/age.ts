const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** Largest first; a month is a twelfth of a year of 365 days. */
const UNITS: [string, number][] = [
  ["y", 365 * DAY],
  ["mon", (365 / 12) * DAY],
  ["w", 7 * DAY],
  ["d", DAY],
  ["h", 3600 * SECOND],
  ["min", 60 * SECOND],
  ["s", SECOND],
];

/** How long ago, in one whole unit: `1s ago` (also for now and for the future), then s, min, h, d, w, mon, y. */
export function shortAge(created_at: Date | number, now: Date | number): string {
  const age = Math.max(SECOND, Number(now) - Number(created_at));
  const [name, length] = UNITS.find(([, length]) => age >= length) ?? ["s", SECOND];
  return `${Math.floor(age / length)}${name} ago`;
}
