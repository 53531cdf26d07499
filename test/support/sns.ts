/** Messages as SNS posts them, signed by a key whose certificate is at the address that they name. */
import { generate } from "selfsigned";
import { vi } from "vitest";
import { api } from "../../src/api/index.ts";
import { type TestDeps, testDeps } from "./index.ts";
import { type Call, intercept } from "./network.ts";

export const REGION = "eu-central-1";
export const TOPIC = `arn:aws:sns:${REGION}:123456789012:torium-feedback`;
export const SNS = `https://sns.${REGION}.amazonaws.com`;

export type Posted = Record<string, string | undefined>;
export type Signer = { certificate: string; path: string; sign: (text: string, hash: string) => Promise<string> };

let signers = 0;
/** Each has a certificate of its own at a path of its own, so that no test meets what another left in the isolate. */
export async function newSigner(validity: { notBeforeDate?: Date; notAfterDate?: Date } = {}): Promise<Signer> {
  const { cert, private: pem } = await generate([{ name: "commonName", value: "sns.amazonaws.com" }], {
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - 86_400_000),
    ...validity,
  });
  const der = Uint8Array.from(atob(pem.replace(/-----[^-]+-----|\s/g, "")), (letter) => letter.charCodeAt(0));
  return {
    certificate: cert,
    path: `/SimpleNotificationService-${(++signers).toString(16).padStart(8, "0")}${crypto.randomUUID().slice(0, 8)}.pem`,
    async sign(text, hash) {
      const key = await crypto.subtle.importKey("pkcs8", der, { name: "RSASSA-PKCS1-v1_5", hash }, false, ["sign"]);
      const bytes = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, new TextEncoder().encode(text));
      return btoa(String.fromCharCode(...new Uint8Array(bytes)));
    },
  };
}

const SIGNED = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/** A notification at `now`; what is given takes the place of what is right, and is signed. */
export async function posted(signer: Signer, given: Posted = {}, now = Date.now()): Promise<Posted> {
  const message: Posted = {
    Type: "Notification",
    MessageId: crypto.randomUUID(),
    TopicArn: TOPIC,
    Message: "{}",
    Timestamp: new Date(now).toISOString(),
    SignatureVersion: "2",
    SigningCertURL: `${SNS}${signer.path}`,
    UnsubscribeURL: `${SNS}/?Action=Unsubscribe`,
    ...given,
  };
  const named = SIGNED.filter((name) => message[name] !== undefined);
  const text = named.map((name) => `${name}\n${message[name]}\n`).join("");
  return { ...message, Signature: await signer.sign(text, message.SignatureVersion === "1" ? "SHA-1" : "SHA-256") };
}

export const confirmation = (signer: Signer, given: Posted = {}) =>
  posted(signer, {
    Type: "SubscriptionConfirmation",
    Message: "You have chosen to subscribe",
    Token: "a-token",
    SubscribeURL: `${SNS}/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=a-token`,
    ...given,
  });

/** SNS itself: it serves these certificates and confirms; every call to an https address is recorded. */
export function standInForSns(...signers: Signer[]): Call[] {
  vi.restoreAllMocks();
  return intercept("https://", ({ url }) => {
    const found = signers.find(({ path }) => url === `${SNS}${path}`);
    if (found) return new Response(found.certificate);
    return url.startsWith(`${SNS}/?`)
      ? new Response("<ConfirmSubscriptionResponse/>")
      : new Response("", { status: 404 });
  });
}

/** The Worker as deployed: SNS is at Amazon's, and one topic is believed. */
export const deployed = (deps: TestDeps = testDeps()): TestDeps => ({
  ...deps,
  settings: { ...deps.settings, AWS_ENDPOINT_URL_SNS: undefined, SNS_FEEDBACK_TOPIC_ARNS: [TOPIC] },
});

export async function post(body: Posted | string, deps: TestDeps = deployed()) {
  const request = new Request("https://api.torium.test/hooks/sns", {
    method: "POST",
    headers: { "content-type": "text/plain; charset=UTF-8", "user-agent": "Amazon Simple Notification Service Agent" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const before = deps.roundTrips();
  const answer = await api(request, deps, {} as ExecutionContext);
  const told = JSON.parse(await answer.text());
  return { http: answer.status, error: told.error, roundTrips: deps.roundTrips() - before };
}
