import { sesClient } from "../clients/ses.ts";
import type { Deps } from "../deps.ts";
import { unsubscribeUrl } from "../domain/links.ts";
import { emailHtml, emailText, localeOf, reminderTitle, withLateNote } from "../domain/texts/index.ts";
import { deliver } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";

export async function sendEmail(deliveries: Delivery<"send-email">[], deps: Deps): Promise<void> {
  const ses = sesClient(deps.settings);
  await deliver(deliveries, deps, {
    type: "send-email",
    channel: "email",
    addressOf: (recipient) => recipient.email,
    send: async (claimed, { email, message }) => {
      const locale = localeOf(claimed.locale, deps.settings.DEFAULT_LOCALE);
      const text = claimed.late ? withLateNote(message, "email", locale) : message;
      const unsubscribe_url = await unsubscribeUrl(deps.settings, email);
      const title = reminderTitle(claimed.name, locale);
      return ses.sendEmail({
        to: email,
        subject: title,
        text: emailText({ text, unsubscribe_url, locale }),
        html: emailHtml({
          title,
          text,
          unsubscribe_url,
          locale,
          bank_url: claimed.is_budget ? claimed.bank_url : null,
        }),
        unsubscribe_url,
      });
    },
    isDead: () => false,
    settleEvery: Number.POSITIVE_INFINITY,
  });
}
