/** Who operates: whoever Cloudflare Access lets in, or, where Access is not used, whoever holds OPERATOR_TOKEN. With neither set there is no console. */
import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import * as z from "zod";
import { verifySigned } from "../clients/signed-tokens.ts";
import { hasEnded } from "../domain/console-forms.ts";
import type { Settings } from "../env.ts";
import { AppError, forbidden, notFound, unauthenticated } from "../errors.ts";
import { hmac, isSigned } from "../hmac.ts";
import type { Api, ApiContext } from "./envelope.ts";

/** `name` stands in the log, and says nothing of a person; `bound` is what a form belongs to; `session` the id of one that can be ended. */
export type Operator = { name: string; bound: string; session?: string };

export const SESSION_COOKIE = "torium_operator";
export const SESSION_SECONDS = 12 * 60 * 60;
/** Signed along, so that a signature made for one purpose serves no other. */
const PURPOSE = "console session\n";
const SIGN_IN = "Sign in to the console first";

/** Null: the console is closed. */
export function consoleMode(settings: Settings): "access" | "token" | null {
  if (settings.ACCESS_TEAM_DOMAIN && settings.ACCESS_AUD) return "access";
  return settings.OPERATOR_TOKEN ? "token" : null;
}

/** A console that is closed does not exist, by any path or method. */
export const requireOpen: MiddlewareHandler<Api> = async (c, next) => {
  if (!consoleMode(c.var.deps.settings)) throw notFound("address");
  await next();
};

export const requireOperator: MiddlewareHandler<Api> = async (c, next) => {
  const operator = await operatorOf(c);
  // A session's calls take one round trip more than a bearer's: by its signature alone it would be good until its time is over.
  if (operator.session && (await hasEnded(c.var.deps.db, operator.session))) throw unauthenticated(SIGN_IN);
  c.set("operator", operator);
  await next();
};

/** Whatever is posted comes from the console's own pages; a script says so by the header. */
export const requireOwnOrigin: MiddlewareHandler<Api> = async (c, next) => {
  const site = c.req.header("sec-fetch-site") ?? "same-origin";
  if (c.req.header("origin") !== new URL(c.req.url).origin || site !== "same-origin")
    throw forbidden("This was not asked by a page of this console");
  await next();
};

/** Throws `unauthenticated`, or `unavailable` where the keys of Access are out of reach. */
async function operatorOf(c: ApiContext): Promise<Operator> {
  const { settings, now } = c.var.deps;
  if (consoleMode(settings) === "access") return ofAccess(c, settings, now());
  const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (given !== undefined) {
    if (await isOperatorToken(settings, given)) return { name: "token", bound: "token" };
    throw unauthenticated("The token is not valid");
  }
  const session = await sessionOf(c);
  if (!session) throw unauthenticated(SIGN_IN);
  return { name: `session ${session.slice(0, 8)}`, bound: `session ${session}`, session };
}

export async function isSignedIn(c: ApiContext): Promise<boolean> {
  try {
    await operatorOf(c);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "unauthenticated") return false;
    throw error;
  }
}

/** A service token has an empty `sub`. https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token/ */
const AccessClaims = z.object({ sub: z.string().max(200), common_name: z.string().max(200).optional() });

async function ofAccess(c: ApiContext, settings: Settings, now: number): Promise<Operator> {
  const token = c.req.header("cf-access-jwt-assertion") ?? getCookie(c, "CF_Authorization");
  if (!token) throw unauthenticated("Cloudflare Access did not let this request in");
  const issuer = `https://${settings.ACCESS_TEAM_DOMAIN}`;
  const claims = await verifySigned(token, {
    keys_url: `${issuer}/cdn-cgi/access/certs`,
    issuer,
    audience: settings.ACCESS_AUD!,
    now,
  });
  const { sub, common_name } = AccessClaims.safeParse(claims).data ?? { sub: "" };
  const name = sub || common_name;
  if (!name) throw unauthenticated("The token is not valid");
  return { name, bound: `access ${name}` };
}

/** In constant time, whatever the lengths. */
export async function isOperatorToken({ OPERATOR_TOKEN: expected }: Settings, given: string): Promise<boolean> {
  const key = randomHex();
  return expected !== undefined && (await isSigned([key], await hmac(key, given), expected));
}

/** Under a key of the token's: a new token ends every session. */
const sessionKey = (settings: Settings) => hmac(settings.OPERATOR_TOKEN!, PURPOSE);

export async function newSession(settings: Settings, now: number): Promise<string> {
  const session = `${randomHex()}.${now + SESSION_SECONDS * 1000}`;
  return `${session}.${await hmac(await sessionKey(settings), session)}`;
}

/** The session's id; null where there is none, it is none of ours, or over. */
export async function sessionOf(c: ApiContext): Promise<string | null> {
  const { settings, now } = c.var.deps;
  if (consoleMode(settings) !== "token") return null;
  const [, session = "", id = "", until = "", signature = ""] =
    /^(([0-9a-f]{32})\.(\d{1,15}))\.([0-9a-f]{64})$/.exec(getCookie(c, SESSION_COOKIE) ?? "") ?? [];
  const genuine = await isSigned([await sessionKey(settings)], signature, session);
  return genuine && Number(until) > now() ? id : null;
}

export const randomHex = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
