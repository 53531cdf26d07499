/**
 * A lean stand-in for SNS and SES: accepts whatever comes, after the time it is told, and counts. (The stack's own checks signatures and keeps
 * every message, which would be measured too.)
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerParent } from "./child.ts";

/** Times are unix ms, null before the first; `most` is how many calls were open at once. */
export type Accepted = {
  sms: number;
  push: number;
  email: number;
  first: number | null;
  last: number | null;
  most: number;
};

const nothing = (): Accepted => ({ sms: 0, push: 0, email: 0, first: null, last: null, most: 0 });
let accepted = nothing();
let answerAfterMs = 0;
let open = 0;

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  open++;
  accepted.most = Math.max(accepted.most, open);
  let body = "";
  request.setEncoding("latin1").on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    const answer = () => accept(request.url?.startsWith("/v2/email") ? "email" : channelOf(body), response);
    if (answerAfterMs > 0) setTimeout(answer, answerAfterMs);
    else answer();
  });
  response.on("close", () => open--);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const channelOf = (form: string) => (/(^|&)PhoneNumber=/.test(form) ? "sms" : "push");

function accept(channel: "sms" | "push" | "email", response: ServerResponse): void {
  accepted[channel]++;
  accepted.last = Date.now();
  accepted.first ??= accepted.last;
  if (channel === "email") {
    response.writeHead(200, { "content-type": "application/json" }).end(`{"MessageId":"${randomUUID()}"}`);
    return;
  }
  const result = `<PublishResult><MessageId>${randomUUID()}</MessageId></PublishResult>`;
  response.writeHead(200, { "content-type": "text/xml" }).end(`<PublishResponse>${result}</PublishResponse>`);
}

answerParent({
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  answerAfter: (ms: number) => {
    answerAfterMs = ms;
  },
  accepted: () => accepted,
  forget: () => {
    accepted = nothing();
  },
});
