import { Hono } from "hono";
import { z } from "zod";
import { countInvitations, listInvitations } from "../domain/invitations.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { cursorInstant, decodeCursor, encodeCursor, id, input, page } from "./validate.ts";

export const invitations = new Hono<Api>()
  .get("/", input("query", z.object(page)), async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const after = decodeCursor(cursor, z.tuple([cursorInstant, id]));
    const { list, next } = await act(c, (caller, { db }) => listInvitations(db, caller, { limit, after }));
    return ok(list, { next_cursor: next && encodeCursor(next) });
  })
  .get("/count", async (c) => {
    const { count } = await act(c, (caller, { db }) => countInvitations(db, caller));
    return ok({ count });
  });
