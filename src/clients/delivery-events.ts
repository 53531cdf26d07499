/**
 * What the feedback topics tell of a message that was accepted, in the shapes of SES's notifications (`notificationType`), SES's published events
 * (`eventType`) and SNS's events of platform applications (`EventType`).
 * https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
 * https://docs.aws.amazon.com/sns/latest/dg/application-event-notifications.html
 */
import * as z from "zod";
import { invalidInput } from "../errors.ts";

/** `code` is the provider's, made of letters and dots. Addresses are in lower case, `at` is ms. */
export type DeliveryEvent =
  | {
      kind: "bounced" | "complained";
      provider_message_id: string;
      addresses: string[];
      code: string;
      delivered: boolean;
    }
  | { kind: "push_failed"; provider_message_id: string; device_arn: string; code: string; dead: boolean; at: number }
  | { kind: "endpoint_deleted"; device_arn: string; code: string; at: number };

/** As PostgreSQL can hold it. */
const name = z.string().regex(/^[\x21-\x7e]{1,512}$/);
const people = z.array(z.object({ emailAddress: z.string() }));
const mail = z.object({ messageId: name, destination: z.array(z.string()).default([]) });
const Bounce = z.object({
  mail,
  bounce: z.object({ bounceType: z.string(), bounceSubType: z.string().default(""), bouncedRecipients: people }),
});
const Complaint = z.object({
  mail,
  complaint: z.object({
    complainedRecipients: people,
    complaintSubType: z.string().nullish(),
    complaintFeedbackType: z.string().nullish(),
  }),
});
const PushFailure = z.object({
  EndpointArn: name,
  MessageId: name,
  FailureType: z.string().default("DeliveryFailure"),
  Time: z.iso.datetime(),
});
const EndpointDeleted = PushFailure.pick({ EndpointArn: true, Time: true });

const Told = z.object({
  notificationType: z.string().optional(),
  eventType: z.string().optional(),
  EventType: z.string().optional(),
});

/**
 * Null where it says nothing that we act on: other events, soft bounces, a mail that somebody called no spam, a text. Throws
 * invalid_input where it says it wrongly.
 */
export function readDeliveryEvent(message: string): DeliveryEvent | null {
  const told = jsonOf(message);
  const { notificationType, eventType, EventType } = Told.safeParse(told).data ?? {};
  switch (notificationType ?? eventType ?? EventType) {
    case "Bounce":
      return bounced(parse(Bounce, told));
    case "Complaint":
      return complained(parse(Complaint, told));
    case "DeliveryFailure":
      return pushFailed(parse(PushFailure, told));
    case "EndpointDeleted": {
      const { EndpointArn, Time } = parse(EndpointDeleted, told);
      return { kind: "endpoint_deleted", device_arn: EndpointArn, code: "EndpointDeleted", at: Date.parse(Time) };
    }
    default:
      return null;
  }
}

/** A soft bounce is a full mailbox, or an answer by a machine: the address works. */
function bounced({ mail: { messageId, destination }, bounce }: z.infer<typeof Bounce>): DeliveryEvent | null {
  if (bounce.bounceType !== "Permanent") return null;
  return {
    kind: "bounced",
    provider_message_id: messageId,
    addresses: addressesOf(destination, bounce.bouncedRecipients),
    code: codeOf("Bounce", bounce.bounceSubType),
    delivered: false,
  };
}

/** On the account's own list, a mail was never sent; every other complaint is about one that was read. */
function complained({ mail: { messageId, destination }, complaint }: z.infer<typeof Complaint>): DeliveryEvent | null {
  if (complaint.complaintFeedbackType === "not-spam") return null;
  return {
    kind: "complained",
    provider_message_id: messageId,
    addresses: addressesOf(destination, complaint.complainedRecipients),
    code: codeOf("Complaint", complaint.complaintSubType ?? ""),
    delivered: complaint.complaintSubType !== "OnAccountSuppressionList",
  };
}

/** The failures that are the device's own: the others (too large, our credentials) say nothing against it. */
const DEAD = /^(InvalidPlatformToken|PlatformTokenExpired|EndpointDisabled|Unregistered|NotFound)/;

const pushFailed = ({ EndpointArn, MessageId, FailureType, Time }: z.infer<typeof PushFailure>): DeliveryEvent => ({
  kind: "push_failed",
  provider_message_id: MessageId,
  device_arn: EndpointArn,
  code: codeOf("DeliveryFailure", FailureType === "DeliveryFailure" ? "" : FailureType),
  dead: DEAD.test(FailureType),
  at: Date.parse(Time),
});

/** A mailbox that forwards lets the other one bounce: what we wrote to is what counts, where it is one address. */
function addressesOf(destination: string[], named: z.infer<typeof people>): string[] {
  const reported = named.map(({ emailAddress }) => bare(emailAddress));
  const written = destination.map(bare);
  return [...new Set(written.length === 1 ? written : reported)].filter(isAddress);
}

/** "Ann <ann@example.org>" as ann@example.org. */
const bare = (address: string) => (/<([^<>]+)>\s*$/.exec(address)?.[1] ?? address).trim().toLowerCase();
const isAddress = (text: string) => text.length <= 320 && /^[^\s@\0]+@[^\s@\0]+$/.test(text) && text.isWellFormed();

const codeOf = (kind: string, detail: string) => (/^[A-Za-z]{1,60}$/.test(detail) ? `${kind}.${detail}` : kind);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, told: unknown): z.output<Schema> {
  const parsed = schema.safeParse(told);
  if (!parsed.success) throw invalidInput(parsed.error.issues);
  return parsed.data;
}
