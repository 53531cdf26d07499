/** Signed calls to AWS, and what an answer means for the sender. */
import { AwsV4Signer } from "aws4fetch";
import * as z from "zod";
import type { Settings } from "../env.ts";
import { fetchText, type TextAnswer } from "./fetch-text.ts";

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

export type Aws = { call: (url: string, service: string, request: Signed) => Promise<TextAnswer> };
/** What is signed; POST unless it says otherwise. */
type Signed = { method?: string; headers?: Record<string, string>; body?: string };

export function awsClient(settings: Settings): Aws {
  const account = {
    accessKeyId: settings.AWS_ACCESS_KEY_ID,
    secretAccessKey: settings.AWS_SECRET_ACCESS_KEY,
    region: settings.AWS_REGION,
    /** The day's key, which takes four times as long to derive as to sign with. */
    cache: new Map<string, ArrayBuffer>(),
  };
  return {
    // By the signer alone: the library's own fetch makes one more Request, and would retry; tries are counted in the ledger.
    call: async (address, service, request) => {
      const signer = new AwsV4Signer({ method: "POST", ...request, url: address, service, ...account });
      const { url, ...signed } = await signer.sign();
      return fetchText(url.href, signed, TIMEOUT_MS);
    },
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

/** The body as JSON; null where it is none. */
export function jsonIn({ text }: TextAnswer): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
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
