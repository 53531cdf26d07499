/** What the console tells: nothing of it names anybody. */
import { Hono } from "hono";
import * as z from "zod";
import { listAlerts } from "../domain/console-alerts.ts";
import { countLetters, listLetters } from "../domain/console-letters.ts";
import { readOverview } from "../domain/console-overview.ts";
import { followPerson, type Who } from "../domain/console-people.ts";
import { followReminder, listReminders, REMINDER_STATUSES } from "../domain/console-reminders.ts";
import { notFound } from "../errors.ts";
import { newForm } from "./console-form.ts";
import { isReadable } from "./console-replay.ts";
import { type Api, ok } from "./envelope.ts";
import { consoleMode, isSignedIn, requireOperator, requireOwnOrigin } from "./operator.ts";
import { cursorInstant, email, encodeCursor, id, input, page, queryId } from "./validate.ts";

/** A page of dead letters holds messages of up to 128,000 bytes each. */
const PAGE = 50;
const limit = z
  .string()
  .regex(/^\d{1,2}$/, `must be a number from 1 to ${PAGE}`)
  .transform(Number)
  .pipe(z.int().min(1).max(PAGE))
  .default(PAGE);
const pageBy = <Key extends z.ZodType>(key: Key) => ({ ...page(key), limit });

export const BY_PERSON = z.tuple([id]);
export const BY_REMINDER = z.tuple([cursorInstant, id]);
export const FIRST_PAGE = { limit: PAGE, after: null };

export const QUEUE = z.string().regex(/^[a-z-]{1,64}$/, "is not a name of a queue");

const Window = z.object({ minutes: z.enum(["15", "60", "180", "1440"]).default("60").transform(Number) });
const Letters = z.object({ ...pageBy(z.tuple([id])), queue: QUEUE.optional() });
const Reminders = z.object({
  ...pageBy(BY_REMINDER),
  event_id: queryId.optional(),
  status: z.enum(REMINDER_STATUSES).optional(),
});
const People = z.object(pageBy(BY_PERSON));
const Outcomes = z.object(pageBy(BY_REMINDER));
const Sought = z.object({
  who: z
    .string()
    .trim()
    .transform((who, context): Who => {
      const user_id = queryId.safeParse(who).data;
      if (user_id !== undefined) return { user_id };
      const address = email.safeParse(who).data;
      if (address === undefined) context.addIssue("must be a person's number or e-mail address");
      return { email: address ?? "" };
    }),
});

export const cursorTo = (next: readonly (string | number)[] | null) => ({ next_cursor: next && encodeCursor(next) });

export const consoleData = new Hono<Api>()
  .get("/session", async (c) => ok({ mode: consoleMode(c.var.deps.settings), signed_in: await isSignedIn(c) }))
  .use(requireOperator)
  .get("/form", async (c) => {
    const { settings, now } = c.var.deps;
    return ok({ form_token: await newForm(settings, c.var.operator, now()) });
  })
  .get("/overview", input("query", Window), async (c) => {
    const { db, now, settings } = c.var.deps;
    return ok(await readOverview(db, c.req.valid("query").minutes, now(), settings.SMS_MONTHLY_BUDGET_USD));
  })
  .get("/dead-letters", input("query", Letters), async (c) => {
    const { limit, cursor: after = null, queue = null } = c.req.valid("query");
    const { list, next } = await listLetters(c.var.deps.db, queue, { limit, after }, isReadable);
    return ok(list, cursorTo(next));
  })
  .get("/dead-letters/kinds", async (c) => ok(await countLetters(c.var.deps.db)))
  .get("/reminders", input("query", Reminders), async (c) => {
    const { limit, cursor: after = null, event_id = null, status = null } = c.req.valid("query");
    const { list, next } = await listReminders(c.var.deps.db, { event_id, status }, { limit, after });
    return ok(list, cursorTo(next));
  })
  .get("/reminders/:id", input("query", People), async (c) => {
    const { limit, cursor: after = null } = c.req.valid("query");
    const reminder = queryId.safeParse(c.req.param("id")).data;
    if (reminder === undefined) throw notFound("reminder");
    const { next, ...found } = await followReminder(c.var.deps.db, reminder, { limit, after }, { reveal: false });
    return ok(found, cursorTo(next));
  })
  .post("/person", requireOwnOrigin, input("query", Outcomes), input("json", Sought), async (c) => {
    const { limit, cursor: after = null } = c.req.valid("query");
    const { next, ...found } = await followPerson(
      c.var.deps.db,
      c.req.valid("json").who,
      { limit, after },
      { reveal: false },
    );
    return ok(found, cursorTo(next));
  })
  .get("/alerts", async (c) => ok(await listAlerts(c.var.deps.db, c.var.deps.now())));
