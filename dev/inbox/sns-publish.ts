import { randomUUID } from "node:crypto";
import type { Delivery, Incoming } from "./delivery.ts";
import type { Endpoint, Endpoints } from "./endpoints.ts";
import type { Fault } from "./faults.ts";
import type { Draft } from "./message.ts";
import { checkReserved, messageAttributes } from "./parameters.ts";
import { parsePush } from "./push-payload.ts";
import { invalidParameter, Refusal } from "./refusal.ts";
import { NEVER } from "./reply.ts";

/** https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html */
const MAX_SMS_CHARACTERS = 1600;
const MAX_MESSAGE_BYTES = 262_144;

export interface Published {
  messageId: string;
  /** Accepted, but the answer gets lost. */
  cut: boolean;
  /** The endpoint of a push that is accepted and then fails. */
  bounced: Endpoint | null;
}

/** Publish to a phone number or to a device's endpoint. */
export async function publish(
  parameters: URLSearchParams,
  incoming: Incoming,
  { endpoints, delivery, region }: { endpoints: Endpoints; delivery: Delivery; region: string },
): Promise<Published | typeof NEVER> {
  const message = parameters.get("Message") ?? "";
  const targets = ["TopicArn", "TargetArn", "PhoneNumber"].filter((name) => parameters.has(name));
  if (targets.length === 0) throw invalidParameter("TopicArn or TargetArn Reason: no value for required parameter");
  if (targets.length > 1) throw invalidParameter(`${targets.join(" and ")} Reason: only one target is allowed`);
  if (message === "") throw invalidParameter("Empty message");
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalidParameter("Message too long");
  const attributes = messageAttributes(parameters);
  checkReserved(attributes);
  const headers = Object.fromEntries([...attributes].map(([name, { value }]) => [name, value]));

  const id = randomUUID();
  const structure = parameters.get("MessageStructure");
  const phoneNumber = parameters.get("PhoneNumber");
  const endpoint = phoneNumber === null ? findEndpoint(parameters, endpoints, region) : null;
  const blank = { id, subject: null, html: null, headers };
  const draft: Draft = endpoint
    ? { ...blank, channel: "push", to: endpoint.token, ...parsePush(endpoint.platform, message, structure) }
    : {
        ...blank,
        channel: "sms",
        to: checkNumber(phoneNumber ?? ""),
        title: null,
        text: smsText(message, structure),
        data: null,
      };

  const [fault = null] = await delivery.meet([draft], incoming);
  if (endpoint && fault?.kind === "endpoint_disabled") endpoints.set(endpoint.arn, { enabled: false });
  // Read again: it may have been disabled while a latency went by.
  if (endpoint && !endpoints.get(endpoint.arn)?.enabled) {
    throw new Refusal("EndpointDisabled", "Endpoint is disabled");
  }
  if (fault?.kind === "timeout") return NEVER;
  refuseFor(fault, draft.to);
  delivery.accept(incoming, [draft]);
  return { messageId: id, cut: fault?.kind === "drop_answer", bounced: fault?.kind === "bounce" ? endpoint : null };
}

function refuseFor(fault: Fault | null, to: string) {
  if (fault?.kind === "throttle") throw new Refusal("Throttling", "Rate exceeded");
  if (fault?.kind === "error") throw new Refusal("InternalError", "Internal error", 500);
  if (fault?.kind === "application_disabled") {
    throw new Refusal("PlatformApplicationDisabled", "Platform application is disabled");
  }
  if (fault?.kind === "opted_out") throw new Refusal("OptedOut", `Phone number ${to} has opted out of SMS messages`);
}

function findEndpoint(parameters: URLSearchParams, endpoints: Endpoints, region: string): Endpoint {
  if (parameters.has("TopicArn")) throw new Refusal("NotFound", "Topic does not exist", 404);
  const arn = parameters.get("TargetArn") ?? "";
  const itsRegion = /^arn:aws:sns:([a-z0-9-]+):\d{12}:endpoint\/[A-Z_]+\/[\w.-]+\/[0-9a-f-]{36}$/.exec(arn)?.[1];
  if (itsRegion !== region) throw invalidParameter("TargetArn Reason: not an endpoint of this region");
  const endpoint = endpoints.get(arn);
  if (!endpoint) throw new Refusal("NotFound", "No endpoint found for the target arn specified", 404);
  return endpoint;
}

function checkNumber(phoneNumber: string): string {
  if (!/^\+[1-9]\d{6,14}$/.test(phoneNumber)) {
    throw invalidParameter(`PhoneNumber Reason: ${phoneNumber} is not valid to publish to`);
  }
  return phoneNumber;
}

function smsText(message: string, structure: string | null): string {
  const text = structure === "json" ? smsEntry(message) : message;
  if (text === "") throw invalidParameter("Empty message");
  if (text.length > MAX_SMS_CHARACTERS) {
    throw invalidParameter(`Message Reason: an SMS has at most ${MAX_SMS_CHARACTERS} characters`);
  }
  return text;
}

function smsEntry(message: string): string {
  try {
    const entries = JSON.parse(message) as { sms?: unknown; default?: unknown };
    const text = entries.sms ?? entries.default;
    if (typeof entries.default === "string" && typeof text === "string") return text;
  } catch {
    throw invalidParameter("Message Structure - JSON message body failed to parse");
  }
  throw invalidParameter("Message Structure - No default entry in JSON message body");
}
