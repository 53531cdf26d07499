/** Calls to SNS and SES signed by aws4fetch, as the Worker makes them. */
import { AwsClient } from "aws4fetch";

export const REGION = "eu-central-1";
export const credentials = { region: REGION, accessKeyId: "AKIATEST", secretAccessKey: "secret/with+signs=" };
export const GCM = `arn:aws:sns:${REGION}:000000000000:app/GCM/torium`;
export const APNS = `arn:aws:sns:${REGION}:000000000000:app/APNS/torium`;

const client = new AwsClient({ ...credentials, retries: 0 });
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** Answers the status, the raw text and, where it is XML, its elements by name. */
export async function sns(url: string, action: string, parameters: Record<string, string>, init: RequestInit = {}) {
  const body = new URLSearchParams({ Action: action, Version: "2010-03-31", ...parameters }).toString();
  const answer = await client.fetch(`${url}/`, {
    ...init,
    method: "POST",
    headers: FORM,
    body,
    aws: { service: "sns" },
  });
  const text = await answer.text();
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return { status: answer.status, text, code: element("Code"), message: element("Message"), element };
}

export async function ses(url: string, path: string, request?: object, init: RequestInit = {}) {
  const body = request && { method: "POST", body: JSON.stringify(request) };
  const headers = { "content-type": "application/json" };
  const answer = await client.fetch(`${url}/v2/email/${path}`, { ...init, ...body, headers, aws: { service: "ses" } });
  const json = (await answer.json()) as { MessageId?: string; message?: string; BulkEmailEntryResults?: Entry[] };
  return { status: answer.status, type: answer.headers.get("x-amzn-errortype"), ...json };
}

interface Entry {
  Status: string;
  MessageId?: string;
  Error?: string;
}

export const sendSms = (url: string, to: string, text: string, init?: RequestInit) =>
  sns(url, "Publish", { PhoneNumber: to, Message: text }, init);

export const email = (to: string | string[], changes: object = {}, simple: object = {}) => ({
  FromEmailAddress: "Torium <reminders@torium.test>",
  Destination: { ToAddresses: [to].flat() },
  Content: {
    Simple: {
      Subject: { Data: "Dinner tonight", Charset: "UTF-8" },
      Body: { Text: { Data: "Dinner at 19:00" }, Html: { Data: "<p>Dinner at <b>19:00</b></p>" } },
      Headers: [{ Name: "List-Unsubscribe", Value: "<https://torium.test/unsubscribe?t=1>" }],
      ...simple,
    },
  },
  ...changes,
});

export const sendEmail = (url: string, to: string | string[], simple: object = {}, init?: RequestInit) =>
  ses(url, "outbound-emails", email(to, {}, simple), init);

export async function registerDevice(url: string, token: string, application = GCM, more: Record<string, string> = {}) {
  const made = await sns(url, "CreatePlatformEndpoint", { PlatformApplicationArn: application, Token: token, ...more });
  return made.element("EndpointArn") ?? `refused: ${made.message}`;
}

export const fcm = (message: object) =>
  JSON.stringify({ default: "x", GCM: JSON.stringify({ fcmV1Message: { message } }) });

export const sendPush = (url: string, arn: string, title: string, body: string, data: Record<string, string> = {}) =>
  sns(url, "Publish", {
    TargetArn: arn,
    MessageStructure: "json",
    Message: fcm({ notification: { title, body }, data }),
  });
