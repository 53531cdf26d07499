import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { forwardTrigger, handler } from "../../aws/forward-cognito-triggers.mjs";

const event = {
  version: "1",
  triggerSource: "PreSignUp_SignUp",
  userName: "0f7a",
  userPoolId: "eu-central-1_pool",
  region: "eu-central-1",
  request: { userAttributes: { email: "łucja@example.com" } },
  response: { autoConfirmUser: false },
};

interface Call {
  url: string | undefined;
  signature: string;
  body: string;
}

const closing: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) close();
});

/** A Torium that keeps what it was sent and answers as told. */
async function torium(answer: (body: string, response: ServerResponse) => void) {
  const calls: Call[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    calls.push({ url: request.url, signature: String(request.headers["x-torium-signature"]), body });
    answer(body, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

const echo = (body: string, response: ServerResponse) => void response.end(body);

describe("the Lambda in front of Torium", () => {
  it("forwards the event unchanged and gives back the event that Torium answers", async () => {
    const decided = { ...event, response: { autoConfirmUser: true } };
    const { url, calls } = await torium((_body, response) => void response.end(JSON.stringify(decided)));
    expect(await forwardTrigger(event, { TORIUM_URL: `${url}/`, COGNITO_HOOK_SECRET: "s" })).toEqual(decided);
    expect(calls).toHaveLength(1);
    expect(calls[0]!.url).toBe("/hooks/cognito");
    expect(JSON.parse(calls[0]!.body)).toEqual(event);
  });

  it("signs the time and the exact bytes of the body", async () => {
    const { url, calls } = await torium(echo);
    const before = Math.floor(Date.now() / 1000);
    await forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "only" });
    const { signature, body } = calls[0]!;
    const [, t = "", v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(Number(t)).toBeGreaterThanOrEqual(before);
    expect(Number(t)).toBeLessThanOrEqual(Math.floor(Date.now() / 1000));
    expect(v1).toBe(createHmac("sha256", "only").update(`${t}.${body}`).digest("hex"));
  });

  it("signs with the newest of two secrets", async () => {
    const { url, calls } = await torium(echo);
    await forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "newest, oldest" });
    const { signature, body } = calls[0]!;
    const [, t, v1] = /^t=(\d+),v1=(.*)$/.exec(signature) ?? [];
    expect(v1).toBe(createHmac("sha256", "newest").update(`${t}.${body}`).digest("hex"));
  });

  it("takes its settings from the environment when Lambda calls it", async () => {
    const { url } = await torium(echo);
    vi.stubEnv("TORIUM_URL", url);
    vi.stubEnv("COGNITO_HOOK_SECRET", "s");
    expect(await handler(event)).toEqual(event);
  });

  it.each([400, 401, 429, 500, 503, 204, 302])("throws when Torium answers %i, and names nobody", async (status) => {
    const { url } = await torium((body, response) => {
      response.writeHead(status, { location: "/elsewhere" });
      response.end(status === 204 ? undefined : body);
    });
    const outcome = forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "s" });
    await expect(outcome).rejects.toThrow(new Error(`Torium answered ${status}`));
  });

  it("asks once where Torium limits sign-ups, and does not wait until it may ask again: Cognito tries three times by itself", async () => {
    const { url, calls } = await torium((_body, response) => {
      response.writeHead(429, { "retry-after": "60" });
      response.end(JSON.stringify({ status: { code: 429, message: "łucja@example.com" }, data: null }));
    });
    const outcome = forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "s" });
    await expect(outcome).rejects.toThrow(new Error("Torium answered 429"));
    expect(calls).toHaveLength(1);
  });

  it.each([
    ["text", "<html>"],
    ["null", "null"],
    ["an envelope", JSON.stringify({ status: { code: 200, message: "Success" }, data: null })],
    ["the event of another person", JSON.stringify({ ...event, userName: "else" })],
    ["another trigger's event", JSON.stringify({ ...event, triggerSource: "PostConfirmation_ConfirmSignUp" })],
  ])("throws when Torium answers with %s", async (_what, answer) => {
    const { url } = await torium((_body, response) => void response.end(answer));
    const outcome = forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "s" });
    await expect(outcome).rejects.toThrow(/something else|another event/);
  });

  it("throws when Torium is out of reach", async () => {
    const { url } = await torium((_body, response) => void response.destroy());
    const outcome = forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "s" });
    await expect(outcome).rejects.toThrow("Torium is out of reach");
  });

  it("gives up before Cognito does", async () => {
    const waits: number[] = [];
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      waits.push(ms);
      return AbortSignal.abort(new DOMException("over", "TimeoutError"));
    });
    const outcome = forwardTrigger(event, { TORIUM_URL: "http://127.0.0.1:9", COGNITO_HOOK_SECRET: "s" });
    await expect(outcome).rejects.toThrow("Torium did not answer in time");
    timeout.mockRestore();
    expect(Math.max(...waits)).toBeLessThan(5_000);
  });

  it("names every missing setting at once", async () => {
    await expect(forwardTrigger(event, {})).rejects.toThrow("Missing setting: TORIUM_URL, COGNITO_HOOK_SECRET");
    const blank = { TORIUM_URL: "http://127.0.0.1:9", COGNITO_HOOK_SECRET: " , old" };
    await expect(forwardTrigger(event, blank)).rejects.toThrow("Missing setting: COGNITO_HOOK_SECRET");
  });

  it("writes nothing to the log", async () => {
    const spies = (["log", "info", "warn", "error", "debug"] as const).map((name) => vi.spyOn(console, name));
    const { url } = await torium((_body, response) => void response.writeHead(500).end("łucja@example.com"));
    const outcome = forwardTrigger(event, { TORIUM_URL: url, COGNITO_HOOK_SECRET: "s" });
    await expect(outcome).rejects.toThrow(/^Torium answered 500$/);
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });
});
