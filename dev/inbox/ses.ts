import { randomBytes, randomUUID } from "node:crypto";
import type { Delivery, Incoming } from "./delivery.ts";
import type { Json } from "./email-parts.ts";
import { type Letter, parseSendBulkEmail, parseSendEmail } from "./email-requests.ts";
import type { Fault, Faults } from "./faults.ts";
import type { Draft, Message } from "./message.ts";
import { Refusal } from "./refusal.ts";
import { NEVER, type Outcome, type Reply } from "./reply.ts";
import type { BadSignature } from "./signature.ts";
import type { Topics } from "./topics.ts";

export interface SesRoom {
  delivery: Delivery;
  topics: Topics;
  /** Messages accepted since the start, for GetAccount. */
  sentCount(): number;
  faults: Faults;
}

interface Ready {
  messageId: string;
  letter: Letter;
  drafts: Draft[];
  fault: Fault | null;
}

/** One call in SES's API v2; throws Refusal. https://docs.aws.amazon.com/ses/latest/APIReference-V2/ */
export async function answerSes(path: string, incoming: Incoming, room: SesRoom): Promise<Outcome> {
  const { method, body } = incoming.call;
  if (path === "/v2/email/account" && method === "GET")
    return json(200, account(room.sentCount(), room.faults.has("email", "paused")));
  if (path === "/v2/email/outbound-emails" && method === "POST") {
    return sendEmail(parseSendEmail(parseBody(body)), incoming, room);
  }
  if (path === "/v2/email/outbound-bulk-emails" && method === "POST") {
    return sendBulk(parseSendBulkEmail(parseBody(body)), incoming, room);
  }
  throw new Refusal("UnknownOperationException", "The local SES does not know this operation", 404);
}

async function sendEmail(letter: Letter, incoming: Incoming, room: SesRoom): Promise<Outcome> {
  const [ready] = await prepare([letter], incoming, room);
  const { fault, messageId, drafts } = ready!;
  if (fault?.kind === "timeout") return NEVER;
  if (fault) refuseFor(fault);
  const accepted = room.delivery.accept(incoming, drafts);
  return {
    ...json(200, { MessageId: messageId }),
    cut: fault?.kind === "drop_answer",
    after: fault?.kind === "bounce" ? () => bounce(letter, messageId, accepted, room.topics) : undefined,
  };
}

async function sendBulk(entries: (Letter | { error: string })[], incoming: Incoming, room: SesRoom): Promise<Outcome> {
  const letters = entries.filter((entry) => "from" in entry);
  const ready = await prepare(letters, incoming, room);
  if (ready.some(({ fault }) => fault?.kind === "timeout")) return NEVER;
  // A fault of one address fails its entry; one of the whole channel fails the call.
  for (const { fault } of ready) if (fault && fault.to === undefined) refuseFor(fault);
  const bounces: (() => void)[] = [];
  let next = 0;
  const results = entries.map((entry) => {
    if (!("from" in entry)) return { Status: "INVALID_PARAMETER", Error: entry.error };
    const { letter, fault, messageId, drafts } = ready[next++]!;
    const status = fault && ENTRY_STATUS[fault.kind];
    if (status) return { Status: status, Error: fault.kind };
    const accepted = room.delivery.accept(incoming, drafts);
    if (fault?.kind === "bounce") bounces.push(() => bounce(letter, messageId, accepted, room.topics));
    return { Status: "SUCCESS", MessageId: messageId };
  });
  return {
    ...json(200, { BulkEmailEntryResults: results }),
    cut: ready.some(({ fault }) => fault?.kind === "drop_answer"),
    after: () => {
      for (const send of bounces) send();
    },
  };
}

const ENTRY_STATUS: Partial<Record<Fault["kind"], string>> = {
  throttle: "ACCOUNT_THROTTLED",
  daily_quota: "ACCOUNT_DAILY_QUOTA_EXCEEDED",
  paused: "ACCOUNT_SENDING_PAUSED",
  error: "TRANSIENT_FAILURE",
};

