import { Hono } from "hono";
import { readDeliveryEvent } from "../clients/delivery-events.ts";
import { confirmSubscription, readNotification } from "../clients/sns-notifications.ts";
import { recordFeedback } from "../domain/feedback.ts";
import { handOn, wake } from "../queues/wake.ts";
import { type Api, type ApiContext, ok } from "./envelope.ts";

/** What SES and SNS tell of messages that they had accepted, through the topics of SNS_FEEDBACK_TOPIC_ARNS. */
export const feedback = new Hono<Api>().post("/sns", async (c) => {
  const { deps } = c.var;
  const notification = await readNotification(await c.req.text(), deps.settings, deps.now());
  const about = { topic: notification.topic_arn };
  if (notification.type === "Notification") await takeIn(c, notification.message);
  if (notification.type === "SubscriptionConfirmation") {
    await confirmSubscription(notification, deps.settings);
    deps.log.info("subscribed", about);
  }
  // Somebody ended it on purpose, or the topic is gone: subscribing again is for whoever runs the service.
  if (notification.type === "UnsubscribeConfirmation") deps.log.warn("feedback unsubscribed", about);
  return ok(null);
});

async function takeIn(c: ApiContext, message: string): Promise<void> {
  const { deps } = c.var;
  const event = readDeliveryEvent(message);
  if (!event) return deps.log.info("feedback ignored");
  const fallbacks = await recordFeedback(deps.db, event, deps.now());
  await wake(deps, fallbacks.map(handOn));
  const { kind, code } = event;
  deps.log.info("feedback", { kind, code, handed_on: fallbacks.length });
}
