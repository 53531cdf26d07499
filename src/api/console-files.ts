/** The console's page and what it loads, out of public/console: nothing in them is secret, and nothing of them is in the Worker's bundle. */
import { notFound } from "../errors.ts";
import type { ApiContext } from "./envelope.ts";

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const consolePage = (c: ApiContext): Promise<Response> => asset(c, "/console/", "no-store");

export const consoleFile = (c: ApiContext): Promise<Response> => asset(c, new URL(c.req.url).pathname, "no-cache");

async function asset(c: ApiContext, path: string, keep: string): Promise<Response> {
  const known = c.req.header("if-none-match");
  const found = await c.var.deps.bindings.ASSETS.fetch(new URL(path, c.req.url), {
    method: c.req.method,
    headers: known ? { "if-none-match": known } : {},
    redirect: "manual",
  });
  if (!found.ok && found.status !== 304) {
    await found.body?.cancel();
    throw notFound("address");
  }
  const headers = new Headers({ "content-security-policy": POLICY, "cache-control": keep });
  for (const name of ["content-type", "etag"]) {
    const value = found.headers.get(name);
    if (value) headers.set(name, value);
  }
  return new Response(found.body, { status: found.status, headers });
}
