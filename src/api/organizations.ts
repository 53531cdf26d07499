import { Hono } from "hono";
import * as z from "zod";
import { listOrganizations } from "../domain/organizations.ts";
import { type Api, ok } from "./envelope.ts";
import { encodeCursor, input, page, text } from "./validate.ts";

const OrganizationsPage = z.object(page(z.tuple([text(1, 500)])));

/** Open to everybody: the app shows the list before anybody signs in. */
export const organizations = new Hono<Api>().get("/", input("query", OrganizationsPage), async (c) => {
  const { limit, cursor: after = null } = c.req.valid("query");
  const { db, settings } = c.var.deps;
  const { list, next } = await listOrganizations(db, { limit, after });
  const shown = list.map((one) => ({
    ...one,
    logo_link: `${settings.PUBLIC_URL}/logos/${encodeURIComponent(one.logo_link)}`,
  }));
  return ok(shown, { next_cursor: next && encodeCursor(next) });
});
