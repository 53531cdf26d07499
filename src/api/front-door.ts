/** What every answer carries, errors too, whichever route gives it. A route that sets one of these headers itself keeps its own. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import type { Api } from "./envelope.ts";

const DAY_SECONDS = 86_400;

const secure = secureHeaders({
  overwrite: false,
  xFrameOptions: "DENY",
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
});

/** Most answers are about people: one that may be kept says so. */
const notStored: MiddlewareHandler<Api> = async (c, next) => {
  await next();
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
};

/** Of the API, and not of the console. Any header may be sent, since the app's dialect has one for each field. Nothing here lives by cookies. */
export const crossOrigin: MiddlewareHandler<Api> = (c, next) => {
  const { CORS_ORIGINS: origins } = c.var.deps.settings;
  return cors({
    origin: origins.includes("*") ? "*" : origins,
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    exposeHeaders: ["x-request-id", "retry-after"],
    maxAge: DAY_SECONDS,
  })(c, next);
};

export const frontDoor = [secure, notStored] as const;
