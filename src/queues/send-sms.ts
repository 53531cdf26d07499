import { snsClient } from "../clients/sns.ts";
import type { Deps } from "../deps.ts";
import { isServed, priceOfSms } from "../domain/sms-spending.ts";
import { localeOf, segments, withLateNote } from "../domain/texts/index.ts";
import { deliver } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";

/** An SMS cannot be recalled and costs money: settled every 25, so that a crash doubles few. */
const SETTLE_EVERY = 25;

export async function sendSms(deliveries: Delivery<"send-sms">[], deps: Deps): Promise<void> {
  const sns = snsClient(deps.settings);
  await deliver(deliveries, deps, {
    type: "send-sms",
    channel: "sms",
    addressOf: (recipient) => recipient.phone_number,
    costOf: ({ message, phone_number }, late) =>
      isServed(phone_number, deps.settings)
        ? priceOfSms(late ? longestLate(message) : message, phone_number, deps.settings)
        : null,
    send: async ({ late, locale }, { phone_number, message }) => {
      if (!isServed(phone_number, deps.settings)) return { outcome: "refused", error: "country_not_served" };
      const text = late ? withLateNote(message, "sms", localeOf(locale, deps.settings.DEFAULT_LOCALE)) : message;
      return sns.publishSms(phone_number, text);
    },
    isDead: (code) => code.startsWith("OptedOut"),
    settleEvery: SETTLE_EVERY,
  });
}

/** Its reader's language is known only with the claim: counted is the dearer one. */
const longestLate = (message: string): string => {
  const [en, pl] = [withLateNote(message, "sms", "en"), withLateNote(message, "sms", "pl")];
  return segments(pl) > segments(en) ? pl : en;
};
