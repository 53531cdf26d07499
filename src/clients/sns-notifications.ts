/**
 * What SNS posts to an HTTP subscriber, believed only once its signature holds.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
import * as z from "zod";
import type { Settings } from "../env.ts";
import { AppError, invalidInput, unauthenticated } from "../errors.ts";
import { signingCertificate } from "./sns-certificates.ts";

/** SNS tries a subscriber again for an hour at the most, under the id and the time of the first try. The rest is for clocks that differ. */
const MAX_AGE_MS = 65 * 60_000;
const MAX_AHEAD_MS = 5 * 60_000;
const TIMEOUT_MS = 5_000;

const line = z.string().regex(/^[^\r\n]+$/);
const common = {
  MessageId: line,
  TopicArn: line,
  Message: z.string(),
  Timestamp: z.iso.datetime(),
  SignatureVersion: line,
  Signature: z.base64().min(1),
  SigningCertURL: line,
};
const confirmation = { ...common, Token: line, SubscribeURL: line };
const Posted = z.discriminatedUnion("Type", [
  z.object({ Type: z.literal("Notification"), ...common, Subject: z.string().nullish() }),
  z.object({ Type: z.literal("SubscriptionConfirmation"), ...confirmation }),
  z.object({ Type: z.literal("UnsubscribeConfirmation"), ...confirmation }),
]);
type Posted = z.infer<typeof Posted>;

/** `subscribe_url` is where a subscription is confirmed; null on a notification. */
export type SnsNotification = {
  type: Posted["Type"];
  topic_arn: string;
  message: string;
  subscribe_url: string | null;
};

type Place = Pick<Settings, "AWS_ENDPOINT_URL_SNS" | "SNS_FEEDBACK_TOPIC_ARNS">;

const refused = (why: string) => unauthenticated("The message is not signed as ours", new Error(why));

/**
 * The notification in a body, once it is of a topic of ours, fresh and signed by SNS. Throws invalid_input for what is no message of SNS,
 * unauthenticated for what SNS did not sign for us, and unavailable where its certificate cannot be had now.
 */
export async function readNotification(body: string, settings: Place, now: number): Promise<SnsNotification> {
  const posted = parse(body);
  const { TopicArn: topic_arn } = posted;
  if (!settings.SNS_FEEDBACK_TOPIC_ARNS?.includes(topic_arn)) throw refused("topic");
  const age = now - Date.parse(posted.Timestamp);
  if (age > MAX_AGE_MS || age < -MAX_AHEAD_MS) throw refused("time");
  if (!(await isSigned(posted, originOf(topic_arn, settings), now))) throw refused("signature");
  return {
    type: posted.Type,
    topic_arn,
    message: posted.Message,
    subscribe_url: "SubscribeURL" in posted ? posted.SubscribeURL : null,
  };
}

/** Tells SNS that its messages are wanted. Safe to repeat. Throws unavailable, after which SNS asks again. */
export async function confirmSubscription(
  { topic_arn, subscribe_url }: SnsNotification,
  settings: Place,
): Promise<void> {
  const url = subscribe_url ?? "";
  // The text is compared, not a parsed URL: nothing is left to two readers of one address.
  if (!url.startsWith(`${originOf(topic_arn, settings)}/?`)) throw refused("subscription");
  const parameters = new URL(url).searchParams;
  if (parameters.get("Action") !== "ConfirmSubscription" || parameters.get("TopicArn") !== topic_arn) {
    throw refused("subscription");
  }
  let cause: unknown;
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    await answer.body?.cancel();
    if (answer.ok) return;
    cause = new Error(`ConfirmSubscription answered ${answer.status}`);
  } catch (error) {
    cause = error;
  }
  throw new AppError("unavailable", "The subscription could not be confirmed now", { retryAfter: 20, cause });
}

function parse(body: string): Posted {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = undefined;
  }
  const parsed = Posted.safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalidInput(parsed.error.issues);
}

/** Where SNS is, by the region of the topic. */
function originOf(topicArn: string, { AWS_ENDPOINT_URL_SNS }: Place): string {
  const region = /^arn:aws:sns:([a-z0-9-]+):\d{12}:[\w.-]+$/.exec(topicArn)?.[1];
  if (!region) throw refused("topic");
  return AWS_ENDPOINT_URL_SNS ?? `https://sns.${region}.amazonaws.com`;
}

const HASHES: Record<string, string> = { "1": "SHA-1", "2": "SHA-256" };
const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
} as const;

async function isSigned(posted: Posted, origin: string, now: number): Promise<boolean> {
  const hash = HASHES[posted.SignatureVersion];
  if (!hash) return false;
  const certificate = await signingCertificate(posted.SigningCertURL, origin, now);
  if (!certificate || now < certificate.validFrom || now > certificate.validTo) return false;
  const fields = posted as unknown as Record<string, string | null | undefined>;
  const text = SIGNED[posted.Type]
    .filter((name) => fields[name] !== undefined && fields[name] !== null)
    .map((name) => `${name}\n${fields[name]}\n`)
    .join("");
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
  const key = await crypto.subtle.importKey("spki", certificate.publicKey, algorithm, false, ["verify"]);
  const signature = Uint8Array.from(atob(posted.Signature), (letter) => letter.charCodeAt(0));
  return crypto.subtle.verify(algorithm.name, key, signature, new TextEncoder().encode(text));
}
