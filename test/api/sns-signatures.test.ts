import { X509Certificate } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { testDeps } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import {
  confirmation,
  deployed,
  newSigner,
  type Posted,
  post,
  posted,
  REGION,
  type Signer,
  SNS,
  standInForSns,
  TOPIC,
} from "../support/sns.ts";

const MINUTE = 60_000;

afterEach(() => void vi.restoreAllMocks());

const statusOf = async (body: Posted | string) => (await post(body)).http;

test("both versions of the signature are believed, with a subject and without, and the certificate is fetched once", async () => {
  const signer = await newSigner();
  const calls = standInForSns(signer);
  for (const SignatureVersion of ["1", "2"]) {
    expect(await statusOf(await posted(signer, { SignatureVersion }))).toBe(200);
    expect(await statusOf(await posted(signer, { SignatureVersion, Subject: "Amazon SES" }))).toBe(200);
  }
  expect(calls.map(({ url }) => url)).toEqual([`${SNS}${signer.path}`]);
});

test("a message altered in any signed field is refused", async () => {
  const signer = await newSigner();
  standInForSns(signer);
  const other = `${TOPIC}-2`;
  const deps = deployed();
  deps.settings.SNS_FEEDBACK_TOPIC_ARNS = [TOPIC, other];
  const altered: Record<string, Posted> = {
    Message: { Message: "{ }" },
    MessageId: { MessageId: crypto.randomUUID() },
    "Subject, changed": { Subject: "Other" },
    "Subject, gone": { Subject: undefined },
    Timestamp: { Timestamp: new Date(Date.now() - 1000).toISOString() },
    TopicArn: { TopicArn: other },
    Type: {
      Type: "UnsubscribeConfirmation",
      Token: "t",
      SubscribeURL: `${SNS}/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=t`,
    },
    Signature: { Signature: btoa("x".repeat(256)) },
    "Signature, too short": { Signature: btoa("x") },
    SignatureVersion: { SignatureVersion: "1" },
    "SignatureVersion, unknown": { SignatureVersion: "3" },
  };
  for (const [name, change] of Object.entries(altered)) {
    const message = { ...(await posted(signer, { Subject: "Amazon SES" })), ...change };
    expect((await post(message, deps)).http, name).toBe(401);
  }
  const plain = { ...(await posted(signer)), Subject: "added" };
  expect((await post(plain, deps)).http, "Subject, added").toBe(401);
  expect((await post(await posted(signer, { TopicArn: other }), deps)).http).toBe(200);
});

test("a foreign topic is refused before anything is fetched, however well it is signed, and so is every topic where none is set", async () => {
  const signer = await newSigner();
  const calls = standInForSns(signer);
  for (const TopicArn of [
    `arn:aws:sns:${REGION}:999999999999:torium-feedback`,
    TOPIC.toUpperCase(),
    `${TOPIC} `,
    `${TOPIC},${TOPIC}`,
    "",
  ]) {
    const { http } = await post(await posted(signer, { TopicArn }));
    expect([400, 401], TopicArn).toContain(http);
  }
  const none = deployed();
  none.settings.SNS_FEEDBACK_TOPIC_ARNS = undefined;
  expect((await post(await posted(signer), none)).http).toBe(401);
  expect(calls).toEqual([]);
});

