import { snsClient } from "../clients/sns.ts";
import type { Deps } from "../deps.ts";
import { localeOf, reminderTitle, withLateNote } from "../domain/texts/index.ts";
import { deliver } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";

/** The longest that SNS takes: four weeks. https://docs.aws.amazon.com/sns/latest/dg/sns-ttl.html */
const MAX_TTL_SECONDS = 2_419_200;

export async function sendPush(deliveries: Delivery<"send-push">[], deps: Deps): Promise<void> {
  const sns = snsClient(deps.settings);
  await deliver(deliveries, deps, {
    type: "send-push",
    channel: "push",
    addressOf: (recipient) => recipient.device_arn,
    send: (claimed, { device_arn, message }) => {
      const locale = localeOf(claimed.locale, deps.settings.DEFAULT_LOCALE);
      return sns.publishPush(device_arn, {
        title: reminderTitle(claimed.name, locale),
        body: claimed.late ? withLateNote(message, "push", locale) : message,
        data: {
          forward_link: claimed.bank_url ?? "None",
          event_id: String(claimed.event_id),
          event_reminders_id: String(claimed.event_reminders_id),
        },
        // A push that was sent again, its answer lost, replaces itself on the phone.
        collapse_id: `reminder-${claimed.event_reminders_id}`,
        ttl_seconds: Math.min(MAX_TTL_SECONDS, Math.max(60, Math.ceil((claimed.expires_at - deps.now()) / 1000))),
      });
    },
    isDead: (code) => code.startsWith("EndpointDisabled") || code.startsWith("NotFound"),
    settleEvery: Number.POSITIVE_INFINITY,
  });
}
