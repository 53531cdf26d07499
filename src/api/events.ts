import { Hono } from "hono";
import * as z from "zod";
import { changeEvent, deleteEvent } from "../domain/event-changes.ts";
import { listEvents } from "../domain/event-list.ts";
import { createEvent, notifyEvent } from "../domain/events.ts";
import { CLAIM_AHEAD_MS } from "../domain/rules.ts";
import { handOnDue } from "../queues/hand-on.ts";
import { wake } from "../queues/wake.ts";
import { act } from "./auth.ts";
import { type Api, type ApiContext, ok, okAgain } from "./envelope.ts";
import { EventChangeInput, NewEventInput, planned } from "./event-inputs.ts";
import { eventId, groupId } from "./fields.ts";
import { cursorInstant, encodeCursor, input, page } from "./validate.ts";

const EventFilter = z.object({
  group_id: groupId.query.describe("Only events of this group.").optional(),
  id: eventId.query.describe("Only this event.").optional(),
  ...page(z.tuple([cursorInstant, z.int()])),
});
const EventToNotify = z.object({ event_id: eventId.json }).meta({ id: "EventToNotify" });

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
    claimIfSoon(c, first_due_at, now);
    return ok({ id });
  })
  .put("/", input("json", EventChangeInput), async (c) => {
    const { reminders: leads, ...change } = c.req.valid("json");
    const now = c.var.deps.now();
    const { first_due_at } = await act(c, (caller, { db }) => changeEvent(db, caller, { ...change, leads }, now));
    claimIfSoon(c, first_due_at, now);
    return ok(null);
  })
  .delete("/", input("query", z.object({ id: eventId.query })), async (c) => {
    await act(c, (caller, { db }) => deleteEvent(db, caller, c.req.valid("query").id));
    return ok(null);
  })
  .get("/", input("query", EventFilter), async (c) => {
    const { limit, cursor: after = null, ...filter } = c.req.valid("query");
    const told = await act(c, (caller, { db, now }) => listEvents(db, caller, { ...filter, limit, after }, now()));
    return okAgain(told, () => told.next && encodeCursor(told.next));
  })
  .post("/notify", input("json", EventToNotify), async (c) => {
    const { event_id } = c.req.valid("json");
    const { deps } = c.var;
    const notified = await act(c, (caller, { db }) => notifyEvent(db, caller, event_id, deps.now()));
    // It is in the ledger: should the queue be out of reach, the next tick hands it on.
    await wake(deps, [{ message: { type: "schedule-notifications", version: 1, ...notified } }]);
    return ok({ event_reminders_id: notified.event_reminders_id });
  });

/** Due before the next tick could claim it in time: its claim does not wait for the tick. `first_due_at` in ms. */
function claimIfSoon(c: ApiContext, first_due_at: number | null, now: number): void {
  const { deps } = c.var;
  if (first_due_at === null || first_due_at > now + CLAIM_AHEAD_MS) return;
  const claimed = handOnDue(deps, null, deps.now(), deps.now());
  c.executionCtx.waitUntil(claimed.catch((error: unknown) => deps.log.error("claim", error)));
}
