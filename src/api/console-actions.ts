/** What the console does, and what it reveals: asked by a form, and logged. */
import { Hono } from "hono";
import * as z from "zod";
import { type Looked, look } from "../alerts/look.ts";
import type { Deps } from "../deps.ts";
import { acknowledgeAlert, claimLook, silenceAlert } from "../domain/console-alerts.ts";
import { revealLetter } from "../domain/console-letters.ts";
import { followPerson } from "../domain/console-people.ts";
import { followReminder } from "../domain/console-reminders.ts";
import { AppError } from "../errors.ts";
import { BY_PERSON, BY_REMINDER, cursorTo, FIRST_PAGE, QUEUE } from "./console-data.ts";
import { operate, requireForm } from "./console-form.ts";
import { isReadable, replay } from "./console-replay.ts";
import { type Api, ok } from "./envelope.ts";
import { requireOperator, requireOwnOrigin } from "./operator.ts";
import { id, input, page } from "./validate.ts";

const Replayed = z.union([
  z.strictObject({ dead_letter_id: id }),
  z.strictObject({ queue: QUEUE, after: z.int().min(0).default(0) }),
]);
const Acknowledged = z.object({ alert_id: id });
const Silenced = z.object({ alert_id: id, minutes: z.literal([0, 15, 60, 240, 1440]) });
const Revealed = z.union([
  z.strictObject({ dead_letter_id: id }),
  z.strictObject({ event_reminders_id: id, cursor: page(BY_PERSON).cursor }),
  z.strictObject({ user_id: id, cursor: page(BY_REMINDER).cursor }),
]);

export const consoleActions = new Hono<Api>()
  .use(requireOperator, requireOwnOrigin, requireForm)
  .post("/replay", input("json", Replayed), async (c) => {
    const asked = c.req.valid("json");
    const told = ({ replayed, refused }: Awaited<ReturnType<typeof replay>>) => ({ replayed, refused: refused.length });
    return ok(await operate(c, "replay", asked, (deps) => replay(deps, asked), told));
  })
  .post("/acknowledge", input("json", Acknowledged), async (c) => {
    const { alert_id } = c.req.valid("json");
    await operate(c, "acknowledge", { alert_id }, ({ db, now }) => acknowledgeAlert(db, alert_id, now()));
    return ok(null);
  })
  .post("/silence", input("json", Silenced), async (c) => {
    const { alert_id, minutes } = c.req.valid("json");
    await operate(c, "silence", { alert_id, minutes }, ({ db, now }) => silenceAlert(db, alert_id, minutes, now()));
    return ok(null);
  })
  .post("/look", async (c) => {
    const looking = operate(c, "look", {}, lookNow, ({ faults }) => ({ faults: faults.length }));
    // Also where nobody waits for it any more: what Discord is told of must be written down, or it would be told again.
    c.executionCtx.waitUntil(looking.catch(() => {}));
    return ok(await looking);
  })
  .post("/reveal", input("json", Revealed), async (c) => {
    const asked = c.req.valid("json");
    if ("dead_letter_id" in asked) {
      const about = { kind: "dead_letter", id: asked.dead_letter_id };
      return ok(await operate(c, "reveal", about, ({ db }) => revealLetter(db, asked.dead_letter_id, isReadable)));
    }
    if ("event_reminders_id" in asked) {
      const { event_reminders_id, cursor: after = null } = asked;
      const { next, ...found } = await operate(c, "reveal", { kind: "reminder", id: event_reminders_id }, ({ db }) =>
        followReminder(db, event_reminders_id, { ...FIRST_PAGE, after }, { reveal: true }),
      );
      return ok(found, cursorTo(next));
    }
    const { user_id, cursor: after = null } = asked;
    const { next, ...found } = await operate(c, "reveal", { kind: "person", id: user_id }, ({ db }) =>
      followPerson(db, { user_id }, { ...FIRST_PAGE, after }, { reveal: true }),
    );
    return ok(found, cursorTo(next));
  });

/** Throws `rate_limited` where the last look was a moment ago. */
async function lookNow(deps: Deps): Promise<Looked> {
  const clock = deps.now();
  const { wait_seconds } = await claimLook(deps.db, clock);
  if (wait_seconds > 0)
    throw new AppError("rate_limited", "The last look was a moment ago", { retryAfter: wait_seconds });
  return look(deps, clock);
}
