/** Reminders by e-mail, handed to SES as Torium does and by SES's call for many at once, which Torium does not use. */
import { type Aws, awsClient } from "../../src/clients/aws.ts";
import { type Email, sesClient } from "../../src/clients/ses.ts";
import { unsubscribeUrl } from "../../src/domain/links.ts";
import { emailHtml, emailText } from "../../src/domain/texts/index.ts";
import type { Settings } from "../../src/env.ts";
import { CONNECTIONS, eachAtMost } from "../../src/queues/concurrency.ts";

const TEXT = "Football begins at 18:00. Bring the ball and a light shirt";
const TITLE = "Reminder: Football";

/** Sends so many letters over a consumer's six connections, `aCall` in one call. Throws where one is not accepted. */
export async function sendLetters(letters: number, aCall: number, settings: Settings): Promise<void> {
  const aws = awsClient(settings);
  const ses = sesClient(settings, aws);
  const calls = Array.from({ length: Math.ceil(letters / aCall) }, (_, n) => ({
    first: n * aCall,
    end: Math.min(letters, (n + 1) * aCall),
  }));
  await eachAtMost(CONNECTIONS, calls, async ({ first, end }) => {
    const written: Email[] = [];
    for (let n = first; n < end; n++) written.push(await write(n, settings));
    if (aCall > 1) return sendTogether(written, settings, aws);
    const { outcome } = await ses.sendEmail(written[0]!);
    if (outcome !== "sent") throw new Error(`a letter is ${outcome}`);
  });
}

async function write(n: number, settings: Settings): Promise<Email> {
  const to = `person-${n}@torium.bench`;
  const unsubscribe_url = await unsubscribeUrl(settings, to);
  const words = { text: TEXT, unsubscribe_url, locale: "en" } as const;
  return {
    to,
    subject: TITLE,
    text: emailText(words),
    html: emailHtml({ ...words, title: TITLE, bank_url: null }),
    unsubscribe_url,
  };
}

/**
 * One template for all, of which each letter is the values; at most 50 letters.
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
 */
async function sendTogether(letters: Email[], settings: Settings, aws: Aws): Promise<void> {
  const answer = await aws.call(`${settings.AWS_ENDPOINT_URL_SESV2}/v2/email/outbound-bulk-emails`, "ses", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      FromEmailAddress: settings.SES_FROM,
      DefaultContent: {
        Template: {
          TemplateContent: { Subject: "{{subject}}", Text: "{{text}}", Html: "{{{html}}}" },
          TemplateData: JSON.stringify({ subject: "", text: "", html: "" }),
        },
      },
      BulkEmailEntries: letters.map(({ to, subject, text, html, unsubscribe_url }) => ({
        Destination: { ToAddresses: [to] },
        ReplacementEmailContent: {
          ReplacementTemplate: { ReplacementTemplateData: JSON.stringify({ subject, text, html }) },
        },
        ReplacementHeaders: [
          { Name: "List-Unsubscribe", Value: `<${unsubscribe_url}>` },
          { Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click" },
        ],
      })),
    }),
  });
  const { BulkEmailEntryResults: results } = JSON.parse(answer.text) as { BulkEmailEntryResults: { Status: string }[] };
  if (results.length !== letters.length || results.some(({ Status }) => Status !== "SUCCESS"))
    throw new Error("not all letters of a call were accepted");
}
