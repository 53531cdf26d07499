/** How the account stands with Amazon SES. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html */
import * as z from "zod";
import type { Settings } from "../env.ts";
import { type Asked, type Aws, awsClient, codeOf, jsonIn, unanswered } from "./aws.ts";

const Account = z.object({
  SendingEnabled: z.boolean(),
  EnforcementStatus: z.string(),
  /** A quota of -1 is none. */
  SendQuota: z.object({ Max24HourSend: z.number(), SentLast24Hours: z.number() }),
});

type MailAccount = { sending: boolean; standing: string; quota: number; sent: number };

/** `standing` is HEALTHY, PROBATION or SHUTDOWN; `quota` and `sent` count 24 hours. An error is the code of why it is not known. */
export async function mailAccount(settings: Settings, aws: Aws = awsClient(settings)): Promise<Asked<MailAccount>> {
  const endpoint = settings.AWS_ENDPOINT_URL_SESV2 ?? `https://email.${settings.AWS_REGION}.amazonaws.com`;
  try {
    const answer = await aws.call(`${endpoint}/v2/email/account`, "ses", { method: "GET" });
    if (!answer.ok) return { known: false, error: codeOf(answer.status, answer.headers.get("x-amzn-errortype") ?? "") };
    const { SendingEnabled: sending, EnforcementStatus: standing, SendQuota } = Account.parse(jsonIn(answer));
    const { Max24HourSend: quota, SentLast24Hours: sent } = SendQuota;
    return { known: true, value: { sending, standing, quota, sent } };
  } catch (error) {
    return unanswered(error);
  }
}
