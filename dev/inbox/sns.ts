import { randomUUID } from "node:crypto";
import type { Delivery, Incoming } from "./delivery.ts";
import type { Endpoint, Endpoints } from "./endpoints.ts";
import type { Faults } from "./faults.ts";
import { attributeMap, required } from "./parameters.ts";
import { invalidParameter, Refusal } from "./refusal.ts";
import { NEVER, type Outcome, type Reply } from "./reply.ts";
import type { BadSignature } from "./signature.ts";
import { publish } from "./sns-publish.ts";
import type { Topics } from "./topics.ts";
import { element, entries } from "./xml.ts";

const NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/";

/** A certificate of Apple's is good for a year. */
const CERTIFICATE_MS = 365 * 86_400_000;
const ENDING_MS = 7.5 * 86_400_000;

interface Done {
  result: string;
  cut?: boolean;
  after?: () => void;
}

export interface SnsRoom {
  region: string;
  endpoints: Endpoints;
  topics: Topics;
  delivery: Delivery;
  faults: Faults;
}

type Action = (parameters: URLSearchParams, room: SnsRoom, incoming: Incoming) => Promise<Done | typeof NEVER> | Done;

const ACTIONS: Record<string, Action> = {
  async Publish(parameters, room, incoming) {
    const published = await publish(parameters, incoming, room);
    if (published === NEVER) return NEVER;
    const { messageId, cut, bounced } = published;
    const result = element("MessageId", messageId);
    return bounced ? { result, cut, after: () => failLater(room, bounced, messageId) } : { result, cut };
  },

  CreatePlatformEndpoint(parameters, { endpoints }) {
    const attributes = attributeMap(parameters);
    const { arn } = endpoints.create(required(parameters, "PlatformApplicationArn"), required(parameters, "Token"), {
      customUserData: parameters.get("CustomUserData") ?? attributes.get("CustomUserData") ?? "",
      enabled: attributes.has("Enabled") ? truth(attributes.get("Enabled")!) : null,
    });
    return { result: element("EndpointArn", arn) };
  },

  GetPlatformApplicationAttributes(parameters, { endpoints, faults }) {
    const arn = required(parameters, "PlatformApplicationArn");
    const platform = endpoints.platformOf(arn);
    const enabled = String(!faults.has("push", "application_disabled"));
    const left = faults.has("push", "certificate_ending") ? ENDING_MS : CERTIFICATE_MS;
    const until = new Date(Date.now() + left).toISOString().replace(/\.\d+Z/, "Z");
    const attributes = { Enabled: enabled, ...(platform !== "GCM" && { AppleCertificateExpirationDate: until }) };
    return { result: entries("Attributes", attributes as Record<string, string>) };
  },

  GetEndpointAttributes(parameters, { endpoints }) {
    const endpoint = endpoints.get(required(parameters, "EndpointArn"));
    if (!endpoint) throw new Refusal("NotFound", "Endpoint does not exist", 404);
    const { enabled, token, custom_user_data } = endpoint;
    const attributes = { Enabled: String(enabled), Token: token };
    return {
      result: entries(
        "Attributes",
        custom_user_data ? { ...attributes, CustomUserData: custom_user_data } : attributes,
      ),
    };
  },

  SetEndpointAttributes(parameters, { endpoints }) {
    const changes: Partial<Endpoint> = {};
    const attributes = attributeMap(parameters);
    if (attributes.size === 0) throw invalidParameter("Attributes Reason: no value for required parameter");
    for (const [name, value] of attributes) {
      if (name === "Enabled") changes.enabled = truth(value);
      else if (name === "Token") changes.token = value;
      else if (name === "CustomUserData") changes.custom_user_data = value;
      else throw invalidParameter(`Attributes Reason: Invalid attribute name: ${name}`);
    }
    endpoints.set(required(parameters, "EndpointArn"), changes);
    return { result: "" };
  },

  DeleteEndpoint(parameters, { endpoints }) {
    endpoints.delete(required(parameters, "EndpointArn"));
    return { result: "" };
  },

  Subscribe(parameters, { topics }) {
    const topicArn = required(parameters, "TopicArn");
    const endpoint = required(parameters, "Endpoint");
    const confirm = topics.subscribe(topicArn, required(parameters, "Protocol"), endpoint);
    return { result: element("SubscriptionArn", "pending confirmation"), after: () => void confirm() };
  },

  ConfirmSubscription(parameters, { topics }) {
    const arn = topics.confirm(required(parameters, "TopicArn"), required(parameters, "Token"));
    return { result: element("SubscriptionArn", arn) };
  },
};

function truth(value: string): boolean {
  if (/^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  throw invalidParameter("Attributes Reason: Invalid value for attribute: Enabled");
}

/** A push that was accepted reaches nobody: the endpoint is disabled, and the topic hears of it. */
function failLater({ endpoints, topics }: SnsRoom, endpoint: Endpoint, messageId: string) {
  if (endpoints.get(endpoint.arn)) endpoints.set(endpoint.arn, { enabled: false });
  topics.publish({
    DeliveryAttempts: 1,
    EndpointArn: endpoint.arn,
    EventType: "DeliveryFailure",
    FailureMessage: "Platform token associated with the endpoint is not valid",
    FailureType: "InvalidPlatformToken",
    MessageId: messageId,
    Resource: endpoint.application,
    Service: "SNS",
    Time: new Date().toISOString(),
  });
}

/** One call in SNS's query protocol; throws Refusal. https://docs.aws.amazon.com/sns/latest/api/ */
export async function answerSns(parameters: URLSearchParams, room: SnsRoom, incoming: Incoming): Promise<Outcome> {
  const name = parameters.get("Action");
  if (!name) throw new Refusal("MissingAction", "The request must contain the parameter Action");
  const version = parameters.get("Version");
  if (!Object.hasOwn(ACTIONS, name) || (version !== null && version !== "2010-03-31")) {
    throw new Refusal(
      "InvalidAction",
      `Could not find operation ${name} for version ${version ?? "NO_VERSION_SPECIFIED"}`,
    );
  }
  const done = await ACTIONS[name]!(parameters, room, incoming);
  if (done === NEVER) return NEVER;
  const requestId = randomUUID();
  const result = done.result && `<${name}Result>${done.result}</${name}Result>`;
  const metadata = `<ResponseMetadata>${element("RequestId", requestId)}</ResponseMetadata>`;
  const body = `<${name}Response xmlns="${NAMESPACE}">${result}${metadata}</${name}Response>`;
  return { ...xml(200, requestId, body), cut: done.cut ?? false, after: done.after };
}

export function renderSnsRefusal({ code, message, status }: Refusal): Reply {
  const requestId = randomUUID();
  const error =
    element("Type", status < 500 ? "Sender" : "Receiver") + element("Code", code) + element("Message", message);
  return xml(
    status,
    requestId,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error>${error}</Error>${element("RequestId", requestId)}</ErrorResponse>`,
  );
}

const SIGNATURE_CODES = {
  missing: "MissingAuthenticationToken",
  incomplete: "IncompleteSignature",
  unknown_key: "InvalidClientTokenId",
  mismatch: "SignatureDoesNotMatch",
  expired: "RequestExpired",
};

export const snsSignatureRefusal = ({ fault, message }: BadSignature) =>
  new Refusal(SIGNATURE_CODES[fault], message, 403);

const xml = (status: number, requestId: string, body: string): Reply => ({
  status,
  headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
  body: `<?xml version="1.0"?>\n${body}\n`,
});
