/** What every answer carries, errors too, whichever route gives it. A route that sets one of these headers itself keeps its own. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import type { Settings } from "../env.ts";
import type { Api } from "./envelope.ts";

const DAY_SECONDS = 86_400;

/** Without those that only browsers of the past knew: Internet Explorer's, Flash's, and an XSS filter that is gone. Each costs every answer a little. */
const secure = secureHeaders({
  overwrite: false,
  removePoweredBy: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  xFrameOptions: "DENY",
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
});

/** Most answers are about people: one that may be kept says so. */
const notStored: MiddlewareHandler<Api> = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};

const corsOf = new WeakMap<Settings, MiddlewareHandler<Api>>();
const nothing = async () => {};

/** Of the API, and not of the console. Any header may be sent, since the app's dialect has one for each field. Nothing here lives by cookies. */
export const crossOrigin: MiddlewareHandler<Api> = async (c, next) => {
  const { settings } = c.var.deps;
  const { CORS_ORIGINS: origins } = settings;
  let answer = corsOf.get(settings);
  if (!answer) {
    answer = cors({
      origin: origins.includes("*") ? "*" : origins,
      allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
      exposeHeaders: ["x-request-id", "retry-after"],
      maxAge: DAY_SECONDS,
    });
    corsOf.set(settings, answer);
  }
  if (c.req.method === "OPTIONS") return answer(c, next);
  await next();
  // Its headers go onto the answer that is there; set before, each answer would be copied onto them.
  await answer(c, nothing);
};

export const frontDoor = [secure, notStored] as const;
