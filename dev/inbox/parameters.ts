import { invalidParameter, Refusal } from "./refusal.ts";

export interface Attribute {
  type: string;
  value: string;
}

/** A required parameter of SNS's query protocol. */
export function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (!value) throw invalidParameter(`${name} Reason: no value for required parameter`);
  return value;
}

/** `Attributes.entry.N.key` and `.value` as a map. */
export function attributeMap(parameters: URLSearchParams): Map<string, string> {
  const map = new Map<string, string>();
  for (let n = 1; parameters.has(`Attributes.entry.${n}.key`); n++) {
    map.set(parameters.get(`Attributes.entry.${n}.key`)!, parameters.get(`Attributes.entry.${n}.value`) ?? "");
  }
  return map;
}

/** `MessageAttributes.entry.N.…` by name, each checked as Publish checks it. */
export function messageAttributes(parameters: URLSearchParams): Map<string, Attribute> {
  const map = new Map<string, Attribute>();
  for (let n = 1; parameters.has(`MessageAttributes.entry.${n}.Name`); n++) {
    const at = `MessageAttributes.entry.${n}`;
    const name = parameters.get(`${at}.Name`)!;
    const type = parameters.get(`${at}.Value.DataType`) ?? "";
    const value = parameters.get(`${at}.Value.StringValue`) ?? parameters.get(`${at}.Value.BinaryValue`) ?? "";
    if (!/^[A-Za-z0-9_.-]{1,256}$/.test(name)) throw unfit(`The message attribute name '${name}' is not valid.`);
    if (map.has(name)) throw unfit(`The message attribute '${name}' appears twice.`);
    if (!/^(String|String\.Array|Number|Binary)(\.[\w.-]+)?$/.test(type)) {
      throw unfit(`The message attribute '${name}' has an invalid message attribute type '${type}'.`);
    }
    if (value === "") throw unfit(`The message attribute '${name}' must contain a non-empty value.`);
    if (type.startsWith("Number") && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) {
      throw unfit(`The message attribute '${name}' is a Number and '${value}' is none.`);
    }
    map.set(name, { type, value });
  }
  return map;
}

const unfit = (message: string) => new Refusal("ParameterValueInvalid", message);

/** Seconds that a push service may keep a message; four weeks at the most. */
const MAX_TTL_SECONDS = 2_419_200;

/** The reserved attributes, wrong values of which SNS refuses. */
export function checkReserved(attributes: Map<string, Attribute>): void {
  for (const [name, { value }] of attributes) {
    const refuse = (reason: string) => invalidParameter(`MessageAttributes Reason: ${name} ${reason}`);
    if (name === "AWS.SNS.SMS.SMSType" && !["Promotional", "Transactional"].includes(value)) {
      throw refuse("must be Promotional or Transactional");
    }
    if (name === "AWS.SNS.SMS.SenderID" && !/^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$/.test(value)) {
      throw refuse("must be 1 to 11 letters, digits or hyphens, with a letter");
    }
    if (name === "AWS.SNS.SMS.MaxPrice" && !/^\d+(\.\d+)?$/.test(value)) throw refuse("must be a price in USD");
    if (/^AWS\.SNS\.MOBILE\.[A-Z_]+\.TTL$/.test(name) && !(/^\d{1,9}$/.test(value) && +value <= MAX_TTL_SECONDS)) {
      throw refuse(`must be 0 to ${MAX_TTL_SECONDS} seconds`);
    }
    if (
      name === "AWS.SNS.MOBILE.APNS.PUSH_TYPE" &&
      !/^(alert|background|voip|complication|fileprovider|mdm)$/.test(value)
    ) {
      throw refuse("is not a push type of APNs");
    }
    if (name.endsWith(".COLLAPSE_ID") && Buffer.byteLength(value) > 64) throw refuse("is over 64 bytes");
  }
}
