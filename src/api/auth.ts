/** Who is calling: a Cognito token of the configured pool and client. Nothing of the database is asked here. */

import type { MiddlewareHandler } from "hono";
import * as z from "zod";
import { setUserId } from "../clients/cognito.ts";
import { verifySigned } from "../clients/signed-tokens.ts";
import { asCaller, type Caller, confirmCaller } from "../domain/access.ts";
import type { Settings } from "../env.ts";
import { AppError, unauthenticated } from "../errors.ts";
import type { Api, ApiContext } from "./envelope.ts";
import { email, poolName } from "./validate.ts";

const claims = z.discriminatedUnion("token_use", [
  z.object({
    token_use: z.literal("access"),
    sub: poolName,
    client_id: z.string(),
    username: poolName.optional(),
  }),
  z.object({
    token_use: z.literal("id"),
    sub: poolName,
    aud: z.string(),
    email: z.string().optional(),
    email_verified: z.union([z.boolean(), z.stringbool()]).optional(),
    name: z.string().optional(),
    "cognito:username": poolName.optional(),
  }),
]);

type Known = { caller: Caller; from: number; until: number };

/** Tokens that this isolate found good: a phone asks again and again with one, and the signature costs more than the rest of a small request. */
const knownTokens = new WeakMap<Settings, Map<string, Known>>();
/** A key that the pool withdraws is believed so much longer. */
const KNOWN_FOR_MS = 300_000;
const MOST_KNOWN = 1_000;

/** The person whom a token names. Throws `unauthenticated`, or `unavailable` where the issuer's keys are out of reach. */
export async function verifyToken(token: string, settings: Settings, now: number): Promise<Caller> {
  const tokens = knownTokens.get(settings) ?? new Map<string, Known>();
  knownTokens.set(settings, tokens);
  const known = tokens.get(token);
  if (known && known.from <= now && now < known.until) return known.caller;
  const { caller, expires_at } = await verify(token, settings, now);
  tokens.delete(token);
  tokens.set(token, { caller, from: now, until: Math.min(expires_at, now + KNOWN_FOR_MS) });
  if (tokens.size > MOST_KNOWN) tokens.delete(tokens.keys().next().value!);
  return caller;
}

async function verify(token: string, settings: Settings, now: number): Promise<{ caller: Caller; expires_at: number }> {
  const payload = await verifySigned(token, {
    keys_url: settings.COGNITO_JWKS_URL,
    issuer: settings.COGNITO_ISSUER,
    required: ["token_use"],
    now,
  });
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw unauthenticated("The token is not valid");
  const claim = parsed.data;
  const client = claim.token_use === "access" ? claim.client_id : claim.aud;
  if (!settings.COGNITO_CLIENT_IDS.includes(client)) throw unauthenticated("The token is not valid");
  const verifiedEmail = claim.token_use === "id" && claim.email_verified === true && claim.email ? claim.email : null;
  const caller = {
    cognito_user_id: claim.sub,
    email: email.safeParse(verifiedEmail).data ?? null,
    name: claim.token_use === "id" ? (claim.name ?? null) : null,
    pool_username: claim.token_use === "id" ? claim["cognito:username"] : claim.username,
  };
  return { caller, expires_at: payload.exp! * 1000 };
}

export const authenticate: MiddlewareHandler<Api> = async (c, next) => {
  const token = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (!token) throw unauthenticated("A token is needed: Authorization: Bearer <token>");
  const { settings, now } = c.get("deps");
  c.set("caller", await verifyToken(token, settings, now()));
  await next();
};

/** Does the work as the caller; the first thing that a handler says after its input. */
export const act = <T>(
  c: ApiContext,
  work: (caller: Caller, deps: Api["Variables"]["deps"]) => Promise<T>,
): Promise<T> => {
  const { caller, deps } = c.var;
  return asCaller(
    deps.db,
    caller,
    () => work(caller, deps),
    (user_id) => tellPool(c, user_id),
  );
};

/** The sign-up that left no row did not tell the pool either: the first app reads its own id from the tokens of later sign-ins. */
function tellPool(c: ApiContext, user_id: number): void {
  const { caller, deps } = c.var;
  const told = setUserId(deps.settings, caller.pool_username ?? caller.cognito_user_id, user_id);
  c.executionCtx.waitUntil(told.catch((error: unknown) => deps.log.error("user id", error)));
}

/**
 * 401 comes before 413 and 400, and an erased person is known to the database alone: it is asked when a request is refused for its
 * shape, so that success pays nothing for it. Bugs are logged here.
 */
export async function verifyCallerOnRefusal(error: unknown, c: ApiContext): Promise<unknown> {
  const { caller, deps } = c.var;
  if (!(error instanceof AppError)) deps.log.error("bug", error);
  else if (caller && (error.code === "invalid_input" || error.code === "payload_too_large")) {
    return act(c, () => confirmCaller(deps.db, caller)).then(
      () => error,
      (refusal) => (refusal instanceof AppError && refusal.code === "unauthenticated" ? refusal : error),
    );
  } else if (error.code === "unavailable") deps.log.error("unavailable", error);
  return error;
}
