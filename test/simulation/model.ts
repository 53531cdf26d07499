/** What should be reminded, worked out anew from what people planned; shares nothing with the product's planner. */
import { addDays, instantOf } from "./clock.ts";
import type { EventThen, Moment } from "./history.ts";

const MINUTE = 60_000;
const AHEAD_MS = 150_000;

/** A plan of an event while it stood. `call` numbers the database call that made it. */
export type Version = { event: EventThen; from: number; to: number; reminders: Planned[] };
/** `event_timestamp` is the occurrence's name; `fallback`: at its start, for want of a lead ahead. Instants in ms. */
export type Planned = {
  event_timestamp: string;
  reminder: string;
  due_at: number;
  starts_at: number;
  fallback: boolean;
};

/** Every plan that every event had, in order. `end`: ms, until when the run went. */
export function versionsOf(moments: Moment[], end: number): Version[] {
  const open = new Map<number, Version>();
  const versions: Version[] = [];
  for (const { at, events } of moments) {
    for (const [id, version] of open) {
      if (events.get(id)?.revision === version.event.revision) continue;
      version.to = at;
      open.delete(id);
    }
    for (const [id, event] of events) {
      if (open.has(id)) continue;
      const version = { event, from: at, to: Number.POSITIVE_INFINITY, reminders: remindersOf(event, end) };
      open.set(id, version);
      versions.push(version);
    }
  }
  return versions;
}

function remindersOf(event: EventThen, end: number): Planned[] {
  const { planned_at, time_zone, leads } = event;
  return occurrencesOf(event, end).flatMap(({ event_timestamp, wall }) => {
    const starts_at = instantOf(wall, time_zone);
    const all = leads.map((reminder) => ({
      event_timestamp,
      reminder,
      starts_at,
      due_at: dueAt(reminder, wall, starts_at, time_zone),
      fallback: false,
    }));
    const ahead = all.filter(({ due_at }) => due_at > planned_at);
    const atTheStart = { event_timestamp, reminder: "0", starts_at, due_at: starts_at, fallback: true };
    return ahead.length === 0 && starts_at > planned_at ? [atTheStart] : ahead;
  });
}

function occurrencesOf({ event_timestamp, recurrence, exceptions, time_zone }: EventThen, end: number) {
  const [, counted] = /^FREQ=DAILY(?:;COUNT=(\d+))?$/.exec(recurrence ?? "") ?? [];
  if (recurrence !== null && !/^FREQ=DAILY(;COUNT=\d+)?$/.test(recurrence))
    throw new Error(`the model knows no ${recurrence}`);
  const count = recurrence === null ? 1 : Number(counted ?? 1_000);
  const occurrences: { event_timestamp: string; wall: string }[] = [];
  for (let day = 0; day < count; day++) {
    const wall = addDays(event_timestamp, day);
    if (instantOf(wall, time_zone) > end + 2 * 86_400_000) break;
    const exception = exceptions.find(({ occurrence }) => occurrence === wall);
    if (!exception) occurrences.push({ event_timestamp: wall, wall });
    else if (exception.moved_to !== null) occurrences.push({ event_timestamp: wall, wall: exception.moved_to });
  }
  return occurrences;
}

function dueAt(lead: string, wall: string, starts_at: number, zone: string): number {
  const [, days] = /^P(\d+)D$/.exec(lead) ?? [];
  return days ? instantOf(addDays(wall, -Number(days)), zone) : starts_at - Number(lead) * MINUTE;
}

/** From when on who takes part is to be reminded, ms. */
export const windowOf = ({ from }: Version, { due_at }: Pick<Planned, "due_at">): number =>
  Math.max(from, due_at - AHEAD_MS);

/** When a reminder is no more worth sending, ms. */
export const expiresAt = ({ starts_at, due_at }: Pick<Planned, "starts_at" | "due_at">): number =>
  Math.max(starts_at, due_at) + 60 * MINUTE;

/** Everything that was so at some time between two moments, both included. */
export function during(moments: Moment[], from: number, to: number): Moment[] {
  const first = moments.findLastIndex(({ at }) => at <= from);
  return moments.filter((one, index) => index >= Math.max(first, 0) && one.at <= to);
}

/** What was so for the database's call of this number. */
export const whenCalled = (moments: Moment[], call: number): Moment =>
  moments.findLast((one) => one.call <= call) ?? moments[0]!;
