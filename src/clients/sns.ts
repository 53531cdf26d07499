/** Amazon SNS: SMS, mobile push, device endpoints. Query protocol, XML answers. https://docs.aws.amazon.com/sns/latest/api/ */
import type { Settings } from "../env.ts";
import { AppError } from "../errors.ts";
import { type Aws, awsClient, lost, type Outcome, refusal } from "./aws.ts";

export type Push = {
  title: string;
  body: string;
  /** Values are text: FCM refuses others. */
  data: Record<string, string>;
  /** Two pushes of one id show as one on the phone. */
  collapse_id: string;
  /** Seconds that the push service keeps it for a phone that is off. */
  ttl_seconds: number;
};

export type Platform = "fcm" | "apns";

export type Sns = {
  publishSms(phoneNumber: string, message: string): Promise<Outcome>;
  publishPush(deviceArn: string, push: Push): Promise<Outcome>;
  /** The endpoint of a device's token, enabled. Throws `unavailable`, or `invalid_input` where the token is refused. */
  registerDevice(platform: Platform, token: string): Promise<string>;
  /** SNS forgets the endpoint. Safe to repeat: one that it does not know, or whose application is gone, is forgotten. Throws `unavailable`. */
  deleteEndpoint(deviceArn: string): Promise<void>;
};

type Answer = { ok: true; xml: string } | { ok: false; status: number; code: string; message: string };

