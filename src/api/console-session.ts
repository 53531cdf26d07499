/** Signing in with the operator's token, where Cloudflare Access does not see to it. */
import { Hono } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import * as z from "zod";
import { endSession } from "../domain/console-forms.ts";
import { notFound, unauthenticated } from "../errors.ts";
import { type Api, type ApiContext, ok } from "./envelope.ts";
import {
  consoleMode,
  isOperatorToken,
  newSession,
  requireOwnOrigin,
  SESSION_COOKIE,
  SESSION_SECONDS,
  sessionOf,
} from "./operator.ts";
import { spend } from "./rate-limit.ts";
import { input } from "./validate.ts";

const SignIn = z.object({ token: z.string().max(1000) });

export const consoleSession = new Hono<Api>()
  .post("/session", requireOwnOrigin, input("json", SignIn), async (c) => {
    const { settings, now, log } = c.var.deps;
    if (consoleMode(settings) !== "token") throw notFound("address");
    await spend(c, "LIMIT_OPERATOR_SIGN_INS", c.req.header("cf-connecting-ip") ?? "unknown");
    const signedIn = await isOperatorToken(settings, c.req.valid("json").token);
    log.info("operator sign-in", { outcome: signedIn ? "ok" : "unauthenticated" });
    if (!signedIn) throw unauthenticated("This is not the operator's token");
    setCookie(c, SESSION_COOKIE, await newSession(settings, now()), { ...kept(c), maxAge: SESSION_SECONDS });
    return withCookies(c, ok(null));
  })
  .post("/sign-out", requireOwnOrigin, async (c) => {
    const { db, now } = c.var.deps;
    const session = await sessionOf(c);
    // The cookie stays where this fails: it is needed to try again.
    if (session) await endSession(db, session, now());
    deleteCookie(c, SESSION_COOKIE, kept(c));
    return withCookies(c, ok(null));
  });

/** Without https only on this machine, where the local stack has none. */
function kept(c: ApiContext) {
  const { protocol, hostname } = new URL(c.req.url);
  const local = protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return { path: "/console", httpOnly: true, secure: !local, sameSite: "Strict" } as const;
}

function withCookies(c: ApiContext, answer: Response): Response {
  return c.newResponse(answer.body, answer);
}
