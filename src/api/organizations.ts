import { Hono } from "hono";
import { z } from "zod";
import { listOrganizations } from "../domain/organizations.ts";
import { type Api, ok } from "./envelope.ts";
import { decodeCursor, encodeCursor, input, page, text } from "./validate.ts";

/** Open to everybody: the app shows the list before anybody signs in. */
export const organizations = new Hono<Api>().get("/", input("query", z.object(page)), async (c) => {
  const { limit, cursor } = c.req.valid("query");
  const { db, settings } = c.var.deps;
  const after = decodeCursor(cursor, z.tuple([text(1, 500)]));
  const { list, next } = await listOrganizations(db, { limit, after });
  const shown = list.map((one) => ({
    ...one,
    logo_link: `${settings.PUBLIC_URL}/logos/${encodeURIComponent(one.logo_link)}`,
  }));
  return ok(shown, { next_cursor: next && encodeCursor(next) });
});
