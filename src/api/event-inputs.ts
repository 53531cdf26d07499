/** What a new event and a change of one may say. */
import * as z from "zod";
import { OTHER_THAN_STARTS_AT, refuse, scheduleIssues } from "../domain/event-plan.ts";
import type { NewEvent } from "../domain/events.ts";
import { isCurrency, parseAmount } from "../domain/money.ts";
import type { Exception, Schedule } from "../domain/plan.ts";
import { legacyRecurrence, nearestPeriod, onceLead, type Period } from "../domain/recurrence.ts";
import { canonicalRRule, parseRRule } from "../domain/rrule.ts";
import { parseInstant, parseWallTime, wallTimeAt } from "../domain/time.ts";
import type { Issue } from "../errors.ts";
import { eventId, groupId, timeZone } from "./fields.ts";
import { id, text } from "./validate.ts";

const wallTime = z
  .string()
  .transform((value, context) => {
    const wall = parseWallTime(value);
    if (wall === null) context.addIssue("must be a date and time like 2026-11-11 18:00:00");
    return wall ?? z.NEVER;
  })
  .meta({ examples: ["2026-11-11 18:00:00"] });
const instant = z
  .string()
  .transform((value, context) => {
    const at = parseInstant(value);
    if (at === null) context.addIssue("must be an RFC 3339 time with an offset, like 2026-11-11T18:00:00Z");
    return at ?? z.NEVER;
  })
  .meta({ examples: ["2026-11-11T17:00:00Z"] });
const rrule = z
  .string()
  .max(500)
  .transform((value, context) => {
    const rule = parseRRule(value);
    if (typeof rule !== "string") return canonicalRRule(value);
    context.addIssue(rule);
    return z.NEVER;
  });
const NO_LEAD = "must be minutes from 0 to 40320, or P<n>D, P<n>W or P1M of at most 28 days or a month";
const lead = z.union(
  [z.int().min(0).max(40_320).transform(String), z.string().regex(/^P([1-9]|1\d|2[0-8])D$|^P[1-4]W$|^P1M$/, NO_LEAD)],
  { error: NO_LEAD },
);

const PERIODS = ["1 day", "1 week", "1 month"] as const;
/** What the first app says, and what it is answered and may say again. */
const PERIOD_MEANT = {
  "1 day": "1 day",
  "1 week": "1 week",
  "1 month": "1 month",
  "1 day, 0:00:00": "1 day",
  "7 days, 0:00:00": "1 week",
  "30 days, 0:00:00": "1 month",
} as const satisfies Record<string, Period>;

/** An occurrence has one exception. */
const eachOnce = (context: z.core.ParsePayload<Exception[]>) => {
  const seen = new Set<string>();
  for (const [place, { occurrence }] of context.value.entries()) {
    if (seen.has(occurrence)) {
      const message = "is named twice";
      context.issues.push({ code: "custom", path: [place, "occurrence"], message, input: occurrence });
    }
    seen.add(occurrence);
  }
};

const PERIOD_TOLD = "How often a periodical event recurs; how long before one that happens once people are reminded.";

const fields = z.object({
  group_id: groupId.json.describe("The group that it is for."),
  name: text(1, 500).meta({ description: "What it is called.", examples: ["Rent"] }),
  description: text(0, 500).meta({
    description: "What people should know; may be empty.",
    examples: ["Kitchen and rooms"],
  }),
  event_timestamp: wallTime.describe("The first occurrence: wall time in its zone, without an offset.").optional(),
  starts_at: instant
    .describe(
      "The first occurrence, RFC 3339; beside event_timestamp it means the same time. An instant within the hour that an autumn change of clocks repeats is kept as its first happening.",
    )
    .optional(),
  time_zone: timeZone.describe("IANA. Absent: the event's, else the caller's, else the service's.").optional(),
  reminder: z
    .enum(["once", "periodical"])
    .meta({ description: "As the first app says it; recurrence and reminders win over it.", examples: ["periodical"] })
    .optional(),
  schedule_period: z
    .enum(PERIODS)
    .meta({ description: PERIOD_TOLD, examples: ["1 month"] })
    .optional(),
  recurrence: rrule
    .nullable()
    .meta({
      description: "RFC 5545 RRULE, DAILY or slower, that generates the start itself; null: once.",
      examples: ["FREQ=MONTHLY;BYMONTHDAY=11"],
    })
    .optional(),
  exceptions: z
    .array(
      z.object({
        occurrence: wallTime.describe("The wall time that the rule gives it."),
        moved_to: wallTime.nullable().describe("The wall time that it has instead; null: it is skipped."),
      }),
    )
    .max(500)
    .check(eachOnce)
    .meta({
      description:
        "Occurrences that are moved or skipped, each once. Where the rule or the time changes, they stay on their days; those of days that it no longer gives go.",
      examples: [[{ occurrence: "2026-12-11 18:00:00", moved_to: "2026-12-10 18:00:00" }]],
    })
    .optional(),
  reminders: z
    .array(lead)
    .min(1)
    .max(5, "must be at most 5")
    .meta({
      description: "How long before: minutes elapsed, or days, weeks or a month in wall time.",
      examples: [["P1D", 30]],
    })
    .optional(),
  is_budget: z.boolean().meta({ description: "Whether those who take part share a sum.", examples: [true] }),
  budget: z
    .unknown()
    .meta({
      override: { type: ["string", "number", "null"] },
      description: "The sum, of at most its currency's decimals. Ignored unless is_budget.",
      examples: ["99.50"],
    })
    .optional(),
  currency: z
    .string()
    .refine(isCurrency, "is not an ISO 4217 currency")
    .meta({ description: "ISO 4217; PLN where absent.", examples: ["PLN"] })
    .optional(),
  users: z
    .array(id)
    .max(100_000)
    .meta({ description: "Who takes part: ids of members, as a set.", examples: [[3, 4]] })
    .optional(),
});
type NewEventFields = z.infer<typeof fields>;
type Given = { [Name in keyof NewEventFields]?: NewEventFields[Name] | undefined };

