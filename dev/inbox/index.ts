/** The stand-in for SNS, SES and the operators' Discord, and the page that shows what reached each person. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { portError } from "../ports.ts";
import { openAlerts } from "./alerts.ts";
import { answerAws, serviceOf } from "./aws.ts";
import { delivery } from "./delivery.ts";
import { openEndpoints } from "./endpoints.ts";
import { Faults } from "./faults.ts";
import { isLocalHost, sendJson, sendReply } from "./http.ts";
import { openLive } from "./live.ts";
import { openMessages } from "./messages.ts";
import { createSigner } from "./notification.ts";
import { openPeople } from "./people.ts";
import { answerInbox } from "./routes.ts";
import { type Credentials, signatureCheck } from "./signature.ts";
import { openTopics } from "./topics.ts";

export interface InboxOptions extends Credentials {
  /** 0 takes a free one. */
  port: number;
  /** Messages, endpoints and people are kept here across restarts. */
  directory: string;
  /** The topic that bounces and failures of pushes are told to. */
  topicArn?: string;
  /** Platform applications that exist; absent, every well-formed one of the region. */
  platformApplicationArns?: string[];
  /** Start empty. */
  fresh?: boolean;
}

export interface Inbox {
  url: string;
  /** Has an endpoint, /hooks/sns of the Worker, subscribe to the topic and confirm it; throws where it does not. */
  subscribe(endpoint: string): Promise<void>;
  stop(): Promise<void>;
}

/** @throws {PortTaken} */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  // The port comes first: who holds it owns the directory.
  const server = createServer({ keepAliveTimeout: 60_000 });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening").catch((error) => {
    throw portError(error, options.port);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Loading takes a moment; who calls meanwhile waits for it.
  const opening = openRoom(options, url);
  server.on("request", (request, response) => {
    opening.then((room) => answer(request, response, url, room)).catch((error: unknown) => fail(response, error));
  });
  function close() {
    server.close();
    server.closeAllConnections();
  }
  const { messages, endpoints, topics, topicArn, live } = await opening.catch((error) => {
    close();
    throw error;
  });
  return {
    url,
    async subscribe(endpoint) {
      await topics.subscribe(topicArn, "http", endpoint)();
      if (!topics.isConfirmed(endpoint)) throw new Error(`${endpoint} did not confirm its subscription`);
    },
    async stop() {
      topics.stop();
      live.stop();
      close();
      await Promise.all([messages.close(), endpoints.close()]);
    },
  };
}

type Room = Awaited<ReturnType<typeof openRoom>>;

async function openRoom(options: InboxOptions, url: string) {
  const { region, directory } = options;
  if (options.fresh) rmSync(directory, { recursive: true, force: true });
  const [messages, endpoints, signer] = await Promise.all([
    openMessages(directory),
    openEndpoints(directory, region, options.platformApplicationArns),
    createSigner(url),
  ]);
  const people = openPeople(directory);
  const faults = new Faults();
  const topicArn = options.topicArn ?? `arn:aws:sns:${region}:000000000000:torium-feedback`;
  return {
    region,
    messages,
    endpoints,
    signer,
    people,
    faults,
    alerts: openAlerts(),
    topicArn,
    topics: openTopics(signer, url, topicArn),
    live: openLive(messages, people),
    delivery: delivery(faults, messages),
    checkSignature: signatureCheck(options),
    sentCount: () => messages.all.length,
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, base: string, room: Room) {
  if (!isLocalHost(request.headers.host)) {
    return sendJson(response, 403, { error: { message: "This inbox answers this machine only" } });
  }
  const url = URL.parse(request.url ?? "/", base);
  if (!url) return sendJson(response, 400, { error: { message: "The path cannot be read" } });
  if (url.pathname === room.signer.path) {
    const headers = { "content-type": "application/x-pem-file" };
    return sendReply(response, { status: 200, headers, body: room.signer.certificate });
  }
  if (await room.alerts.answer(request, response, url)) return;
  const service = serviceOf(request, url);
  return service ? answerAws(service, request, response, url, room) : answerInbox(request, response, url, room);
}

function fail(response: ServerResponse, error: unknown) {
  // A caller who hung up is nobody's fault.
  if (response.destroyed) return;
  console.error("inbox:", error);
  if (response.headersSent) response.destroy();
  else sendJson(response, 500, { error: { message: "The inbox failed; its log says why" } });
}
