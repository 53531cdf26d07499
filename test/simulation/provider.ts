/** SNS and SES as far as reminders use them: they answer as AWS does, and remember every message that they accepted. */
import { answer } from "./network.ts";

export type Channel = "sms" | "email" | "push";
export type Published = {
  channel: Channel;
  address: string;
  text: string;
  title: string;
  data: Record<string, string>;
};

export type ProviderFault = "throttle" | "error" | "bad" | "quota" | "opted_out" | "disabled" | "not_found";

/** What a call to AWS asks for; null where it asks for something else than a message. */
export function readPublished(url: string, body: string): Published {
  if (url.startsWith("https://email.")) return readEmail(JSON.parse(body));
  const parameters = new URLSearchParams(body);
  const said = (name: string) => parameters.get(name) ?? "";
  if (said("Action") !== "Publish") throw new Error(`the simulated SNS knows no ${said("Action")}`);
  if (parameters.has("PhoneNumber"))
    return { channel: "sms", address: said("PhoneNumber"), text: said("Message"), title: "", data: {} };
  const { GCM, APNS } = JSON.parse(said("Message"));
  return {
    channel: "push",
    address: said("TargetArn"),
    ...(GCM ? readFcm(JSON.parse(GCM)) : readApns(JSON.parse(APNS))),
  };
}

type Letter = {
  Destination: { ToAddresses: [string] };
  Content: { Simple: { Subject: { Data: string }; Body: { Text: { Data: string } } } };
};
const readEmail = ({ Destination, Content: { Simple } }: Letter): Published => ({
  channel: "email",
  address: Destination.ToAddresses[0],
  text: Simple.Body.Text.Data,
  title: Simple.Subject.Data,
  data: {},
});

type Fcm = {
  fcmV1Message: { message: { notification: { title: string; body: string }; data: Record<string, string> } };
};
const readFcm = ({ fcmV1Message: { message } }: Fcm) => ({
  title: message.notification.title,
  text: message.notification.body,
  data: message.data,
});

type Apns = { aps: { alert: { title: string; body: string } } } & Record<string, unknown>;
const readApns = ({ aps, ...data }: Apns) => ({
  title: aps.alert.title,
  text: aps.alert.body,
  data: data as Record<string, string>,
});

const xml = (status: number, content: string) => answer(status, content, { "content-type": "text/xml" });
const json = (status: number, content: object, type = "") =>
  answer(status, JSON.stringify(content), {
    "content-type": "application/json",
    ...(type && { "x-amzn-errortype": type }),
  });

export function accepted({ channel }: Published, id: string): Response {
  if (channel === "email") return json(200, { MessageId: id });
  return xml(200, `<PublishResponse><PublishResult><MessageId>${id}</MessageId></PublishResult></PublishResponse>`);
}

const SNS = {
  throttle: [400, "Throttling", "Rate exceeded"],
  quota: [400, "Throttled", "Rate exceeded"],
  error: [500, "InternalError", "Internal error"],
  bad: [400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: is not valid to publish to"],
  opted_out: [400, "OptedOut", "The phone number has opted out"],
  disabled: [400, "EndpointDisabled", "Endpoint is disabled"],
  not_found: [
    400,
    "InvalidParameter",
    "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
  ],
} as const satisfies Record<ProviderFault, unknown>;

const SES = {
  throttle: [429, "TooManyRequestsException", "Too many requests"],
  quota: [400, "ThrottlingException", "Daily message quota exceeded."],
  error: [500, "InternalFailure", "The request processing has failed."],
  bad: [400, "MessageRejected", "Email address is not verified."],
  opted_out: [400, "MessageRejected", "Email address is not verified."],
  disabled: [400, "MessageRejected", "Email address is not verified."],
  not_found: [400, "MessageRejected", "Email address is not verified."],
} as const satisfies Record<ProviderFault, unknown>;

export function refused({ channel }: Published, fault: ProviderFault): Response {
  if (channel === "email") {
    const [status, type, message] = SES[fault];
    return json(status, { message }, type);
  }
  const [status, code, message] = SNS[fault];
  return xml(
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  );
}

/** Whether it says no for good to this address. */
export const isForGood = (fault: ProviderFault): boolean => !["throttle", "quota", "error"].includes(fault);
