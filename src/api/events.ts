import { Hono } from "hono";
import { z } from "zod";
import { createEvent, listEvents, type NewEvent, notifyEvent } from "../domain/events.ts";
import { isCurrency, parseAmount } from "../domain/money.ts";
import type { Exception } from "../domain/plan.ts";
import { checkRecurrence, legacyRecurrence, nearestPeriod, onceLead } from "../domain/recurrence.ts";
import { CLAIM_AHEAD_MS } from "../domain/rules.ts";
import { isTimeZone, parseInstant, parseWallTime, wallTimeAt } from "../domain/time.ts";
import { invalid } from "../errors.ts";
import { enqueue } from "../queues/enqueue.ts";
import { handOnDue } from "../queues/hand-on.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { decodeCursor, encodeCursor, id, input, page, queryId, text } from "./validate.ts";

const wallTime = z.string().transform((value, context) => {
  const wall = parseWallTime(value);
  if (wall === null) context.addIssue("must be a date and time like 2026-11-11 18:00:00");
  return wall ?? z.NEVER;
});
const instant = z.string().transform((value, context) => {
  const at = parseInstant(value);
  if (at === null) context.addIssue("must be an RFC 3339 time with an offset, like 2026-11-11T18:00:00Z");
  return at ?? z.NEVER;
});
const lead = z.union(
  [z.int().min(0).max(40_320).transform(String), z.string().regex(/^P([1-9]|1\d|2[0-8])D$|^P[1-4]W$|^P1M$/)],
  {
    error: "must be minutes from 0 to 40320, or P<n>D, P<n>W or P1M of at most 28 days or a month",
  },
);

const fields = z.object({
  group_id: id,
  name: text(1, 500),
  description: text(0, 500),
  event_timestamp: wallTime.optional(),
  starts_at: instant.optional(),
  time_zone: z.string().refine(isTimeZone, "is not an IANA time zone").optional(),
  reminder: z.enum(["once", "periodical"]).optional(),
  schedule_period: z.enum(["1 day", "1 week", "1 month"]).optional(),
  recurrence: z.string().max(500).nullable().optional(),
  exceptions: z
    .array(z.object({ occurrence: wallTime, moved_to: wallTime.nullable() }))
    .max(500)
    .optional(),
  reminders: z.array(lead).min(1).max(5, "must be at most 5").optional(),
  is_budget: z.boolean(),
  budget: z.unknown().optional(),
  currency: z.string().refine(isCurrency, "is not an ISO 4217 currency").default("PLN"),
  users: z.array(id).max(100_000).optional(),
});
type Fields = z.infer<typeof fields>;

/** What no field can say alone; asked even where another field is wrong, so that every fault is named at once. */
const NewEventInput = fields.check(
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
);

/** A refinement over several fields that also runs beside other faults; what is wrong by itself is then seen as it came. */
function together(path: string, message: string, holds: (event: Partial<Fields>) => boolean) {
  return z.refine<Partial<Fields>>((event) => holds(event), {
    path: [path],
    message,
    when: ({ value }) => typeof value === "object" && value !== null,
  });
}

const isNewer = (event: Partial<Fields>) => event.recurrence !== undefined || event.reminders !== undefined;

const amountOf = ({ budget, currency }: Partial<Fields>): string | null =>
  (typeof budget === "string" || typeof budget === "number") && typeof currency === "string"
    ? parseAmount(budget, currency)
    : null;

/** The event as planned in `zone`. Throws `invalid_input` where its rule cannot be. */
function planned(event: Fields, now: number, zone: string): NewEvent {
  const event_timestamp = event.starts_at === undefined ? event.event_timestamp! : wallTimeAt(event.starts_at, zone);
  const period = event.schedule_period ?? "1 day";
  const legacy = event.reminder === "periodical" ? legacyRecurrence(period, event_timestamp) : null;
  const recurrence = event.recurrence === undefined ? legacy : event.recurrence;
  const reason = recurrence === null ? null : checkRecurrence(recurrence, event_timestamp, zone);
  if (reason !== null) throw invalid("recurrence", reason);
  const leads = event.reminders ?? [recurrence === null && event.schedule_period ? onceLead(period) : "0"];
  const exceptions: Exception[] = event.exceptions ?? [];
  const schedule = { event_timestamp, time_zone: zone, recurrence, exceptions, leads, planned_at: now };
  return {
    group_id: event.group_id,
    name: event.name,
    description: event.description,
    schedule,
    schedule_period: nearestPeriod(schedule),
    budget: event.is_budget ? amountOf(event) : null,
    currency: event.currency,
    users: event.users ?? null,
  };
}

const cursorKey = z.tuple([z.iso.datetime(), z.int()]);

export const events = new Hono<Api>()
  .post("/", input("json", NewEventInput), async (c) => {
    const { deps } = c.var;
    const event = c.req.valid("json");
    const now = deps.now();
    const otherwise = deps.settings.DEFAULT_TIME_ZONE;
    const zone = { explicit: event.time_zone !== undefined, assumed: event.time_zone ?? otherwise, otherwise };
    const { id, first_due_at } = await act(c, (caller, { db }) =>
      createEvent(db, caller, (name) => planned(event, now, name), zone),
    );
    // Due before the next tick could claim it in time: its claim does not wait for the tick.
    if (first_due_at !== null && first_due_at <= now + CLAIM_AHEAD_MS) c.executionCtx.waitUntil(claimNow(deps));
    return ok({ id });
  })
  .get("/", input("query", z.object({ group_id: queryId.optional(), id: queryId.optional(), ...page })), async (c) => {
    const { limit, cursor, ...filter } = c.req.valid("query");
    const after = decodeCursor(cursor, cursorKey);
    const { list, next } = await act(c, (caller, { db, now }) =>
      listEvents(db, caller, { ...filter, limit, after }, now()),
    );
    return ok(list, { next_cursor: next && encodeCursor(next) });
  })
  .post("/notify", input("json", z.object({ event_id: id })), async (c) => {
    const { event_id } = c.req.valid("json");
    const { deps } = c.var;
    const notified = await act(c, (caller, { db }) => notifyEvent(db, caller, event_id, deps.now()));
    // It is in the ledger: should the queue be out of reach, the next tick hands it on.
    await enqueue(deps.bindings, [{ message: { type: "schedule-notifications", version: 1, ...notified } }]).catch(
      (error: unknown) => deps.log.error("enqueue", error, { event_id }),
    );
    return ok({ event_reminders_id: notified.event_reminders_id });
  });

const claimNow = (deps: Api["Variables"]["deps"]): Promise<void> =>
  handOnDue(deps, null, deps.now(), deps.now()).catch((error: unknown) => deps.log.error("claim", error));
