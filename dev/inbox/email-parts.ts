import { Refusal } from "./refusal.ts";

export type Json = Record<string, unknown>;

export const badRequest = (message: string) => new Refusal("BadRequestException", message);

/** An object field; `undefined` where it is absent. */
export function objectField(parent: Json | undefined, name: string): Json | undefined {
  const value = parent?.[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw badRequest(`${name} must be an object`);
  return value as Json;
}

export function textField(parent: Json | undefined, name: string): string | undefined {
  const value = parent?.[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw badRequest(`${name} must be a string`);
  return value;
}

export function listField(parent: Json | undefined, name: string): unknown[] {
  const value = parent?.[name] ?? [];
  if (!Array.isArray(value)) throw badRequest(`${name} must be a list`);
  return value;
}

/** The bare address, in lower case, of `ann@example.org` or `Ann <ann@example.org>` (RFC 5322, 3.4); SES takes ASCII only. */
export function parseAddress(given: unknown): string {
  if (typeof given !== "string" || given.trim() === "") throw badRequest("Illegal address");
  if (/[^\x20-\x7e]/.test(given)) throw badRequest("Local address contains control or whitespace");
  const bare = (/^[^<>]*<([^<>]*)>\s*$/.exec(given)?.[1] ?? given).trim();
  const [local, domain, ...more] = bare.split("@");
  if (!domain) throw badRequest("Missing final '@domain'");
  if (
    more.length > 0 ||
    !local ||
    !/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local)
  ) {
    throw badRequest("Illegal address");
  }
  if (local.length > 64) throw badRequest("Local part is over 64 characters");
  if (!/^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,}$/.test(domain)) {
    throw badRequest("Domain contains illegal character");
  }
  return bare.toLowerCase();
}

/** Fields that SES writes itself or takes from elsewhere in the call. */
const OWN_FIELDS = new Set(
  (
    "from to cc bcc sender reply-to return-path subject date message-id mime-version received " +
    "content-type content-transfer-encoding content-disposition dkim-signature"
  ).split(" "),
);
const MAX_HEADERS = 15;

/** `Headers` of simple content. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageHeader.html */
export function parseHeaders(list: unknown[]): Record<string, string> {
  if (list.length > MAX_HEADERS) throw badRequest(`At most ${MAX_HEADERS} headers are allowed`);
  const headers: Record<string, string> = {};
  const seen = new Set<string>();
  for (const entry of list) {
    const name = textField(entry as Json, "Name") ?? "";
    const value = textField(entry as Json, "Value") ?? "";
    const refuse = (reason: string) => badRequest(`Header <${name}> ${reason}`);
    if (!/^[!-9;-~]{1,126}$/.test(name)) throw refuse("must be 1 to 126 printable ASCII characters without a colon");
    if (!/^[ -~]{1,870}$/.test(value)) throw refuse("must have a value of 1 to 870 printable ASCII characters");
    if (OWN_FIELDS.has(name.toLowerCase()) || /^x-ses-/i.test(name)) throw refuse("is not allowed");
    if (seen.has(name.toLowerCase())) throw refuse("appears more than once");
    seen.add(name.toLowerCase());
    headers[name] = value;
  }
  return headers;
}

export function checkTags(list: unknown[]): void {
  for (const tag of list) {
    for (const field of ["Name", "Value"]) {
      if (!/^[A-Za-z0-9_.@-]{1,256}$/.test(textField(tag as Json, field) ?? "")) {
        throw badRequest(`EmailTags: ${field} must be 1 to 256 letters, digits, _, -, . or @`);
      }
    }
  }
}