test("a certificate from anywhere but SNS in the topic's region is not even fetched", async () => {
  const signer = await newSigner();
  const fetched = intercept("http", () => new Response(signer.certificate));
  const { path } = signer;
  const host = `sns.${REGION}.amazonaws.com`;
  const addresses = [
    `https://${host}.evil.test${path}`,
    `https://evil.test${path}`,
    `https://evil.test/${host}${path}`,
    `https://evil.test#${host}${path}`,
    `https://evil.test?${host}${path}`,
    `https://evil.test\\@${host}${path}`,
    `https://${host}@evil.test${path}`,
    `https://sns@${host}${path}`,
    `https://${host}:443@evil.test${path}`,
    `https://${host}:8443${path}`,
    `https://${host}:443${path}`,
    `http://${host}${path}`,
    `HTTPS://${host}${path}`,
    `https://${host.toUpperCase()}${path}`,
    `https://${host}.${path}`,
    `https://sns.us-east-1.amazonaws.com${path}`,
    `https://sns.${REGION}.amazonaws.com.cn${path}`,
    `https://snsx${REGION}.amazonaws.com${path}`,
    `https://s3.${REGION}.amazonaws.com${path}`,
    `https://${host}/bucket${path}`,
    `https://${host}//${path.slice(1)}`,
    `https://${host}/x/..${path}`,
    `https://${host}/%2e%2e${path}`,
    `https://${host}${path}?x=1`,
    `https://${host}${path}#x`,
    `https://${host}${path}/`,
    `https://${host}${path.replace(".pem", ".PEM")}`,
    `https://${host}/SimpleNotificationService-xyz.pem`,
    `https://${host}/SimpleNotificationService-.pem`,
    `https://${host}/?Action=GetTopicAttributes`,
    `https://${host}${path}\n`,
    ` https://${host}${path}`,
    `//${host}${path}`,
    path,
    "data:application/x-pem-file,x",
    "",
  ];
  for (const SigningCertURL of addresses) {
    const { http } = await post({ ...(await posted(signer)), SigningCertURL });
    expect([400, 401], SigningCertURL).toContain(http);
  }
  expect(fetched).toEqual([]);
  expect(await statusOf(await posted(signer))).toBe(200);
});

test("an address of SNS's that leads elsewhere is not followed", async () => {
  const [signer, moved] = [await newSigner(), await newSigner()];
  const followed: unknown[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init) => {
    if (String(url).endsWith(signer.path)) return new Response(signer.certificate);
    followed.push(init?.redirect);
    return new Response(null, { status: 302, headers: { location: "https://evil.test/x.pem" } });
  });
  expect(await statusOf(await posted(moved))).toBe(401);
  expect(await statusOf(await confirmation(signer))).toBe(503);
  expect(followed).toEqual(["manual", "manual"]);
});

test("the isolate keeps sixteen certificates, and drops the one that it has had longest", async () => {
  const signer = await newSigner();
  const signers = Array.from({ length: 17 }, (_, n) => ({
    ...signer,
    path: signer.path.replace(".pem", `${n + 10}.pem`),
  }));
  const calls = standInForSns(...signers);
  for (const one of [...signers, signers[16]!, signers[0]!]) expect(await statusOf(await posted(one))).toBe(200);
  expect(calls.map(({ url }) => url)).toEqual([...signers, signers[0]!].map(({ path }) => `${SNS}${path}`));
});

test("where SNS does not answer, it is asked to come again; a certificate that is not there, or none, is refused", async () => {
  const answers: [number, () => Response | Promise<Response>][] = [
    [503, () => Promise.reject(new TypeError("network"))],
    [503, () => new Response("", { status: 500 })],
    [503, () => new Response("", { status: 429 })],
    [401, () => new Response("", { status: 404 })],
    [401, () => new Response("no certificate")],
    [401, () => new Response("x".repeat(100_000))],
  ];
  for (const [status, answer] of answers) {
    vi.restoreAllMocks();
    intercept("https://", answer);
    expect(await statusOf(await posted(await newSigner()))).toBe(status);
  }
  vi.restoreAllMocks();
});

test("a failed fetch is not kept: the next message fetches again", async () => {
  const signer = await newSigner();
  intercept("https://", () => new Response("", { status: 500 }));
  expect(await statusOf(await posted(signer))).toBe(503);
  standInForSns(signer);
  expect(await statusOf(await posted(signer))).toBe(200);
});

test("who signs with a key of their own is refused, whichever certificate they name", async () => {
  const [sns, forger] = [await newSigner(), await newSigner()];
  standInForSns(sns);
  const forged = await posted(forger);
  expect(await statusOf({ ...forged, SigningCertURL: `${SNS}${sns.path}` })).toBe(401);
  expect(await statusOf(forged)).toBe(401);
});

