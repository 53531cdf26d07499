import { createHash, createSign, randomUUID, X509Certificate } from "node:crypto";
import { generate } from "selfsigned";

/** The key that signs notifications, and the certificate that proves it at `url`. */
export interface Signer {
  certificate: string;
  path: string;
  url: string;
  privateKey: string;
}

export interface Notification {
  Type: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  MessageId: string;
  TopicArn: string;
  Subject?: string;
  Message: string;
  Timestamp: string;
  SignatureVersion: "1" | "2";
  Signature: string;
  SigningCertURL: string;
  Token?: string;
  SubscribeURL?: string;
  UnsubscribeURL?: string;
}

type Unsigned = Pick<Notification, "TopicArn" | "Message"> &
  Partial<Omit<Notification, "Signature" | "TopicArn" | "Message">>;

/** @param base where the certificate will be served, as in http://127.0.0.1:8025 */
export async function createSigner(base: string): Promise<Signer> {
  const { cert, private: privateKey } = await generate([{ name: "commonName", value: "sns.amazonaws.com" }], {
    keySize: 2048,
    algorithm: "sha256",
  });
  const hex = createHash("sha1").update(new X509Certificate(cert).raw).digest("hex").slice(0, 32);
  const path = `/SimpleNotificationService-${hex}.pem`;
  return { certificate: cert, path, url: `${base}${path}`, privateKey };
}

const SIGNED_FIELDS: Record<"notification" | "confirmation", (keyof Notification)[]> = {
  notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  confirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

/**
 * A notification as SNS posts it. What is not given is filled in: a fresh id, now, signature version 2.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export function signNotification(signer: Signer, fields: Unsigned): Notification {
  const notification: Notification = {
    Type: "Notification",
    MessageId: randomUUID(),
    Timestamp: new Date().toISOString(),
    SignatureVersion: "2",
    SigningCertURL: signer.url,
    ...fields,
    Signature: "",
  };
  const names = SIGNED_FIELDS[notification.Type === "Notification" ? "notification" : "confirmation"];
  const signed = names
    .filter((name) => notification[name] !== undefined)
    .map((name) => `${name}\n${notification[name]}\n`)
    .join("");
  const algorithm = notification.SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256";
  notification.Signature = createSign(algorithm).update(signed).sign(signer.privateKey, "base64");
  return notification;
}
