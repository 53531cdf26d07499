import { Hono } from "hono";
import * as z from "zod";
import { countInvitations, listInvitations } from "../domain/invitations.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { cursorInstant, encodeCursor, id, input, page } from "./validate.ts";

export const invitations = new Hono<Api>()
  .get("/", input("query", z.object(page(z.tuple([cursorInstant, id])))), async (c) => {
    const { limit, cursor: after = null } = c.req.valid("query");
    const { list, next } = await act(c, (caller, { db }) => listInvitations(db, caller, { limit, after }));
    return ok(list, { next_cursor: next && encodeCursor(next) });
  })
  .get("/count", async (c) => {
    const { count } = await act(c, (caller, { db }) => countInvitations(db, caller));
    return ok({ count });
  });
