import { Hono } from "hono";
import { notFound } from "../errors.ts";
import type { Api } from "./envelope.ts";

const NAME = /^[a-z0-9-]{1,100}\.png$/;

/** Pictures for everybody, on any page. A logo that changes gets a new name, so an answer may be kept for ever. */
export const logos = new Hono<Api>().get("/:file", async (c) => {
  const file = c.req.param("file");
  const logo = NAME.test(file) ? await c.var.deps.bindings.LOGOS.get(file) : null;
  if (!logo) throw notFound("logo");
  // Read even where it is not sent, since a body left unread holds a connection; a logo is small.
  const picture = await logo.arrayBuffer();
  const headers = {
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "cross-origin",
    etag: logo.httpEtag,
  };
  if (holds(c.req.header("if-none-match"), logo.httpEtag)) return c.body(null, 304, headers);
  return c.body(picture, 200, { ...headers, "content-type": "image/png" });
});

/** RFC 9110, 13.1.2: a list of tags or a star, compared weakly. */
const holds = (tags: string | undefined, tag: string): boolean =>
  tags?.trim() === "*" || (tags?.match(/"[^"]*"/g)?.includes(tag) ?? false);
