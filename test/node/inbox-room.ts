/** An inbox for a test file, with the hook that it reports failures to. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { startInbox } from "../../dev/inbox/index.ts";
import type { Message } from "../../dev/inbox/message.ts";
import type { Notification } from "../../dev/inbox/notification.ts";
import { credentials } from "./signed-calls.ts";

const directories: string[] = [];
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "torium-inbox-"));
  directories.push(directory);
  return directory;
}

export let url: string;
export let hookUrl: string;
let stop: () => Promise<void>;
const hooked: Notification[] = [];
const hook = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const notification: Notification = JSON.parse(Buffer.concat(chunks).toString());
  hooked.push(notification);
  if (notification.Type === "SubscriptionConfirmation") await fetch(notification.SubscribeURL!);
  response.end();
  hook.emit("hooked");
});

beforeAll(async () => {
  await new Promise<void>((done) => hook.listen(0, "127.0.0.1", done));
  hookUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hooks/sns`;
  const inbox = await startInbox({ port: 0, ...credentials, directory: newDirectory() });
  ({ url, stop } = inbox);
  await inbox.subscribe(hookUrl);
});
afterAll(async () => {
  await stop();
  hook.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** What the inbox posted to the hook about something, as soon as it has. */
export async function hookedAbout(part: string): Promise<Notification> {
  for (;;) {
    const found = hooked.find(({ Message }) => Message.includes(part));
    if (found) return found;
    await once(hook, "hooked");
  }
}

let numbers = 0;
export const newNumber = () => `+4860${String(++numbers).padStart(7, "0")}`;
export const newAddress = () => `person-${randomUUID()}@torium.test`;
export const newToken = () => `token:${randomUUID()}`;

export async function messages(to: string, channel?: string, at = url): Promise<Message[]> {
  const query = new URLSearchParams({ to, ...(channel && { channel }) });
  return (await fetch(`${at}/messages?${query}`)).json() as Promise<Message[]>;
}

let faults: object[] = [];
/** In force beside those of other tests, each for its own address. */
export async function fault(added: { to: string; channel: string; kind: string; times?: number; ms?: number }) {
  faults = [...faults, added];
  const answer = await fetch(`${url}/faults`, { method: "PUT", body: JSON.stringify(faults) });
  expect(answer.status).toBe(200);
}
