import { Hono } from "hono";
import * as z from "zod";
import { changeComment, createComment, deleteComment, listComments } from "../domain/comments.ts";
import { wake } from "../queues/wake.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { commentId, eventId } from "./fields.ts";
import { cursorInstant, encodeCursor, id, input, page, text } from "./validate.ts";

const comment = text(1, 500).meta({ description: "What it says.", examples: ["Who brings the cake?"] });
const NewComment = z.object({ event_id: eventId.json, comment }).meta({ id: "NewComment" });
const CommentChange = z.object({ id: commentId.json, comment }).meta({ id: "CommentChange" });
const participantsOnly = z
  .enum(["true", "false"])
  .meta({ description: "`true` leaves out authors who no longer take part.", examples: ["true"] });
const EventComments = z.object({
  event_id: eventId.query,
  participants_only: participantsOnly.optional(),
  ...page(z.tuple([cursorInstant, id])),
});

export const comments = new Hono<Api>()
  .post("/", input("json", NewComment), async (c) => {
    const { now, settings } = c.var.deps;
    const at = now();
    const comment = c.req.valid("json");
    const limit = { aMinute: settings.LIMIT_COMMENTS_A_MINUTE };
    const made = await act(c, (caller, { db }) => createComment(db, caller, comment, limit, at));
    const timestamp = new Date(at).toISOString();
    const message = { type: "schedule-push-comments", version: 1, ...made, ...comment, timestamp } as const;
    await wake(c.var.deps, [{ message }]);
    return ok({ events_comments_id: made.events_comments_id });
  })
  .get("/", input("query", EventComments), async (c) => {
    const { event_id, participants_only, limit, cursor: after = null } = c.req.valid("query");
    const { now, settings } = c.var.deps;
    const asked = { event_id, participants_only: participants_only === "true", limit, after };
    const reader = { now: now(), locale: settings.DEFAULT_LOCALE };
    const { list, next } = await act(c, (caller, { db }) => listComments(db, caller, asked, reader));
    return ok(list, { next_cursor: next && encodeCursor(next) });
  })
  .put("/", input("json", CommentChange), async (c) => {
    await act(c, (caller, { db }) => changeComment(db, caller, c.req.valid("json")));
    return ok(null);
  })
  .delete("/", input("query", z.object({ id: commentId.query })), async (c) => {
    await act(c, (caller, { db }) => deleteComment(db, caller, c.req.valid("query").id));
    return ok(null);
  });
