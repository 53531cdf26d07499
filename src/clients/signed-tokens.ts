/** Tokens (RFC 7519) that somebody else signs, and whose keys they publish: a Cognito pool, Cloudflare Access. */
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { AppError, unauthenticated } from "../errors.ts";

/** Keys are fetched once an isolate: 10 minutes of cache, 30 s between two fetches for an unknown key, 5 s of patience. */
const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

function keySet(url: string) {
  let set = keySets.get(url);
  if (!set) {
    set = createRemoteJWKSet(new URL(url), { cacheMaxAge: 600_000, cooldownDuration: 30_000, timeoutDuration: 5_000 });
    keySets.set(url, set);
  }
  return set;
}

/** `required`: claims beside `exp` and `sub`. `now`: ms. */
export type Signed = { keys_url: string; issuer: string; audience?: string; required?: string[]; now: number };

/** What the token says. Throws `unauthenticated`, or `unavailable` where the issuer's keys are out of reach. */
export async function verifySigned(token: string, { keys_url, issuer, audience, required = [], now }: Signed) {
  try {
    const { payload } = await jwtVerify(token, keySet(keys_url), {
      issuer,
      ...(audience !== undefined && { audience }),
      algorithms: ["RS256"],
      requiredClaims: ["exp", "sub", ...required],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (isAboutToken(error)) throw unauthenticated("The token is not valid", error);
    throw new AppError("unavailable", "The token issuer is out of reach for a moment", { retryAfter: 5, cause: error });
  }
}

/** What jose says of the token itself; everything else (time-out, bad answer, network) is about the issuer. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== "ERR_JOSE_GENERIC"
  );
}