export function snsClient(settings: Settings, aws: Aws = awsClient(settings)): Sns {
  const endpoint = `${settings.AWS_ENDPOINT_URL_SNS ?? `https://sns.${settings.AWS_REGION}.amazonaws.com`}/`;

  async function call(action: string, parameters: Record<string, string>): Promise<Answer> {
    // aws4fetch cannot hash a URLSearchParams body: it gets the text.
    const body = new URLSearchParams({ Action: action, Version: "2010-03-31", ...parameters }).toString();
    const response = await aws.call(endpoint, "sns", {
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    const xml = response.text;
    if (response.ok) return { ok: true, xml };
    return {
      ok: false,
      status: response.status,
      code: element(xml, "Code") ?? "",
      message: element(xml, "Message") ?? "",
    };
  }

  async function publish(parameters: Record<string, string>): Promise<Outcome> {
    try {
      const answer = await call("Publish", parameters);
      if (!answer.ok) return refusal(answer.status, isUnknownEndpoint(answer) ? "NotFound" : answer.code);
      return { outcome: "sent", provider_message_id: element(answer.xml, "MessageId") ?? "" };
    } catch (error) {
      return lost(error);
    }
  }

  return {
    publishSms: (phoneNumber, message) =>
      publish({
        PhoneNumber: phoneNumber,
        Message: message,
        ...attributes({
          "AWS.SNS.SMS.SMSType": "Transactional",
          ...(settings.SMS_SENDER_ID && { "AWS.SNS.SMS.SenderID": settings.SMS_SENDER_ID }),
        }),
      }),

    publishPush: (deviceArn, push) => {
      const apns = deviceArn.includes(":endpoint/APNS");
      const ttl = { [apns ? "AWS.SNS.MOBILE.APNS.TTL" : "AWS.SNS.MOBILE.FCM.TTL"]: String(push.ttl_seconds) };
      const apnsOnly = apns
        ? { "AWS.SNS.MOBILE.APNS.COLLAPSE_ID": push.collapse_id, "AWS.SNS.MOBILE.APNS.PUSH_TYPE": "alert" }
        : {};
      return publish({
        TargetArn: deviceArn,
        MessageStructure: "json",
        Message: JSON.stringify(payload(deviceArn, push)),
        ...attributes({ ...ttl, ...apnsOnly }),
      });
    },

    async registerDevice(platform, token) {
      const application =
        platform === "fcm" ? settings.SNS_PLATFORM_APPLICATION_ARN_FCM : settings.SNS_PLATFORM_APPLICATION_ARN_APNS;
      if (!application) {
        throw new AppError("invalid_input", "The request is not valid", {
          issues: [{ path: "platform", message: "is not served here" }],
        });
      }
      try {
        const created = await call("CreatePlatformEndpoint", { PlatformApplicationArn: application, Token: token });
        const arn = created.ok
          ? element(created.xml, "EndpointArn")
          : /Endpoint (arn:\S+) already exists/.exec(created.message)?.[1];
        if (!arn) throw refusedToken(created);
        // A known endpoint may be disabled or hold an older token; creating it again mends neither.
        const found = await call("GetEndpointAttributes", { EndpointArn: arn });
        const current = found.ok ? entries(found.xml) : {};
        if (current.Enabled !== "true" || current.Token !== token) {
          const set = await call("SetEndpointAttributes", {
            EndpointArn: arn,
            "Attributes.entry.1.key": "Enabled",
            "Attributes.entry.1.value": "true",
            "Attributes.entry.2.key": "Token",
            "Attributes.entry.2.value": token,
          });
          if (!set.ok) throw refusedToken(set);
        }
        return arn;
      } catch (error) {
        throw error instanceof AppError ? error : outOfReach(error);
      }
    },

    async deleteEndpoint(deviceArn) {
      const answer = await call("DeleteEndpoint", { EndpointArn: deviceArn }).catch((error: unknown) => {
        throw outOfReach(error);
      });
      if (answer.ok || answer.code === "NotFound" || answer.code === "InvalidParameter") return;
      throw outOfReach(new Error(`DeleteEndpoint answered ${answer.status}`));
    },
  };
}

/** Publish calls an endpoint that was deleted an invalid parameter, and only its words say which fault it is. */
const isUnknownEndpoint = ({ code, message }: { code: string; message: string }) =>
  code === "InvalidParameter" && message.includes("No endpoint found");

const outOfReach = (cause: unknown) =>
  new AppError("unavailable", "The push service is out of reach for a moment", { retryAfter: 5, cause });

function refusedToken(answer: Answer): AppError {
  if (!answer.ok && answer.status < 500 && answer.code === "InvalidParameter") {
    return new AppError("invalid_input", "The request is not valid", {
      issues: [{ path: "device_token", message: "is refused by the push service" }],
    });
  }
  return outOfReach(undefined);
}

const attributes = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value], index) => [
      [`MessageAttributes.entry.${index + 1}.Name`, name],
      [`MessageAttributes.entry.${index + 1}.Value.DataType`, "String"],
      [`MessageAttributes.entry.${index + 1}.Value.StringValue`, value],
    ]),
  );

/** SNS wants each platform's message as text inside the JSON; `default` is required and never shown. */
function payload(deviceArn: string, push: Push): Record<string, string> {
  const apns = /:endpoint\/(APNS(?:_SANDBOX)?)\//.exec(deviceArn)?.[1];
  if (apns) {
    const aps = { alert: { title: push.title, body: push.body }, sound: "default" };
    return { default: push.title, [apns]: JSON.stringify({ aps, ...push.data }) };
  }
  const message = {
    notification: { title: push.title, body: push.body },
    data: push.data,
    android: { priority: "high", collapse_key: push.collapse_id, notification: { tag: push.collapse_id } },
  };
  return { default: push.title, GCM: JSON.stringify({ fcmV1Message: { message } }) };
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const decodeXml = (xml: string) => xml.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? "");

/** The text of an element that appears once in an answer; null where it does not. */
function element(xml: string, name: string): string | null {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return found === undefined ? null : decodeXml(found);
}

function entries(xml: string): Record<string, string> {
  const found = xml.matchAll(/<key>([^<]*)<\/key>\s*<value>([^<]*)<\/value>/g);
  return Object.fromEntries([...found].map(([, key, value]) => [decodeXml(key!), decodeXml(value!)]));
}