/** Turns letters into drafts, one a recipient; the first fault that a recipient meets is the letter's. */
async function prepare(letters: Letter[], incoming: Incoming, { delivery }: SesRoom): Promise<Ready[]> {
  const ready = letters.map((letter): Ready => {
    const messageId = `0107${randomBytes(6).toString("hex")}-${randomUUID()}-000000`;
    return { messageId, letter, drafts: draftsOf(letter, messageId), fault: null };
  });
  const faults = await delivery.meet(
    ready.flatMap(({ drafts }) => drafts),
    incoming,
  );
  for (const each of ready) each.fault = faults.splice(0, each.drafts.length).find((fault) => fault !== null) ?? null;
  return ready;
}

const draftsOf = ({ recipients, subject, text, html, headers }: Letter, messageId: string): Draft[] =>
  [...new Set(recipients)].map((to, index) => ({
    id: index === 0 ? messageId : `${messageId}-${index + 1}`,
    channel: "email",
    to,
    title: null,
    subject,
    text,
    html,
    data: null,
    headers,
  }));

function refuseFor({ kind }: Fault) {
  if (kind === "throttle") throw new Refusal("ThrottlingException", "Maximum sending rate exceeded.");
  if (kind === "daily_quota") throw new Refusal("ThrottlingException", "Daily message quota exceeded.");
  if (kind === "paused") throw new Refusal("SendingPausedException", "Email sending is disabled for this account.");
  if (kind === "error") throw new Refusal("InternalFailure", "The request processing has failed.", 500);
}

/** What SES tells the topic about a hard bounce; with a configuration set it is an event, without one a notification. */
function bounce(letter: Letter, messageId: string, accepted: Message[], topics: Topics) {
  const timestamp = new Date().toISOString();
  const { from, headers, subject } = letter;
  const destination = accepted.map(({ to }) => to);
  topics.publish({
    [letter.configurationSet === null ? "notificationType" : "eventType"]: "Bounce",
    mail: {
      timestamp: new Date(accepted[0]!.accepted_at).toISOString(),
      source: from,
      messageId,
      destination,
      headersTruncated: false,
      headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
      commonHeaders: { from: [from], to: destination, subject, messageId },
      ...(letter.configurationSet !== null && { tags: { "ses:configuration-set": [letter.configurationSet] } }),
    },
    bounce: {
      feedbackId: `0107${randomUUID()}-000000`,
      bounceType: "Permanent",
      bounceSubType: "General",
      timestamp,
      bouncedRecipients: destination.map((emailAddress) => ({
        emailAddress,
        action: "failed",
        status: "5.1.1",
        diagnosticCode: "smtp; 550 5.1.1 user unknown",
      })),
    },
  });
}

const account = (sent: number, paused: boolean) => ({
  DedicatedIpAutoWarmupEnabled: false,
  EnforcementStatus: paused ? "SHUTDOWN" : "HEALTHY",
  ProductionAccessEnabled: true,
  SendingEnabled: !paused,
  SendQuota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: sent },
});

function parseBody(body: string): Json {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Json;
  } catch {}
  throw new Refusal("SerializationException", "The body is not a JSON object");
}

export const renderSesRefusal = ({ code, message, status }: Refusal): Reply =>
  json(status, { message }, { "x-amzn-errortype": code });

const SIGNATURE_CODES = {
  missing: "MissingAuthenticationTokenException",
  incomplete: "IncompleteSignatureException",
  unknown_key: "UnrecognizedClientException",
  mismatch: "InvalidSignatureException",
  expired: "InvalidSignatureException",
};

export const sesSignatureRefusal = ({ fault, message }: BadSignature) =>
  new Refusal(SIGNATURE_CODES[fault], message, 403);

const json = (status: number, body: object, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { "content-type": "application/json", "x-amzn-requestid": randomUUID(), ...headers },
  body: JSON.stringify(body),
});
