import { createVerify, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { startInbox } from "../../dev/inbox/index.ts";
import { createSigner, type Notification, signNotification } from "../../dev/inbox/notification.ts";
import { fault, hookedAbout, hookUrl, messages, newAddress, newDirectory, newToken, url } from "./inbox-room.ts";
import { credentials, email, REGION, registerDevice, sendEmail, sendPush, ses, sns } from "./signed-calls.ts";

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
    const Endpoint = hookUrl;
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

  it("tells nobody who did not confirm, and says so to whoever wanted it", async () => {
    const heard: string[] = [];
    const deaf = createServer((request, response) => {
      heard.push(String(request.headers["x-amz-sns-message-type"]));
      response.end();
    }).listen(0, "127.0.0.1");
    await once(deaf, "listening");
    const inbox = await startInbox({ port: 0, ...credentials, directory: newDirectory() });
    try {
      const endpoint = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/hooks/sns`;
      await expect(inbox.subscribe(endpoint)).rejects.toThrow(`${endpoint} did not confirm`);
      expect(heard).toEqual(["SubscriptionConfirmation"]);
    } finally {
      await inbox.stop();
      deaf.close();
    }
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
