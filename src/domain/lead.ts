/** How long before an occurrence a reminder goes: minutes elapsed (`"0"` to `"40320"`), or wall time (`P<n>D`, `P<n>W`, `P1M`). */
import { placeWallTime, wallTimeBefore } from "./time.ts";

export type Lead = { minutes: number } | { days: number } | { months: 1 };

/** The lead is well formed: it was checked where it came in. */
export function parseLead(lead: string): Lead {
  const [, count, unit] = /^P(\d+)([DWM])$/.exec(lead) ?? [];
  if (unit === undefined) return { minutes: Number(lead) };
  if (unit === "M") return { months: 1 };
  return { days: Number(count) * (unit === "W" ? 7 : 1) };
}

/** Roughly how long, to compare; a month is 30 days. */
export function leadDays(lead: Lead): number {
  if ("minutes" in lead) return lead.minutes / 1440;
  return "days" in lead ? lead.days : 30;
}

/** When the reminder is due: `wall` is when the occurrence happens on the zone's clocks, `starts_at` the same as an instant. */
export const dueAt = (lead: Lead, wall: string, starts_at: number, timeZone: string): number =>
  "minutes" in lead ? starts_at - lead.minutes * 60_000 : placeWallTime(wallTimeBefore(wall, lead), timeZone);