/** What no field can say alone; asked even where another field is wrong, so that every fault is named at once. */
export const NewEventInput = fields
  .check(
    together(
      "event_timestamp",
      "is missing",
      (event) => event.event_timestamp !== undefined || event.starts_at !== undefined,
    ),
    together("reminder", "is missing", (event) => isNewer(event) || event.reminder !== undefined),
    together("schedule_period", "is missing", (event) => isNewer(event) || event.schedule_period !== undefined),
    together(
      "budget",
      "must be an amount in the event's currency",
      (event) => event.is_budget !== true || amountOf(event) !== null,
    ),
    together("exceptions", "need a recurrence", (event) => !event.exceptions?.length || Boolean(event.recurrence)),
    withSchedule(),
  )
  .meta({ id: "NewEvent" });

/** Any field, each absent one keeping its value; what depends on the event as it is stands in the domain. */
export const EventChangeInput = fields
  .partial()
  .extend({
    id: eventId.json,
    schedule_period: z
      .enum(Object.keys(PERIOD_MEANT) as (keyof typeof PERIOD_MEANT)[])
      .transform((given) => PERIOD_MEANT[given])
      .meta({ description: PERIOD_TOLD, examples: ["1 month"] })
      .optional(),
  })
  .check(
    together(
      "budget",
      "must be an amount in the event's currency",
      (event) => event.is_budget !== true || event.budget === undefined || amountOf(event, FINEST_CURRENCY) !== null,
    ),
    together("exceptions", "need a recurrence", (event) => !event.exceptions?.length || event.recurrence !== null),
  )
  .meta({ id: "EventChange" });

/** A refinement over several fields that also runs beside other faults; what is wrong by itself is then seen as it came. */
function together(path: string, message: string, holds: (event: Given) => boolean) {
  return z.refine<Given>((event) => holds(event), {
    path: [path],
    message,
    when: ({ value }) => typeof value === "object" && value !== null,
  });
}

const isNewer = (event: Given) => event.recurrence !== undefined || event.reminders !== undefined;

const DEFAULT_CURRENCY = "PLN";
/** Of four decimals: what is no amount in it is none in any. */
const FINEST_CURRENCY = "CLF";

/** `otherwise`: the currency where the input names none. */
const amountOf = ({ budget, currency }: Given, otherwise = DEFAULT_CURRENCY): string | null =>
  (typeof budget === "string" || typeof budget === "number") && typeof (currency ?? otherwise) === "string"
    ? parseAmount(budget, currency ?? otherwise)
    : null;

/**
 * Beside other faults the schedule is judged here, where its own fields are right and no zone is needed that is not said. Without any it is
 * judged once, where it is planned.
 */
function withSchedule() {
  return z.superRefine<Given>(
    (event, context) => {
      const named = new Set(context.issues.map(({ path }) => path?.[0]));
      if (["event_timestamp", "starts_at", "time_zone", "recurrence"].some((field) => named.has(field))) return;
      const recurrence = event.recurrence ?? null;
      const needsZone = event.starts_at !== undefined || /UNTIL=[^;]*Z/.test(recurrence ?? "");
      if (needsZone && event.time_zone === undefined) return;
      const time_zone = event.time_zone ?? "UTC";
      const exceptions = named.has("exceptions") ? [] : (event.exceptions ?? []);
      const event_timestamp = startOf(event, time_zone);
      const schedule = { event_timestamp, time_zone, recurrence, exceptions, leads: [], planned_at: 0 };
      for (const { path, message } of timeIssues(event, schedule))
        context.addIssue({ code: "custom", path: path.split("."), message });
    },
    { when: ({ value, issues }) => typeof value === "object" && value !== null && issues.length > 0 },
  );
}

/** The start's wall time in `zone`. */
const startOf = ({ starts_at, event_timestamp }: Given, zone: string): string =>
  starts_at === undefined ? event_timestamp! : wallTimeAt(starts_at, zone);

/** What is wrong with the time of an event whose fields are right by themselves. */
function timeIssues({ starts_at, event_timestamp }: Given, schedule: Schedule): Issue[] {
  const disagree = event_timestamp !== undefined && event_timestamp !== schedule.event_timestamp;
  if (disagree) return [OTHER_THAN_STARTS_AT];
  const time = starts_at === undefined ? "event_timestamp" : "starts_at";
  return scheduleIssues(schedule, { time, rule: "recurrence" });
}

/** The event as planned in `zone`. Throws `invalid_input` where its rule cannot be. */
export function planned(event: NewEventFields, now: number, zone: string): NewEvent {
  const event_timestamp = startOf(event, zone);
  const period = event.schedule_period ?? "1 day";
  const legacy = event.reminder === "periodical" ? legacyRecurrence(period, event_timestamp) : null;
  const recurrence = event.recurrence === undefined ? legacy : event.recurrence;
  const leads = event.reminders ?? [recurrence === null && event.schedule_period ? onceLead(period) : "0"];
  const exceptions: Exception[] = event.exceptions ?? [];
  const schedule = { event_timestamp, time_zone: zone, recurrence, exceptions, leads, planned_at: now };
  refuse(timeIssues(event, schedule));
  return {
    group_id: event.group_id,
    name: event.name,
    description: event.description,
    schedule,
    schedule_period: nearestPeriod(schedule),
    budget: event.is_budget ? amountOf(event) : null,
    currency: event.currency ?? DEFAULT_CURRENCY,
    users: event.users ?? null,
  };
}
