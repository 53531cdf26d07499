import { afterEach, expect, test, vi } from "vitest";
import { testDeps } from "../support/index.ts";
import { intercept } from "../support/network.ts";
import {
  confirmation,
  deployed,
  newSigner,
  type Posted,
  post,
  REGION,
  SNS,
  standInForSns,
  TOPIC,
} from "../support/sns.ts";

afterEach(() => void vi.restoreAllMocks());

const statusOf = async (body: Posted | string) => (await post(body)).http;

test("a confirmation altered in any signed field is refused, and nothing is confirmed", async () => {
  const signer = await newSigner();
  const calls = standInForSns(signer);
  const changes: Posted[] = [
    { Token: "other" },
    { SubscribeURL: `${SNS}/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=other` },
    { Message: "other" },
    { Type: "UnsubscribeConfirmation" },
  ];
  for (const change of changes) expect(await statusOf({ ...(await confirmation(signer)), ...change })).toBe(401);
  expect(calls.filter(({ url }) => url.includes("ConfirmSubscription"))).toEqual([]);
});

test("a subscription of ours is confirmed at the address that SNS names, again where it asks again", async () => {
  const signer = await newSigner();
  const calls = standInForSns(signer);
  const message = await confirmation(signer);
  expect([await statusOf(message), await statusOf(message)]).toEqual([200, 200]);
  expect(calls.map(({ url }) => url)).toEqual([`${SNS}${signer.path}`, message.SubscribeURL, message.SubscribeURL]);
});

test("a subscription is confirmed nowhere but at SNS, for this topic, by this action", async () => {
  const signer = await newSigner();
  const calls = standInForSns(signer);
  const query = `?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=a-token`;
  const addresses = [
    `https://evil.test/${query}`,
    `https://sns.${REGION}.amazonaws.com.evil.test/${query}`,
    `https://sns.${REGION}.amazonaws.com@evil.test/${query}`,
    `https://sns.${REGION}.amazonaws.com:8443/${query}`,
    `https://sns.us-east-1.amazonaws.com/${query}`,
    `http://sns.${REGION}.amazonaws.com/${query}`,
    `${SNS}/x${query}`,
    `${SNS}/${query.replace("ConfirmSubscription", "DeleteTopic")}`,
    `${SNS}/${query.replace(TOPIC, `${TOPIC}-2`)}`,
    `${SNS}/?TopicArn=${TOPIC}`,
  ];
  for (const SubscribeURL of addresses) {
    expect(await statusOf(await confirmation(signer, { SubscribeURL })), SubscribeURL).toBe(401);
  }
  expect(calls.map(({ url }) => url)).toEqual([`${SNS}${signer.path}`]);
});

test("a confirmation that SNS does not take is asked for again", async () => {
  const signer = await newSigner();
  for (const answer of [() => new Response("", { status: 500 }), () => Promise.reject(new TypeError("network"))]) {
    vi.restoreAllMocks();
    intercept("https://", ({ url }) => (url.endsWith(".pem") ? new Response(signer.certificate) : answer()));
    expect(await statusOf(await confirmation(signer))).toBe(503);
  }
});

test("the end of a subscription is told to whoever runs the service, and not undone", async () => {
  const signer = await newSigner();
  const calls = standInForSns(signer);
  const warned: string[] = [];
  const log = { info: () => {}, warn: (event: string) => void warned.push(event), error: () => {} };
  const message = await confirmation(signer, { Type: "UnsubscribeConfirmation" });
  expect((await post(message, deployed(testDeps({ log })))).http).toBe(200);
  expect(warned).toEqual(["feedback unsubscribed"]);
  expect(calls.map(({ url }) => url)).toEqual([`${SNS}${signer.path}`]);
});
