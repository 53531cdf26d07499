import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startInbox } from "../../dev/inbox/index.ts";
import type { Message } from "../../dev/inbox/message.ts";
import { PortTaken } from "../../dev/ports.ts";
import { messages, newAddress, newDirectory, newNumber, url } from "./inbox-room.ts";
import { credentials, registerDevice, sendEmail, sendSms, sns } from "./signed-calls.ts";

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

  it("gives an e-mail's HTML an address of its own, where no script runs and nothing is loaded", async () => {
    const { MessageId } = await sendEmail(url, newAddress());
    const answer = await fetch(`${url}/messages/${MessageId}/html`);
    expect(await answer.text()).toContain("<p>Dinner at <b>19:00</b></p>");
    const policy = (answer.headers.get("content-security-policy") ?? "").split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy.find((rule) => rule.startsWith("sandbox"))).not.toMatch(/allow-(scripts|forms|top-navigation)/);
    expect((await fetch(`${url}/messages/unknown/html`)).status).toBe(404);
    expect((await fetch(`${url}/..%2findex.ts`)).status).toBe(404);
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
