/** Amazon SES, API v2. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html */
import * as z from "zod";
import type { Settings } from "../env.ts";
import { type Aws, awsClient, codeOf, jsonIn, lost, type Outcome, refusal } from "./aws.ts";

export type Email = { to: string; subject: string; text: string; html: string; unsubscribe_url: string };

export type Ses = { sendEmail(email: Email): Promise<Outcome> };

const Accepted = z.object({ MessageId: z.string() });
const Refused = z.object({ message: z.string().optional(), Message: z.string().optional() });

export function sesClient(settings: Settings, aws: Aws = awsClient(settings)): Ses {
  const endpoint = settings.AWS_ENDPOINT_URL_SESV2 ?? `https://email.${settings.AWS_REGION}.amazonaws.com`;
  return {
    async sendEmail(email) {
      try {
        const response = await aws.call(`${endpoint}/v2/email/outbound-emails`, "ses", {
          headers: { "content-type": "application/json" },
          body: JSON.stringify(request(settings, email)),
        });
        const body = jsonIn(response);
        if (response.ok) return { outcome: "sent", provider_message_id: Accepted.parse(body).MessageId };
        const type = (response.headers.get("x-amzn-errortype") ?? "").split(":")[0] ?? "";
        const refused = Refused.safeParse(body).data;
        if (/daily message quota/i.test(refused?.message ?? refused?.Message ?? ""))
          return { outcome: "quota", error: codeOf(response.status, type) };
        return refusal(response.status, type);
      } catch (error) {
        return lost(error);
      }
    },
  };
}

/** One-click unsubscribe is a header pair (RFC 8058); the link alone would be fetched by scanners. */
const request = (settings: Settings, { to, subject, text, html, unsubscribe_url }: Email) => ({
  FromEmailAddress: settings.SES_FROM,
  Destination: { ToAddresses: [to] },
  ...(settings.SES_CONFIGURATION_SET && { ConfigurationSetName: settings.SES_CONFIGURATION_SET }),
  Content: {
    Simple: {
      Subject: { Data: subject, Charset: "UTF-8" },
      Body: { Text: { Data: text, Charset: "UTF-8" }, Html: { Data: html, Charset: "UTF-8" } },
      Headers: [
        { Name: "List-Unsubscribe", Value: `<${unsubscribe_url}>` },
        { Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click" },
      ],
    },
  },
});
