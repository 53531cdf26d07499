/**
 * A lean stand-in for SNS and SES: accepts whatever comes, after the time it is told, and counts. (The stack's own checks signatures and keeps
 * every message, which would be measured too.)
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerParent } from "./child.ts";

type Channel = "sms" | "push" | "email";

/** `first` and `last` are unix ms, 0 before the first. */
export type Accepted = Record<Channel, { count: number; first: number; last: number }>;

const nothing = (): Accepted => ({
  sms: { count: 0, first: 0, last: 0 },
  push: { count: 0, first: 0, last: 0 },
  email: { count: 0, first: 0, last: 0 },
});
let accepted = nothing();
let answerAfterMs = 0;
/** Of all messages together. Timers come late, by a busy machine more. */
let heldMs = 0;

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  let body = "";
  request.setEncoding("latin1").on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    const came = performance.now();
    const answer = () => {
      const messages = request.url?.endsWith("/outbound-bulk-emails")
        ? acceptTogether(body, response)
        : accept(request.url?.startsWith("/v2/email") ? "email" : channelOf(body), response);
      heldMs += messages * (performance.now() - came);
    };
    if (answerAfterMs > 0) setTimeout(answer, answerAfterMs);
    else answer();
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const channelOf = (form: string): Channel => (/(^|&)PhoneNumber=/.test(form) ? "sms" : "push");

function count(channel: Channel, messages: number): number {
  const mine = accepted[channel];
  mine.count += messages;
  mine.last = Date.now();
  mine.first ||= mine.last;
  return messages;
}

/** Letters in one call; answers how many. They take as long as a single one would: the real SES may take longer. */
function acceptTogether(body: string, response: ServerResponse): number {
  const { BulkEmailEntries: letters } = JSON.parse(body) as { BulkEmailEntries: unknown[] };
  const results = letters.map(() => ({ Status: "SUCCESS", MessageId: randomUUID() }));
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ BulkEmailEntryResults: results }));
  return count("email", letters.length);
}

function accept(channel: Channel, response: ServerResponse): number {
  if (channel === "email") {
    response.writeHead(200, { "content-type": "application/json" }).end(`{"MessageId":"${randomUUID()}"}`);
  } else {
    const result = `<PublishResult><MessageId>${randomUUID()}</MessageId></PublishResult>`;
    response.writeHead(200, { "content-type": "text/xml" }).end(`<PublishResponse>${result}</PublishResponse>`);
  }
  return count(channel, 1);
}

answerParent({
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  answerAfter: (ms: number) => {
    answerAfterMs = ms;
  },
  accepted: () => accepted,
  meanMs: () => heldMs / Object.values(accepted).reduce((sum, { count }) => sum + count, 0),
  forget: () => {
    accepted = nothing();
    heldMs = 0;
  },
});
