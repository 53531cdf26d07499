import { type ChildProcess, spawn } from "node:child_process";
import { createHash, createHmac, createVerify, randomUUID, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignatureV4 } from "@smithy/signature-v4";
import { AwsV4Signer } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startInbox } from "../../dev/inbox/index.ts";
import type { Message } from "../../dev/inbox/message.ts";
import { createSigner, type Notification, signNotification } from "../../dev/inbox/notification.ts";
import { PortTaken } from "../../dev/ports.ts";
import {
  APNS,
  credentials,
  email,
  fcm,
  GCM,
  REGION,
  registerDevice,
  sendEmail,
  sendPush,
  sendSms,
  ses,
  sns,
} from "./signed-calls.ts";

const directories: string[] = [];
function newDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "torium-inbox-"));
  directories.push(directory);
  return directory;
}

let url: string;
let stop: () => Promise<void>;
/** What the inbox posted to the hook. */
const hooked: Notification[] = [];
const hook = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  hooked.push(JSON.parse(Buffer.concat(chunks).toString()));
  response.end();
  hook.emit("hooked");
});

beforeAll(async () => {
  await new Promise<void>((done) => hook.listen(0, "127.0.0.1", done));
  const hookUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hooks/sns`;
  ({ url, stop } = await startInbox({ port: 0, ...credentials, directory: newDirectory(), hookUrl }));
});
afterAll(async () => {
  await stop();
  hook.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

let numbers = 0;
const newNumber = () => `+4860${String(++numbers).padStart(7, "0")}`;
const newAddress = () => `person-${randomUUID()}@torium.test`;
const newToken = () => `token:${randomUUID()}`;

async function messages(to: string, channel?: string, at = url): Promise<Message[]> {
  const query = new URLSearchParams({ to, ...(channel && { channel }) });
  return (await fetch(`${at}/messages?${query}`)).json() as Promise<Message[]>;
}

let faults: object[] = [];
/** In force beside those of other tests, each for its own address. */
async function fault(added: { to: string; channel: string; kind: string; times?: number; ms?: number }) {
  faults = [...faults, added];
  const answer = await fetch(`${url}/faults`, { method: "PUT", body: JSON.stringify(faults) });
  expect(answer.status).toBe(200);
}

async function hookedAbout(part: string): Promise<Notification> {
  for (;;) {
    const found = hooked.find(({ Message }) => Message.includes(part));
    if (found) return found;
    await once(hook, "hooked");
  }
}

describe("signatures", () => {
  const form = "Action=Publish&PhoneNumber=%2B48600999999&Message=Hello+%C5%82%21%27%28%29%2A";

  async function signed(changes: Partial<ConstructorParameters<typeof AwsV4Signer>[0]> = {}) {
    const signer = new AwsV4Signer({
      ...credentials,
      service: "sns",
      url: `${url}/`,
      method: "POST",
      body: form,
      ...changes,
    });
    const { headers } = await signer.sign();
    return headers;
  }
  const post = (headers: Headers, body = form, path = "/") => fetch(`${url}${path}`, { method: "POST", headers, body });
  const amzDate = (ms: number) => new Date(ms).toISOString().replace(/[:-]|\.\d{3}/g, "");
  const codeOf = async (answer: Response) => /<Code>(\w+)</.exec(await answer.text())?.[1];

  it("accepts what aws4fetch signs, for SNS and for SES", async () => {
    expect((await post(await signed())).status).toBe(200);
    expect((await post(await signed({ allHeaders: true, headers: { "content-type": "x/y" } }))).status).toBe(200);
    expect((await sendEmail(url, newAddress())).status).toBe(200);
    expect((await ses(url, "account?b=2&a=1%20x&a=0&c=%2F!'()*")).status).toBe(200);
  });

  it("accepts what the AWS SDK's own signer signs", async () => {
    class Sha256 {
      #hash;
      constructor(key?: unknown) {
        this.#hash = key ? createHmac("sha256", key as Buffer) : createHash("sha256");
      }
      update(data: Uint8Array) {
        this.#hash.update(data);
      }
      async digest() {
        return new Uint8Array(this.#hash.digest());
      }
    }
    const { region, ...keys } = credentials;
    for (const applyChecksum of [true, false]) {
      const signer = new SignatureV4({
        region,
        service: "sns",
        credentials: keys,
        sha256: Sha256 as never,
        applyChecksum,
      });
      const host = new URL(url).host;
      const headers = { host, "content-type": "application/x-www-form-urlencoded" };
      const request = await signer.sign({
        method: "POST",
        protocol: "http:",
        hostname: "127.0.0.1",
        path: "/",
        query: {},
        headers,
        body: form,
      });
      expect((await post(new Headers(request.headers))).status).toBe(200);
    }
  });

  it("refuses a body that was altered after signing", async () => {
    const answer = await post(await signed(), form.replace("Hello", "Hallo"));
    expect([answer.status, await codeOf(answer)]).toEqual([403, "SignatureDoesNotMatch"]);
  });

  it("refuses an altered body also when the signature covers a stated hash", async () => {
    for (const hash of [createHash("sha256").update(form).digest("hex"), "UNSIGNED-PAYLOAD"]) {
      const answer = await post(await signed({ headers: { "x-amz-content-sha256": hash } }), `${form}x`);
      expect(await codeOf(answer)).toBe("SignatureDoesNotMatch");
    }
  });

  it("refuses a wrong secret, region, service, path, query or signed header", async () => {
    expect(await codeOf(await post(await signed({ secretAccessKey: "wrong" })))).toBe("SignatureDoesNotMatch");
    expect(await codeOf(await post(await signed({ region: "us-east-1" })))).toBe("SignatureDoesNotMatch");
    expect(await codeOf(await post(await signed({ service: "ses" })))).toBe("SignatureDoesNotMatch");
    expect(await codeOf(await post(await signed(), form, "/?a=1"))).toBe("SignatureDoesNotMatch");
    const altered = await signed({ headers: { "x-amz-target": "one" } });
    altered.set("x-amz-target", "two");
    expect(await codeOf(await post(altered))).toBe("SignatureDoesNotMatch");
    const added = await signed();
    added.set("x-amz-target", "unsigned");
    expect(await codeOf(await post(added))).toBe("SignatureDoesNotMatch");
  });

  it("refuses a missing signature, a malformed one and an unknown key", async () => {
    const malformed = await signed();
    malformed.set("authorization", "AWS4-HMAC-SHA256 Credential=x");
    const cases = [
      [new Headers(), "MissingAuthenticationToken"],
      [malformed, "IncompleteSignature"],
      [await signed({ accessKeyId: "AKIAOTHER" }), "InvalidClientTokenId"],
    ] as const;
    for (const [headers, code] of cases) {
      const answer = await post(headers);
      expect([answer.status, await codeOf(answer)]).toEqual([403, code]);
    }
  });

  it("refuses a signature made more than five minutes ago or ahead", async () => {
    for (const minutes of [-6, 6]) {
      const answer = await post(await signed({ datetime: amzDate(Date.now() + minutes * 60_000) }));
      expect([answer.status, await codeOf(answer)]).toEqual([403, "RequestExpired"]);
    }
    expect((await post(await signed({ datetime: amzDate(Date.now() - 4 * 60_000) }))).status).toBe(200);
  });

  it("refuses SES calls in JSON with the error's type in a header", async () => {
    const unsigned = await fetch(`${url}/v2/email/outbound-emails`, { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(403);
    expect(unsigned.headers.get("x-amzn-errortype")).toBe("MissingAuthenticationTokenException");
    expect(await unsigned.json()).toEqual({ message: expect.any(String) });
    const mail = { url: `${url}/v2/email/account`, method: "GET", body: "" };
    const wrong = await signed({ ...mail, service: "ses", secretAccessKey: "wrong" });
    const answer = await fetch(mail.url, { headers: wrong });
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([403, "InvalidSignatureException"]);
  });

  it("keeps nothing of a refused call", async () => {
    const to = newNumber();
    const body = `Action=Publish&PhoneNumber=${encodeURIComponent(to)}&Message=x`;
    expect((await post(await signed({ secretAccessKey: "wrong", body }), body)).status).toBe(403);
    expect(await messages(to)).toEqual([]);
  });
});

describe("SMS", () => {
  it("reaches the number, with its attributes and the call as it came in", async () => {
    const to = newNumber();
    const before = Date.now();
    const answer = await sns(url, "Publish", {
      PhoneNumber: to,
      Message: "Kolacja o 19:00 <b>&amp;",
      "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "Transactional",
      "MessageAttributes.entry.2.Name": "AWS.SNS.SMS.SenderID",
      "MessageAttributes.entry.2.Value.DataType": "String",
      "MessageAttributes.entry.2.Value.StringValue": "Torium",
      "MessageAttributes.entry.3.Name": "AWS.SNS.SMS.MaxPrice",
      "MessageAttributes.entry.3.Value.DataType": "Number",
      "MessageAttributes.entry.3.Value.StringValue": "0.50",
    });
    const [message, ...more] = await messages(to, "sms");
    expect(more).toEqual([]);
    expect(message).toEqual({
      id: answer.element("MessageId"),
      channel: "sms",
      to,
      title: null,
      subject: null,
      text: "Kolacja o 19:00 <b>&amp;",
      html: null,
      data: null,
      headers: {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "AWS.SNS.SMS.SenderID": "Torium",
        "AWS.SNS.SMS.MaxPrice": "0.50",
      },
      accepted_at: expect.any(Number),
      request: {
        method: "POST",
        url: `${url}/`,
        headers: expect.objectContaining({ authorization: expect.stringContaining("AWS4-HMAC-SHA256") }),
        body: expect.stringContaining("Action=Publish"),
      },
    });
    expect(message!.accepted_at).toBeGreaterThanOrEqual(before);
    expect(message!.accepted_at).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    "48600100200",
    "+0123456789",
    "600100200",
    "+48 600 100 200",
    "+4860",
    "+1234567890123456",
    "",
    "+48600100a00",
  ])("refuses the number %j", async (to) => {
    expect(await sendSms(url, to, "x")).toMatchObject({ status: 400, code: "InvalidParameter" });
  });

  it("takes 1,600 characters and refuses one more, and an empty message", async () => {
    expect((await sendSms(url, newNumber(), "x".repeat(1600))).status).toBe(200);
    expect(await sendSms(url, newNumber(), "x".repeat(1601))).toMatchObject({ status: 400, code: "InvalidParameter" });
    expect(await sendSms(url, newNumber(), "")).toMatchObject({
      status: 400,
      message: "Invalid parameter: Empty message",
    });
  });

  it.each([
    ["AWS.SNS.SMS.SMSType", "String", "Loud", "InvalidParameter"],
    ["AWS.SNS.SMS.SenderID", "String", "TwelveLetter", "InvalidParameter"],
    ["AWS.SNS.SMS.SenderID", "String", "12345", "InvalidParameter"],
    ["AWS.SNS.SMS.MaxPrice", "Number", "free", "ParameterValueInvalid"],
    ["anything", "Text", "x", "ParameterValueInvalid"],
    ["anything", "String", "", "ParameterValueInvalid"],
  ])("refuses the attribute %s of type %s with the value %j", async (name, type, value, code) => {
    const answer = await sns(url, "Publish", {
      PhoneNumber: newNumber(),
      Message: "x",
      "MessageAttributes.entry.1.Name": name,
      "MessageAttributes.entry.1.Value.DataType": type,
      "MessageAttributes.entry.1.Value.StringValue": value,
    });
    expect(answer).toMatchObject({ status: 400, code });
  });

  it("wants exactly one target, and knows no topic", async () => {
    expect(await sns(url, "Publish", { Message: "x" })).toMatchObject({ code: "InvalidParameter" });
    const two = { Message: "x", PhoneNumber: newNumber(), TargetArn: "arn" };
    expect(await sns(url, "Publish", two)).toMatchObject({ code: "InvalidParameter" });
    const topic = { Message: "x", TopicArn: `arn:aws:sns:${REGION}:000000000000:none` };
    expect(await sns(url, "Publish", topic)).toMatchObject({ status: 404, code: "NotFound" });
    expect(await sns(url, "Dance", {})).toMatchObject({ status: 400, code: "InvalidAction" });
  });
});

describe("devices", () => {
  const userData = (value: string) => ({ CustomUserData: value });

  it("gives the same token with the same attributes the same endpoint", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token, GCM, userData("ann"));
    expect(arn).toMatch(/^arn:aws:sns:eu-central-1:000000000000:endpoint\/GCM\/torium\/[0-9a-f-]{36}$/);
    expect(await registerDevice(url, token, GCM, userData("ann"))).toBe(arn);
    expect(await registerDevice(url, newToken(), GCM, userData("ann"))).not.toBe(arn);
  });

  it("refuses a known token with other user data, and names its endpoint", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token, GCM, userData("ann"));
    const again = { PlatformApplicationArn: GCM, Token: token, CustomUserData: "bob" };
    expect(await sns(url, "CreatePlatformEndpoint", again)).toMatchObject({
      status: 400,
      code: "InvalidParameter",
      message: `Invalid parameter: Token Reason: Endpoint ${arn} already exists with the same Token, but different attributes.`,
    });
  });

  it("does not enable a disabled endpoint by creating it again", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    await set(arn, { Enabled: "false" });
    expect(await registerDevice(url, token)).toBe(arn);
    expect(await sendPush(url, arn, "t", "b")).toMatchObject({ status: 400, code: "EndpointDisabled" });
    await set(arn, { Enabled: "true" });
    expect((await sendPush(url, arn, "t", "b")).status).toBe(200);
  });

  const set = (EndpointArn: string, attributes: Record<string, string>) => {
    const entries = Object.entries(attributes).flatMap(([key, value], index) => [
      [`Attributes.entry.${index + 1}.key`, key],
      [`Attributes.entry.${index + 1}.value`, value],
    ]);
    return sns(url, "SetEndpointAttributes", { EndpointArn, ...Object.fromEntries(entries) });
  };

  it("tells and changes an endpoint's attributes", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    const moved = newToken();
    expect((await set(arn, { Token: moved, CustomUserData: "<ann>" })).status).toBe(200);
    const { text } = await sns(url, "GetEndpointAttributes", { EndpointArn: arn });
    expect(text).toContain("<entry><key>Enabled</key><value>true</value></entry>");
    expect(text).toContain(`<entry><key>Token</key><value>${moved}</value></entry>`);
    expect(text).toContain("<entry><key>CustomUserData</key><value>&lt;ann&gt;</value></entry>");
    expect(await set(await registerDevice(url, newToken()), { Token: moved })).toMatchObject({
      code: "InvalidParameter",
    });
    expect(await set(arn, { Enabled: "perhaps" })).toMatchObject({ code: "InvalidParameter" });
    expect(await set(arn, { Colour: "red" })).toMatchObject({ code: "InvalidParameter" });
    expect(await registerDevice(url, token)).not.toBe(arn);
  });

  it("forgets a deleted endpoint, and deletes an unknown one without a word", async () => {
    const arn = await registerDevice(url, newToken());
    expect((await sns(url, "DeleteEndpoint", { EndpointArn: arn })).status).toBe(200);
    expect((await sns(url, "DeleteEndpoint", { EndpointArn: arn })).status).toBe(200);
    expect(await sns(url, "GetEndpointAttributes", { EndpointArn: arn })).toMatchObject({
      status: 404,
      code: "NotFound",
    });
    expect(await set(arn, { Enabled: "true" })).toMatchObject({ status: 404, code: "NotFound" });
    expect(await sendPush(url, arn, "t", "b")).toMatchObject({ status: 404, code: "NotFound" });
  });

  it("refuses an unknown platform application and a token that APNs would not know", async () => {
    const create = (application: string, token: string) =>
      sns(url, "CreatePlatformEndpoint", { PlatformApplicationArn: application, Token: token });
    expect(await create(GCM.replace(REGION, "us-east-1"), newToken())).toMatchObject({ code: "InvalidParameter" });
    expect(await create("arn:aws:sns:app/PIGEON/torium", newToken())).toMatchObject({ code: "InvalidParameter" });
    expect(await create(APNS, "not hexadecimal")).toMatchObject({ code: "InvalidParameter" });
    expect(await create(GCM, "")).toMatchObject({ code: "InvalidParameter" });
    const known = [`${GCM}-other`];
    const other = await startInbox({
      port: 0,
      ...credentials,
      directory: newDirectory(),
      platformApplicationArns: known,
    });
    onTestFinished(() => other.stop());
    expect(await sns(other.url, "CreatePlatformEndpoint", { PlatformApplicationArn: GCM, Token: "t" })).toMatchObject({
      status: 404,
      code: "NotFound",
    });
  });
});

describe("push", () => {
  it("shows an FCM message under its device token", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    const sent = await sns(url, "Publish", {
      TargetArn: arn,
      MessageStructure: "json",
      Message: fcm({ notification: { title: "Dinner", body: "19:00" }, data: { event_id: "7", forward_link: "None" } }),
      "MessageAttributes.entry.1.Name": "AWS.SNS.MOBILE.FCM.TTL",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "3600",
    });
    expect(await messages(token, "push")).toMatchObject([
      {
        id: sent.element("MessageId"),
        channel: "push",
        to: token,
        title: "Dinner",
        text: "19:00",
        data: { event_id: "7", forward_link: "None" },
        headers: { "AWS.SNS.MOBILE.FCM.TTL": "3600" },
      },
    ]);
  });

  it("shows an APNs message with what stands beside aps", async () => {
    const token = createHash("sha256").update(randomUUID()).digest("hex");
    const arn = await registerDevice(url, token, APNS);
    const APNS_TEXT = JSON.stringify({ aps: { alert: { title: "Dinner", body: "19:00" } }, event_id: "7" });
    const Message = JSON.stringify({ default: "x", APNS: APNS_TEXT });
    expect((await sns(url, "Publish", { TargetArn: arn, MessageStructure: "json", Message })).status).toBe(200);
    expect(await messages(token)).toMatchObject([{ title: "Dinner", text: "19:00", data: { event_id: "7" } }]);
  });

  const gcm = (GCM_: unknown) => JSON.stringify({ default: "x", GCM: GCM_ });
  it.each([
    ["an object instead of a string", gcm({ fcmV1Message: { message: {} } })],
    ["a string that holds no JSON", gcm("hello")],
    ["the retired format", gcm(JSON.stringify({ notification: { title: "t" } }))],
    ["a number in data", fcm({ data: { event_id: 7 } })],
    ["a title that is no string", fcm({ notification: { title: 1 } })],
    ["a token of its own", fcm({ token: "t", notification: { title: "t" } })],
    ["over 4 KB", fcm({ notification: { title: "t", body: "x".repeat(4096) } })],
    ["neither platform nor default", JSON.stringify({ APNS: "{}" })],
    ["no JSON at all", "hello"],
  ])("refuses %s", async (_, Message) => {
    const arn = await registerDevice(url, newToken());
    const answer = await sns(url, "Publish", { TargetArn: arn, MessageStructure: "json", Message });
    expect(answer).toMatchObject({ status: 400, code: "InvalidParameter" });
  });

  it("refuses an APNs message without an alert", async () => {
    const arn = await registerDevice(url, createHash("sha256").update(randomUUID()).digest("hex"), APNS);
    const Message = JSON.stringify({ APNS: JSON.stringify({ aps: { badge: 1 } }) });
    const answer = await sns(url, "Publish", { TargetArn: arn, MessageStructure: "json", Message });
    expect(answer).toMatchObject({ status: 400, code: "InvalidParameter" });
  });

  it("refuses a TTL that is no number of seconds", async () => {
    const answer = await sns(url, "Publish", {
      TargetArn: await registerDevice(url, newToken()),
      Message: "x",
      "MessageAttributes.entry.1.Name": "AWS.SNS.MOBILE.FCM.TTL",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "soon",
    });
    expect(answer).toMatchObject({ status: 400, code: "InvalidParameter" });
  });
});

describe("e-mail", () => {
  it("reaches every recipient in lower case, with its headers", async () => {
    const [ann, bob] = [newAddress(), newAddress()];
    const { MessageId } = await sendEmail(url, [ann.toUpperCase(), `Bob <${bob}>`]);
    expect(await messages(ann.toUpperCase(), "email")).toMatchObject([
      {
        id: MessageId,
        channel: "email",
        to: ann,
        title: null,
        subject: "Dinner tonight",
        text: "Dinner at 19:00",
        html: "<p>Dinner at <b>19:00</b></p>",
        data: null,
        headers: {
          From: "Torium <reminders@torium.test>",
          "List-Unsubscribe": "<https://torium.test/unsubscribe?t=1>",
        },
      },
    ]);
    expect(await messages(bob)).toHaveLength(1);
  });

  it.each([
    ["no sender", { FromEmailAddress: undefined }],
    ["a sender that is no address", { FromEmailAddress: "Torium" }],
    ["no recipient", { Destination: { ToAddresses: [] } }],
    ["a recipient without a domain", { Destination: { ToAddresses: ["ann"] } }],
    ["a recipient with two @", { Destination: { ToAddresses: ["a@b@torium.test"] } }],
    ["a recipient with a space", { Destination: { ToAddresses: ["a nn@torium.test"] } }],
    ["a recipient outside ASCII", { Destination: { ToAddresses: ["łucja@torium.test"] } }],
    ["a domain without a dot", { Destination: { ToAddresses: ["ann@torium"] } }],
    ["51 recipients", { Destination: { ToAddresses: Array.from({ length: 51 }, (_, n) => `p${n}@torium.test`) } }],
    ["no content", { Content: {} }],
    ["a tag with a space", { EmailTags: [{ Name: "a b", Value: "c" }] }],
  ])("refuses %s", async (_, changes) => {
    const answer = await ses(url, "outbound-emails", email(newAddress(), changes));
    expect(answer).toMatchObject({ status: 400, type: "BadRequestException", message: expect.any(String) });
  });

  it.each([
    ["From", "x@torium.test"],
    ["subject", "x"],
    ["Content-Type", "text/plain"],
    ["X:Y", "x"],
    ["Łódź", "x"],
    ["X-Long", "x".repeat(871)],
    ["X-Lines", "a\r\nBcc: b@torium.test"],
  ])("refuses the header %s", async (Name, Value) => {
    const answer = await sendEmail(url, newAddress(), { Headers: [{ Name, Value }] });
    expect(answer).toMatchObject({ status: 400, type: "BadRequestException" });
  });

  it("refuses a subject of two lines, and a body that is no JSON object", async () => {
    expect(await sendEmail(url, newAddress(), { Subject: { Data: "a\nb" } })).toMatchObject({ status: 400 });
    expect(await ses(url, "outbound-emails", [])).toMatchObject({ status: 400, type: "SerializationException" });
  });

  it("fills an inline template for each recipient of a bulk call", async () => {
    const [ann, bob] = [newAddress(), newAddress()];
    const entry = (to: string, data: object) => ({
      Destination: { ToAddresses: [to] },
      ReplacementEmailContent: { ReplacementTemplate: { ReplacementTemplateData: JSON.stringify(data) } },
      ReplacementHeaders: [{ Name: "List-Unsubscribe", Value: `<https://torium.test/${to}>` }],
    });
    const bulk = (BulkEmailEntries: object[]) => ({
      FromEmailAddress: "reminders@torium.test",
      DefaultContent: {
        Template: {
          TemplateContent: { Subject: "{{subject}}", Text: "{{ text }}", Html: "<p>{{{text}}}</p>" },
          TemplateData: JSON.stringify({ subject: "Default" }),
        },
      },
      BulkEmailEntries,
    });
    const answer = await ses(
      url,
      "outbound-bulk-emails",
      bulk([entry(ann, { text: "A & B" }), entry(bob, {}), entry("bob", { text: "" })]),
    );
    expect(answer.BulkEmailEntryResults?.map(({ Status }) => Status)).toEqual([
      "SUCCESS",
      "INVALID_PARAMETER",
      "INVALID_PARAMETER",
    ]);
    expect(await messages(ann)).toMatchObject([
      {
        subject: "Default",
        text: "A & B",
        html: "<p>A & B</p>",
        headers: { "List-Unsubscribe": `<https://torium.test/${ann}>` },
      },
    ]);
    const many = Array.from({ length: 51 }, () => entry(newAddress(), { text: "x" }));
    expect(await ses(url, "outbound-bulk-emails", bulk(many))).toMatchObject({ status: 400 });
    expect((await ses(url, "outbound-bulk-emails", bulk(many.slice(1)))).BulkEmailEntryResults).toHaveLength(50);
  });
});

