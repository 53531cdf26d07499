/**
 * Brakes on what a caller may do in a minute, counted by the platform in each of its locations: they cost no round trip and are not exact. What must
 * hold (money, once a day, tries) is counted in the database. A limit is written in wrangler.toml, beside its binding.
 */
import type { MiddlewareHandler } from "hono";
import type { Bindings } from "../deps.ts";
import { confirmCaller } from "../domain/access.ts";
import { AppError } from "../errors.ts";
import { act } from "./auth.ts";
import type { Api, ApiContext } from "./envelope.ts";

/** `simple.period` of every limiter in wrangler.toml. */
const PERIOD_SECONDS = 60;

type Limiter = { [Name in keyof Bindings]: Bindings[Name] extends RateLimit ? Name : never }[keyof Bindings];

/**
 * Counts one use of `name` under a key. Throws `rate_limited` past the limit. A limiter that is out of order limits nobody: it is logged.
 */
export async function spend(c: ApiContext, name: Limiter, key: string): Promise<void> {
  const { bindings, log } = c.var.deps;
  const { success } = await bindings[name].limit({ key }).catch((error: unknown) => {
    log.error("rate limiter", error, { limiter: name });
    return { success: true };
  });
  if (!success) throw new AppError("rate_limited", "Too many requests within a minute", { retryAfter: PERIOD_SECONDS });
}

/**
 * The same by the caller, as a step of a route behind its input. Somebody unknown is told so first; 404 is not, other than elsewhere: who tries
 * addresses hears little else, and would never be limited.
 */
export const limitPerPerson =
  (name: Limiter): MiddlewareHandler<Api> =>
  async (c, next) => {
    try {
      await spend(c, name, c.var.caller.cognito_user_id);
    } catch (error) {
      await act(c, (caller, { db }) => confirmCaller(db, caller));
      throw error;
    }
    await next();
  };
