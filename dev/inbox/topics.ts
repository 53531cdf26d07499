import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Notification, type Signer, signNotification } from "./notification.ts";
import { invalidParameter, Refusal } from "./refusal.ts";

/** SNS tries an HTTP endpoint again at once, and then with growing delay. */
const RETRY_AFTER_MS = [0, 1000, 5000];
const ANSWER_WITHIN_MS = 15_000;

/** The topic that SES and SNS report failures to, and who listens to it. */
export interface Topics {
  /** Posts what happened to every confirmed subscriber, in the background. */
  publish(event: object): void;
  /** Answers what sends the confirmation request to the new subscriber. */
  subscribe(topicArn: string, protocol: string, endpoint: string): () => Promise<void>;
  isConfirmed(endpoint: string): boolean;
  /** The subscription's ARN. */
  confirm(topicArn: string, token: string): string;
  stop(): void;
}

export function openTopics(signer: Signer, url: string, topicArn: string): Topics {
  const confirmed = new Set<string>();
  const waiting = new Map<string, { topicArn: string; endpoint: string }>();
  const stopping = new AbortController();

  async function post(endpoint: string, notification: Notification) {
    for (const delay of [...RETRY_AFTER_MS, null]) {
      try {
        const answer = await fetch(endpoint, {
          method: "POST",
          headers: {
            "content-type": "text/plain; charset=UTF-8",
            "user-agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": notification.Type,
            "x-amz-sns-message-id": notification.MessageId,
            "x-amz-sns-topic-arn": notification.TopicArn,
          },
          body: JSON.stringify(notification),
          signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
        });
        await answer.body?.cancel();
        if (answer.ok || (answer.status < 500 && answer.status !== 429)) return;
        if (delay !== null) await sleep(delay, undefined, { signal: stopping.signal });
      } catch {
        if (stopping.signal.aborted || delay === null) return;
        await sleep(delay, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  return {
    publish(event) {
      const notification = signNotification(signer, {
        TopicArn: topicArn,
        Message: JSON.stringify(event),
        UnsubscribeURL: `${url}/?Action=Unsubscribe`,
      });
      for (const endpoint of confirmed) void post(endpoint, notification);
    },
    subscribe(wanted, protocol, endpoint) {
      if (wanted !== topicArn) throw new Refusal("NotFound", "Topic does not exist", 404);
      if (protocol !== "http" || !/^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?\//.test(endpoint)) {
        throw invalidParameter("Endpoint Reason: the local stack posts to http://127.0.0.1 only");
      }
      const token = randomBytes(64).toString("hex");
      waiting.set(token, { topicArn: wanted, endpoint });
      const query = new URLSearchParams({ Action: "ConfirmSubscription", TopicArn: wanted, Token: token });
      return () =>
        post(
          endpoint,
          signNotification(signer, {
            Type: "SubscriptionConfirmation",
            TopicArn: wanted,
            Message: `You have chosen to subscribe to ${wanted}. Visit SubscribeURL to confirm.`,
            Token: token,
            SubscribeURL: `${url}/?${query}`,
          }),
        );
    },
    isConfirmed: (endpoint) => confirmed.has(endpoint),
    confirm(wanted, token) {
      const subscription = waiting.get(token);
      if (!subscription || subscription.topicArn !== wanted) throw invalidParameter("Token");
      confirmed.add(subscription.endpoint);
      return `${wanted}:${randomUUID()}`;
    },
    stop: () => stopping.abort(),
  };
}
