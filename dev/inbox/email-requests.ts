import {
  badRequest,
  checkTags,
  type Json,
  listField,
  objectField,
  parseAddress,
  parseHeaders,
  textField,
} from "./email-parts.ts";

export interface Letter {
  from: string;
  recipients: string[];
  headers: Record<string, string>;
  subject: string;
  text: string;
  html: string | null;
  configurationSet: string | null;
}

const MAX_RECIPIENTS = 50;

/** SendEmail with simple content. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html */
export function parseSendEmail(request: Json): Letter {
  const sender = parseSender(request);
  checkTags(listField(request, "EmailTags"));
  const recipients = parseRecipients(objectField(request, "Destination"));
  if (recipients.length > MAX_RECIPIENTS) throw badRequest(`Recipient count exceeds ${MAX_RECIPIENTS}.`);
  const content = objectField(request, "Content");
  const simple = objectField(content, "Simple");
  if (!simple) throw badRequest("Content.Simple is required: the local SES takes no raw or stored content");
  const body = objectField(simple, "Body");
  const text = part(body, "Text");
  const html = part(body, "Html");
  if (text === undefined && html === undefined) throw badRequest("Content.Simple.Body must hold Text or Html");
  return {
    ...sender,
    recipients,
    headers: { ...sender.headers, ...parseHeaders(listField(simple, "Headers")) },
    subject: oneLine(part(simple, "Subject")),
    text: text ?? "",
    html: html ?? null,
  };
}

/**
 * SendBulkEmail with an inline template: one letter an entry, or what is wrong with that entry.
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
 */
export function parseSendBulkEmail(request: Json): (Letter | { error: string })[] {
  const sender = parseSender(request);
  const entries = listField(request, "BulkEmailEntries") as Json[];
  if (entries.length === 0) throw badRequest("BulkEmailEntries is required");
  if (entries.length > MAX_RECIPIENTS) throw badRequest(`BulkEmailEntries holds more than ${MAX_RECIPIENTS} entries`);
  const template = objectField(objectField(request, "DefaultContent"), "Template");
  const inline = objectField(template, "TemplateContent");
  if (!inline)
    throw badRequest("DefaultContent.Template.TemplateContent is required: the local SES stores no templates");
  const defaults = parseData(textField(template, "TemplateData"));
  const headers = { ...sender.headers, ...parseHeaders(listField(template, "Headers")) };
  const subject = textField(inline, "Subject");
  const [text, html] = [textField(inline, "Text"), textField(inline, "Html")];
  if (text === undefined && html === undefined) throw badRequest("TemplateContent must hold Text or Html");
  return entries.map((entry) => {
    try {
      const recipients = parseRecipients(objectField(entry, "Destination"));
      const replacement = objectField(objectField(entry, "ReplacementEmailContent"), "ReplacementTemplate");
      const data = { ...defaults, ...parseData(textField(replacement, "ReplacementTemplateData")) };
      return {
        ...sender,
        recipients,
        headers: { ...headers, ...parseHeaders(listField(entry, "ReplacementHeaders")) },
        subject: oneLine(fill(subject ?? "", data)),
        text: fill(text ?? "", data),
        html: html === undefined ? null : fill(html, data),
      };
    } catch (error) {
      return { error: (error as Error).message };
    }
  });
}

function parseSender(request: Json): Pick<Letter, "from" | "headers" | "configurationSet"> {
  const from = textField(request, "FromEmailAddress");
  if (!from) throw badRequest("Missing required header 'From'.");
  parseAddress(from);
  const replyTo = listField(request, "ReplyToAddresses");
  for (const address of replyTo) parseAddress(address);
  const headers: Record<string, string> = { From: from };
  if (replyTo.length > 0) headers["Reply-To"] = replyTo.join(", ");
  return { from, headers, configurationSet: textField(request, "ConfigurationSetName") ?? null };
}

function parseRecipients(destination: Json | undefined): string[] {
  const lists = ["ToAddresses", "CcAddresses", "BccAddresses"].map((name) => listField(destination, name));
  const recipients = lists.flat().map(parseAddress);
  if (recipients.length === 0) throw badRequest("Destination must hold an address");
  return recipients;
}

function part(parent: Json | undefined, name: string): string | undefined {
  const content = objectField(parent, name);
  if (!content) return undefined;
  const data = textField(content, "Data");
  if (data === undefined) throw badRequest(`${name}.Data is required`);
  return data;
}

function oneLine(subject: string | undefined): string {
  if (subject === undefined) throw badRequest("Subject is required");
  if (/[\r\n]/.test(subject)) throw badRequest("Subject must be one line");
  return subject;
}

function parseData(json: string | undefined): Json {
  if (json === undefined) return {};
  try {
    const data: unknown = JSON.parse(json);
    if (typeof data === "object" && data !== null) return data as Json;
  } catch {}
  throw badRequest("TemplateData must hold a JSON object");
}

/** Replaces `{{name}}`; SES does not escape what it fills in. Handlebars' blocks are more than this SES knows. */
function fill(template: string, data: Json): string {
  return template.replace(/\{\{\{?\s*([^{}]*?)\s*\}?\}\}/g, (_, name: string) => {
    const value = /^\w+$/.test(name) && Object.hasOwn(data, name) ? data[name] : undefined;
    if (value === undefined) throw badRequest(`Attribute '${name}' is not present in the rendering data`);
    return String(value);
  });
}
