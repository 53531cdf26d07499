import { invalidParameter } from "./refusal.ts";

/** FCM and APNs take no more than this. https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html */
const MAX_PAYLOAD_BYTES = 4096;

export interface Push {
  title: string;
  text: string;
  data: Record<string, string>;
}

type Json = Record<string, unknown>;

/**
 * What the device shows of a Publish to its endpoint.
 * @param platform as the endpoint's ARN names it: GCM, APNS, APNS_SANDBOX
 */
export function parsePush(platform: string, message: string, structure: string | null): Push {
  if (structure === null) return plain(platform, message);
  if (structure !== "json") throw invalidParameter("MessageStructure Reason: json is the only structure");
  const byPlatform = object(parse(message));
  if (!byPlatform) throw invalidParameter("Message Structure - JSON message body failed to parse");
  const payload = byPlatform[platform];
  if (payload === undefined) {
    if (typeof byPlatform.default === "string") return plain(platform, byPlatform.default);
    throw invalidParameter("Message Structure - No default entry in JSON message body");
  }
  const refuse = (reason: string) => invalidParameter(`Message Reason: ${platform} ${reason}`);
  if (typeof payload !== "string") throw refuse("must be a string that holds JSON");
  if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) throw refuse(`payload is over ${MAX_PAYLOAD_BYTES} bytes`);
  const content = object(parse(payload));
  if (!content) throw refuse("must hold a JSON object");
  return platform === "GCM" ? fcm(content, refuse) : apns(content, refuse);
}

function plain(platform: string, text: string): Push {
  if (Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) {
    throw invalidParameter(`Message Reason: ${platform} payload is over ${MAX_PAYLOAD_BYTES} bytes`);
  }
  return { title: "", text, data: {} };
}

function fcm(content: Json, refuse: (reason: string) => Error): Push {
  const message = object(object(content.fcmV1Message)?.message);
  if (!message) throw refuse("must hold fcmV1Message.message");
  for (const target of ["token", "topic", "condition"]) {
    if (target in message) throw refuse(`must not name a ${target}: the endpoint does`);
  }
  const notification = message.notification === undefined ? {} : object(message.notification);
  if (!notification) throw refuse("notification must be an object");
  for (const field of ["title", "body"]) {
    if (notification[field] !== undefined && typeof notification[field] !== "string") {
      throw refuse(`notification.${field} must be a string`);
    }
  }
  const data = message.data === undefined ? {} : object(message.data);
  if (!data) throw refuse("data must be an object");
  for (const [key, value] of Object.entries(data)) {
    if (typeof value !== "string") throw refuse(`data.${key} must be a string`);
    if (/^(from|message_type|google\.?.*|gcm.*)$/.test(key)) throw refuse(`data.${key} is a reserved name`);
  }
  return {
    title: (notification.title as string | undefined) ?? "",
    text: (notification.body as string | undefined) ?? "",
    data: data as Record<string, string>,
  };
}

/** What stands beside `aps` is the app's own. */
function apns({ aps, ...own }: Json, refuse: (reason: string) => Error): Push {
  const alert = object(aps)?.alert;
  const parts = typeof alert === "string" ? { body: alert } : object(alert);
  if (!parts) throw refuse("must hold aps.alert");
  const part = (name: string) => {
    const value = (parts as Json)[name] ?? "";
    if (typeof value !== "string") throw refuse(`aps.alert.${name} must be a string`);
    return value;
  };
  const data = Object.entries(own).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return { title: part("title"), text: part("body"), data: Object.fromEntries(data) };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const object = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