describe("the list of messages", () => {
  it("is oldest first, of one address, and knows a + that nobody encoded", async () => {
    const to = newNumber();
    for (const text of ["one", "two", "three"]) await sendSms(url, to, text);
    expect((await messages(to)).map(({ text }) => text)).toEqual(["one", "two", "three"]);
    const unencoded = (await (await fetch(`${url}/messages?to=${to}`)).json()) as Message[];
    expect(unencoded).toHaveLength(3);
    expect(await messages(to, "email")).toEqual([]);
  });

  it("refuses an unknown channel by name", async () => {
    const answer = await fetch(`${url}/messages?channel=pigeon`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { issues: [{ path: "channel" }] } });
  });

  it("answers this machine only, whatever name a page of another origin gives it", async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const { request } = await import("node:http");
    request(`${url}/messages`, { headers: { host: "evil.example" } }, (answer) =>
      resolve(answer.resume().statusCode),
    ).end();
    expect(await promise).toBe(403);
  });
});

describe("faults", () => {
  it("throttles as each service does, as often as was asked", async () => {
    const [phone, mail] = [newNumber(), newAddress()];
    await fault({ channel: "sms", kind: "throttle", to: phone, times: 1 });
    expect(await sendSms(url, phone, "x")).toMatchObject({ status: 400, code: "Throttling", message: "Rate exceeded" });
    expect((await sendSms(url, phone, "x")).status).toBe(200);
    await fault({ channel: "email", kind: "throttle", to: mail.toUpperCase(), times: 1 });
    const limited = { status: 400, type: "ThrottlingException", message: "Maximum sending rate exceeded." };
    expect(await sendEmail(url, mail)).toMatchObject(limited);
    expect((await sendEmail(url, mail)).status).toBe(200);
    expect(await messages(phone)).toHaveLength(1);
    expect(await messages(mail)).toHaveLength(1);
  });

  it("fails with 500, and tells SES's daily quota from its rate", async () => {
    const [phone, mail] = [newNumber(), newAddress()];
    await fault({ channel: "sms", kind: "error", to: phone });
    expect((await sendSms(url, phone, "x")).status).toBe(500);
    expect((await sendSms(url, phone, "x")).status).toBe(500);
    await fault({ channel: "email", kind: "daily_quota", to: mail });
    expect(await sendEmail(url, mail)).toMatchObject({ status: 400, message: "Daily message quota exceeded." });
  });

  it("never answers a call that times out, and does not accept it", async () => {
    const to = newNumber();
    await fault({ channel: "sms", kind: "timeout", to });
    await expect(sendSms(url, to, "x", { signal: AbortSignal.timeout(150) })).rejects.toThrow(/timeout/);
    expect(await messages(to)).toEqual([]);
  });

  it("accepts a call whose answer is dropped", async () => {
    const [phone, mail] = [newNumber(), newAddress()];
    await fault({ channel: "sms", kind: "drop_answer", to: phone });
    await expect(sendSms(url, phone, "x")).rejects.toThrow();
    expect(await messages(phone)).toHaveLength(1);
    await fault({ channel: "email", kind: "drop_answer", to: mail });
    await expect(sendEmail(url, mail)).rejects.toThrow();
    expect(await messages(mail)).toHaveLength(1);
  });

  it("refuses a number that opted out", async () => {
    const to = newNumber();
    await fault({ channel: "sms", kind: "opted_out", to });
    expect(await sendSms(url, to, "x")).toMatchObject({ status: 400, code: "OptedOut" });
    expect(await messages(to)).toEqual([]);
  });

  it("disables an endpoint for good", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    await fault({ channel: "push", kind: "endpoint_disabled", to: token, times: 1 });
    for (let n = 0; n < 2; n++) {
      expect(await sendPush(url, arn, "t", "b")).toMatchObject({ status: 400, code: "EndpointDisabled" });
    }
    const { text } = await sns(url, "GetEndpointAttributes", { EndpointArn: arn });
    expect(text).toContain("<key>Enabled</key><value>false</value>");
    expect(await messages(token)).toEqual([]);
  });

  it("waits before it accepts, and lets a caller who gave up go", async () => {
    const [patient, hasty] = [newNumber(), newNumber()];
    await fault({ channel: "sms", kind: "latency", to: patient, ms: 60 });
    const before = performance.now();
    expect((await sendSms(url, patient, "x")).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(55);
    await fault({ channel: "sms", kind: "latency", to: hasty, ms: 600_000 });
    await expect(sendSms(url, hasty, "x", { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    expect(await messages(hasty)).toEqual([]);
  });

  it("fails only the entry of a bulk call whose address has the fault", async () => {
    const [ann, bob] = [newAddress(), newAddress()];
    await fault({ channel: "email", kind: "throttle", to: ann });
    const { BulkEmailEntryResults: results } = await ses(url, "outbound-bulk-emails", {
      FromEmailAddress: "reminders@torium.test",
      DefaultContent: { Template: { TemplateContent: { Subject: "s", Text: "t" } } },
      BulkEmailEntries: [ann, bob].map((to) => ({ Destination: { ToAddresses: [to] } })),
    });
    expect(results?.map(({ Status }) => Status)).toEqual(["ACCOUNT_THROTTLED", "SUCCESS"]);
    expect(await messages(ann)).toEqual([]);
  });

  it("names every field of a fault that cannot be, and keeps the faults in force", async () => {
    const before = await (await fetch(`${url}/faults`)).json();
    const put = async (body: string) => {
      const answer = await fetch(`${url}/faults`, { method: "PUT", body });
      return [
        answer.status,
        ((await answer.json()) as { error: { issues: { path: string }[] } }).error.issues.map(({ path }) => path),
      ];
    };
    const wrong = [
      { channel: "pigeon", kind: "throttle" },
      { channel: "sms", kind: "explode" },
      { channel: "email", kind: "opted_out" },
      { channel: "sms", kind: "latency" },
      { channel: "sms", kind: "error", to: 5, times: 0, ms: -1 },
      null,
    ];
    const paths = ["0.channel", "1.kind", "2.kind", "3.ms", "4.to", "4.times", "4.ms", "5"];
    expect(await put(JSON.stringify(wrong))).toEqual([400, paths]);
    expect(await put("{")).toEqual([400, [""]]);
    expect(await (await fetch(`${url}/faults`)).json()).toEqual(before);
  });
});

describe("notifications", () => {
  const verify = async ({ Signature, SigningCertURL, ...fields }: Notification, names: string[]) => {
    const pem = await (await fetch(SigningCertURL)).text();
    const text = names
      .filter((name) => name in fields)
      .map((name) => `${name}\n${fields[name as keyof typeof fields]}\n`)
      .join("");
    const algorithm = fields.SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256";
    return createVerify(algorithm).update(text).verify(new X509Certificate(pem).publicKey, Signature, "base64");
  };
  const MESSAGE = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
  const CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

  it("accepts an e-mail that bounces, and tells the hook in a notification signed by version 2", async () => {
    const to = newAddress();
    await fault({ channel: "email", kind: "bounce", to });
    const { MessageId } = await sendEmail(url, to);
    expect(await messages(to)).toHaveLength(1);
    const notification = await hookedAbout(to);
    expect(notification).toMatchObject({ Type: "Notification", SignatureVersion: "2" });
    expect(notification.TopicArn).toBe(`arn:aws:sns:${REGION}:000000000000:torium-feedback`);
    expect(notification.SigningCertURL).toMatch(/\/SimpleNotificationService-[0-9a-f]+\.pem$/);
    expect(await verify(notification, MESSAGE)).toBe(true);
    expect(await verify({ ...notification, Message: `${notification.Message} ` }, MESSAGE)).toBe(false);
    expect(JSON.parse(notification.Message)).toMatchObject({
      notificationType: "Bounce",
      mail: { messageId: MessageId, destination: [to] },
      bounce: { bounceType: "Permanent", bouncedRecipients: [{ emailAddress: to }] },
    });
  });

  it("speaks of an event instead where a configuration set was named", async () => {
    const to = newAddress();
    await fault({ channel: "email", kind: "bounce", to });
    await ses(url, "outbound-emails", email(to, { ConfigurationSetName: "torium" }));
    expect(JSON.parse((await hookedAbout(to)).Message)).toMatchObject({ eventType: "Bounce" });
  });

  it("tells the hook of a push that failed after it was accepted", async () => {
    const token = newToken();
    const arn = await registerDevice(url, token);
    await fault({ channel: "push", kind: "bounce", to: token, times: 1 });
    expect((await sendPush(url, arn, "t", "b")).status).toBe(200);
    const event = JSON.parse((await hookedAbout(arn)).Message);
    expect(event).toMatchObject({ EventType: "DeliveryFailure", EndpointArn: arn, Service: "SNS" });
    expect(await sendPush(url, arn, "t", "b")).toMatchObject({ code: "EndpointDisabled" });
  });

  it("confirms a subscription through the link it sends", async () => {
    const TopicArn = `arn:aws:sns:${REGION}:000000000000:torium-feedback`;
    const Endpoint = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/other`;
    expect((await sns(url, "Subscribe", { TopicArn, Protocol: "http", Endpoint })).status).toBe(200);
    const confirmation = await hookedAbout("You have chosen to subscribe");
    expect(confirmation.Type).toBe("SubscriptionConfirmation");
    expect(await verify(confirmation, CONFIRMATION)).toBe(true);
    const confirmed = await fetch(confirmation.SubscribeURL!);
    expect(await confirmed.text()).toContain(`<SubscriptionArn>${TopicArn}:`);
    const wrong = { TopicArn, Token: "guessed" };
    expect(await sns(url, "ConfirmSubscription", wrong)).toMatchObject({ status: 400, code: "InvalidParameter" });
    const abroad = { TopicArn, Protocol: "https", Endpoint: "https://example.org/" };
    expect(await sns(url, "Subscribe", abroad)).toMatchObject({ code: "InvalidParameter" });
  });

  it("can be signed by either version", async () => {
    const signer = await createSigner("http://127.0.0.1:1");
    for (const [version, algorithm] of [
      ["1", "RSA-SHA1"],
      ["2", "RSA-SHA256"],
    ] as const) {
      const made = signNotification(signer, { TopicArn: "t", Message: "m", Subject: "s", SignatureVersion: version });
      const text = `Message\nm\nMessageId\n${made.MessageId}\nSubject\ns\nTimestamp\n${made.Timestamp}\nTopicArn\nt\nType\nNotification\n`;
      const key = new X509Certificate(signer.certificate).publicKey;
      expect(createVerify(algorithm).update(text).verify(key, made.Signature, "base64")).toBe(true);
    }
  });
});

describe("its state", () => {
  it("survives a restart: messages as they were, endpoints with their ARN", async () => {
    const directory = newDirectory();
    const first = await startInbox({ port: 0, ...credentials, directory });
    await sendSms(first.url, "+48600000001", "kept");
    await sendEmail(first.url, ["ann@torium.test", "bob@torium.test"]);
    const arn = await registerDevice(first.url, "a-token");
    const gone = await registerDevice(first.url, "gone");
    await sns(first.url, "DeleteEndpoint", { EndpointArn: gone });
    const before = await (await fetch(`${first.url}/messages`)).json();
    await first.stop();

    const second = await startInbox({ port: 0, ...credentials, directory });
    onTestFinished(() => second.stop());
    expect(await (await fetch(`${second.url}/messages`)).json()).toEqual(before);
    expect(before).toHaveLength(3);
    expect(await registerDevice(second.url, "a-token")).toBe(arn);
    expect(await registerDevice(second.url, "gone")).not.toBe(gone);
  });

  it("survives a crash in the middle of a write", async () => {
    const directory = newDirectory();
    const first = await startInbox({ port: 0, ...credentials, directory });
    await sendSms(first.url, "+48600000001", "whole");
    const arn = await registerDevice(first.url, "a-token");
    await first.stop();
    appendFileSync(join(directory, "messages.jsonl"), '{"request":{"method":"POST","url":"http://…","hea');
    appendFileSync(join(directory, "endpoints.jsonl"), '{"arn":"arn:aws');

    const second = await startInbox({ port: 0, ...credentials, directory });
    await sendSms(second.url, "+48600000001", "after");
    expect(await registerDevice(second.url, "a-token")).toBe(arn);
    await second.stop();
    const third = await startInbox({ port: 0, ...credentials, directory });
    onTestFinished(() => third.stop());
    expect((await messages("+48600000001", "sms", third.url)).map(({ text }) => text)).toEqual(["whole", "after"]);
  });

  it("has an endpoint on disk when it is answered, also after kill -9", async () => {
    const directory = newDirectory();
    const { url: at, child } = await spawnInbox(directory);
    const arns = [];
    for (let n = 0; n < 20; n++) arns.push(await registerDevice(at, `token-${n}`));
    child.kill("SIGKILL");
    await once(child, "exit");
    const next = await startInbox({ port: 0, ...credentials, directory });
    onTestFinished(() => next.stop());
    const again = [];
    for (let n = 0; n < 20; n++) again.push(await registerDevice(next.url, `token-${n}`));
    expect(again).toEqual(arns);
  });

  it("is emptied by fresh and, for messages, by DELETE", async () => {
    const directory = newDirectory();
    const first = await startInbox({ port: 0, ...credentials, directory });
    await sendSms(first.url, "+48600000001", "one");
    const deleted = await fetch(`${first.url}/messages`, { method: "DELETE" });
    expect([deleted.status, await deleted.json()]).toEqual([200, { deleted: 1 }]);
    expect(await (await fetch(`${first.url}/messages`)).json()).toEqual([]);
    await sendSms(first.url, "+48600000001", "two");
    const arn = await registerDevice(first.url, "a-token");
    await first.stop();
    const second = await startInbox({ port: 0, ...credentials, directory });
    expect((await messages("+48600000001", "sms", second.url)).map(({ text }) => text)).toEqual(["two"]);
    await second.stop();
    const third = await startInbox({ port: 0, ...credentials, directory, fresh: true });
    onTestFinished(() => third.stop());
    expect(await (await fetch(`${third.url}/messages`)).json()).toEqual([]);
    expect(await registerDevice(third.url, "a-token")).not.toBe(arn);
  });

  it("says which port is taken", async () => {
    const port = Number(new URL(url).port);
    const second = startInbox({ port, ...credentials, directory: newDirectory() });
    await expect(second).rejects.toThrow(PortTaken);
    await expect(second).rejects.toMatchObject({ port });
  });
});

/** An inbox in a process of its own, so that it can be killed. */
async function spawnInbox(directory: string): Promise<{ url: string; child: ChildProcess }> {
  const module = new URL("../../dev/inbox/index.ts", import.meta.url).href;
  const options = JSON.stringify({ port: 0, ...credentials, directory });
  const program = `import { startInbox } from ${JSON.stringify(module)}; console.log((await startInbox(${options})).url);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout!, "data");
  return { url: String(line).trim(), child };
}
