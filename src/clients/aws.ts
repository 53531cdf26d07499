/** Signed calls to AWS, and what an answer means for the sender. */
import { AwsClient } from "aws4fetch";
import * as z from "zod";
import type { Settings } from "../env.ts";

/** How long a provider may take to answer. Whoever is in a batch with one that hangs waits as long for a retry or the next channel. */
const TIMEOUT_MS = 5_000;

/**
 * What became of one message.
 * sent: accepted, with the provider's id. throttled, failed: not accepted, worth another try. lost: no answer came, it may have been accepted.
 * quota: the daily quota is used up, worth a try in hours. refused: never, with the provider's code.
 */
export type Outcome =
  | { outcome: "sent"; provider_message_id: string }
  | { outcome: "throttled" | "failed" | "lost" | "quota"; error: string }
  | { outcome: "refused"; error: string };

export type Aws = { call: (url: string, service: string, init: RequestInit) => Promise<Response> };

/** aws4fetch would retry ten times by itself; tries are counted in the ledger. */
export function awsClient(settings: Settings): Aws {
  const client = new AwsClient({
    accessKeyId: settings.AWS_ACCESS_KEY_ID,
    secretAccessKey: settings.AWS_SECRET_ACCESS_KEY,
    region: settings.AWS_REGION,
    retries: 0,
  });
  return {
    call: (url, service, init) =>
      client.fetch(url, { method: "POST", ...init, signal: AbortSignal.timeout(TIMEOUT_MS), aws: { service } }),
  };
}

/** An answer that never came: the message may have been accepted. */
export const lost = (error: unknown): Outcome => ({
  outcome: "lost",
  error: error instanceof Error && error.name === "TimeoutError" ? "timeout" : "network",
});

/** A question to an outside service: what it said, or the code of why nothing is known. */
export type Asked<T> = { known: true; value: T } | { known: false; error: string };

/** No answer, or one that cannot be read. */
export function unanswered(error: unknown): Asked<never> {
  if (error instanceof z.ZodError) return { known: false, error: "unreadable" };
  return { known: false, error: error instanceof Error && error.name === "TimeoutError" ? "timeout" : "network" };
}

/** An error's code as AWS names it, without what may follow it, or else its status. */
export const codeOf = (status: number, code: string): string =>
  /^[A-Za-z0-9_.]{1,80}(?=:|$)/.exec(code)?.[0] ?? `http_${status}`;

const THROTTLED = /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceeded)/;

/** An error answer: 429, 503 and the throttling codes come back, other 5xx too, the rest is for good. */
export function refusal(status: number, code: string): Outcome {
  const error = /^[A-Za-z0-9_.]{1,80}$/.test(code) ? code : `http_${status}`;
  if (status === 429 || status === 503 || THROTTLED.test(code)) return { outcome: "throttled", error };
  if (status >= 500) return { outcome: "failed", error };
  // A clock or credential fault is ours, not the message's: it must not settle anybody's reminder for good.
  if (
    status === 401 ||
    status === 403 ||
    /^(Signature|InvalidClientToken|RequestExpired|AccessDenied|Authorization|ExpiredToken)/.test(code)
  ) {
    return code.startsWith("EndpointDisabled") ||
      code.startsWith("OptedOut") ||
      code.startsWith("PlatformApplicationDisabled")
      ? { outcome: "refused", error }
      : { outcome: "failed", error };
  }
  return { outcome: "refused", error };
}
