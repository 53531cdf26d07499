import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { unsubscribeUrl } from "../src/domain/links.ts";
import { readSettings } from "../src/env.ts";
import { settings } from "./support/index.ts";
import { type Listening, listen, SECRETS, SEED } from "./support/logged.ts";
import { ask, failingDatabases, REPEATING } from "./support/logged-failures.ts";
import { intercept } from "./support/network.ts";
import { deployed, newSigner, posted, SNS, standInForSns } from "./support/sns.ts";
import { send as sendTrigger, event as trigger } from "./support/triggers.ts";

const VALUES = Object.values(SEED);
const all = VALUES.join(" ");

let log: Listening;
beforeEach(() => {
  log = listen();
});
afterEach(() => void vi.restoreAllMocks());

test("an unsubscribe link, whole or broken, leaves no address", async () => {
  const link = new URL(await unsubscribeUrl(settings, SEED.email));
  const { to = "", signature = "" } = Object.fromEntries(link.searchParams);
  log.hide(to, signature);
  const form = { headers: { "content-type": "application/x-www-form-urlencoded" } };
  for (const sent of [
    { to, signature },
    { to, signature: `${signature.slice(0, -6)}AAAAAA` },
    { to: SEED.email, signature: SEED.code },
  ]) {
    await ask(log, "GET /unsubscribe", { query: sent });
    for (const body of ["List-Unsubscribe=One-Click", "List-Unsubscribe=Undo", `List-Unsubscribe=${SEED.email}`])
      await ask(log, "POST /unsubscribe", { query: sent, body, ...form });
    const good = log.depsOf();
    for (const db of Object.values(failingDatabases(good.db)))
      await ask(log, "POST /unsubscribe", {
        query: sent,
        body: "List-Unsubscribe=One-Click",
        ...form,
        deps: log.depsOf({ db }),
      });
  }
  log.check();
});

test("a trigger of the pool, signed or not, leaves no name and no address", async () => {
  const sources = [
    "PreSignUp_SignUp",
    "PostConfirmation_ConfirmSignUp",
    "PostConfirmation_ConfirmForgotPassword",
    SEED.text,
  ];
  const AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER = "http://pool.test";
  const answers = [
    () =>
      new Response(JSON.stringify({ __type: `UserNotFoundException: ${SEED.email}`, message: all }), { status: 400 }),
    ...Object.values(REPEATING),
    () => new Response("{}"),
  ];
  const good = log.depsOf();
  for (const db of [good.db, ...Object.values(failingDatabases(good.db))])
    for (const answer of db === good.db ? answers : answers.slice(-1)) {
      intercept("http://pool.test", answer);
      for (const source of sources) {
        const deps = log.depsOf({ db, settings: { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER } });
        const attributes = { sub: crypto.randomUUID(), email: SEED.stranger, name: SEED.username };
        const body = JSON.stringify(trigger(source, SEED.stranger, attributes));
        for (const signed of [{}, { signature: SEED.email }, { signature: null }, { secret: SEED.password }, { at: 0 }])
          await sendTrigger(body, { deps, ...signed });
        await sendTrigger(`{"${all}`, { deps });
      }
    }
  log.check();
});

test("feedback of SNS, genuine or forged, leaves no address", async () => {
  const [ours, other] = [await newSigner(), await newSigner()];
  standInForSns(ours);
  log = listen();
  const mail = { messageId: SEED.code, destination: [SEED.email] };
  const people = [{ emailAddress: SEED.email, diagnosticCode: all }];
  const messages = [
    {
      notificationType: "Bounce",
      mail,
      bounce: { bounceType: "Permanent", bounceSubType: SEED.email, bouncedRecipients: people },
    },
    { notificationType: "Complaint", mail, complaint: { complainedRecipients: people, complaintSubType: SEED.number } },
    {
      EventType: "DeliveryFailure",
      EndpointArn: SEED.arn,
      MessageId: SEED.code,
      FailureType: SEED.device_token,
      Time: new Date().toISOString(),
    },
    { EventType: "EndpointDeleted", EndpointArn: SEED.arn, Time: new Date().toISOString() },
    { EventType: "DeliveryFailure", EndpointArn: all },
    all,
  ].map((message) => (typeof message === "string" ? message : JSON.stringify(message)));
  const good = deployed(log.depsOf());
  for (const Message of messages) {
    const made = [
      await posted(ours, { Message }),
      await posted(other, { Message }),
      { ...(await posted(ours, { Message })), Message: `${Message} ` },
      await posted(ours, { Message, TopicArn: `arn:aws:sns:eu-central-1:123456789012:${SEED.code}` }),
      await posted(ours, { Message, SigningCertURL: `${SNS}/${SEED.email}.pem` }),
      { Message },
    ];
    for (const [index, one] of made.entries()) {
      const ended = await ask(log, "POST /hooks/sns", { body: JSON.stringify(one), deps: good });
      if (index > 0) expect(ended.status).toBeGreaterThanOrEqual(400);
    }
    for (const db of Object.values(failingDatabases(good.db)))
      await ask(log, "POST /hooks/sns", { body: JSON.stringify(made[0]), deps: { ...good, db } });
  }
  log.check();
});

test("settings that are wrong are named without their values", () => {
  const names = Object.keys(settings);
  for (const value of [...VALUES, ...Object.values(SECRETS), `postgres//${SEED.password}`]) {
    const wrong = Object.fromEntries(names.map((name) => [name, value]));
    try {
      readSettings(wrong);
      expect.unreachable();
    } catch (error) {
      const { name, message, stack = "", cause } = error as Error;
      expect(name).toBe("SettingsError");
      log.holdsNothing([message, stack, String(cause)]);
    }
  }
});