test("a certificate is good from its first to its last day", async () => {
  const day = 86_400_000;
  const of = (from: number, to: number) =>
    newSigner({ notBeforeDate: new Date(Date.now() + from * day), notAfterDate: new Date(Date.now() + to * day) });
  const [expired, coming, good]: [Signer, Signer, Signer] = [await of(-9, -1), await of(1, 9), await of(-1, 1)];
  standInForSns(expired, coming, good);
  expect(await statusOf(await posted(expired))).toBe(401);
  expect(await statusOf(await posted(coming))).toBe(401);
  expect(await statusOf(await posted(good))).toBe(200);
});

test("a message is believed for as long as SNS tries, and an older or later one is not", async () => {
  const signer = await newSigner();
  standInForSns(signer);
  const now = Date.now();
  const deps = deployed(testDeps({ now: () => now }));
  const heard = async (minutes: number) => (await post(await posted(signer, {}, now - minutes * MINUTE), deps)).http;
  expect(await Promise.all([0, 60, 64, -4].map(heard))).toEqual([200, 200, 200, 200]);
  expect(await Promise.all([66, 24 * 60, -6].map(heard))).toEqual([401, 401, 401]);
});

test("what is no message of SNS is told every fault, and a larger one than SNS makes is refused", async () => {
  const signer = await newSigner();
  standInForSns(signer);
  for (const body of ["", "{", "[]", "null", '"x"', "{}", '{"Type":"Other"}']) {
    expect(await statusOf(body), body).toBe(400);
  }
  const { error } = await post({ ...(await posted(signer)), MessageId: undefined, Signature: "%", Timestamp: "now" });
  expect(error.issues.map(({ path }: { path: string }) => path).sort()).toEqual([
    "MessageId",
    "Signature",
    "Timestamp",
  ]);
  expect(await statusOf(await posted(signer, { Message: "x".repeat(256 * 1024) }))).toBe(200);
  expect(await statusOf(await posted(signer, { Message: '"'.repeat(252 * 1024) }))).toBe(200);
  expect(await statusOf(await posted(signer, { Message: "x".repeat(512 * 1024) }))).toBe(413);
});

test("in the local stack the certificate comes from the stand-in, and from nowhere else", async () => {
  const signer = await newSigner();
  const local = "http://127.0.0.1:4566";
  const deps = deployed();
  deps.settings.AWS_ENDPOINT_URL_SNS = local;
  intercept(local, () => new Response(signer.certificate));
  const message = await posted(signer);
  expect((await post({ ...message, SigningCertURL: `${local}${signer.path}` }, deps)).http).toBe(200);
  for (const elsewhere of [SNS, `${local}1`, "http://127.0.0.1:4567", "http://127.0.0.1:4566@evil.test"]) {
    expect((await post({ ...message, SigningCertURL: `${elsewhere}${signer.path}` }, deps)).http).toBe(401);
  }
});

test.each(["validFrom", "validTo"] as const)("a certificate whose %s cannot be read is not believed", async (time) => {
  const signer = await newSigner();
  standInForSns(signer);
  vi.spyOn(X509Certificate.prototype, time, "get").mockReturnValue("Bad time value");
  expect(await statusOf(await posted(signer))).toBe(401);
});

test("an address without a certificate is asked once a minute, however many messages name it", async () => {
  const signer = await newSigner();
  const calls = standInForSns();
  const now = Date.now();
  const at = (ms: number) => posted(signer, {}, ms);
  for (const later of [0, 10, 59_000]) {
    const deps = deployed(testDeps({ now: () => now + later }));
    expect((await post(await at(now + later), deps)).http).toBe(401);
  }
  expect(calls).toHaveLength(1);
  standInForSns(signer);
  const deps = deployed(testDeps({ now: () => now + 61_000 }));
  expect((await post(await at(now + 61_000), deps)).http).toBe(200);
});
