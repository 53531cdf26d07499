import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody, sendReply } from "./http.ts";
import type { Call } from "./message.ts";
import { Refusal } from "./refusal.ts";
import { NEVER, type Outcome } from "./reply.ts";
import { answerSes, renderSesRefusal, type SesRoom, sesSignatureRefusal } from "./ses.ts";
import { BadSignature, type SignedRequest } from "./signature.ts";
import { answerSns, renderSnsRefusal, type SnsRoom, snsSignatureRefusal } from "./sns.ts";

type Service = "sns" | "ses";

export interface AwsRoom extends SnsRoom, SesRoom {
  checkSignature(request: SignedRequest, service: Service, now: number): Promise<void>;
}

const RENDER = {
  sns: { refusal: renderSnsRefusal, signature: snsSignatureRefusal },
  ses: { refusal: renderSesRefusal, signature: sesSignatureRefusal },
};

/** The service that a request means; null where it means the inbox. */
export function serviceOf({ method }: IncomingMessage, { pathname, searchParams }: URL): Service | null {
  if (pathname.startsWith("/v2/email/")) return "ses";
  return pathname === "/" && (method === "POST" || searchParams.has("Action")) ? "sns" : null;
}

/** Answers a call to AWS, refusals included. */
export async function answerAws(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  room: AwsRoom,
) {
  const render = RENDER[service];
  const outcome = await answerCall(service, request, response, url, room).catch((error: unknown): Outcome => {
    if (error instanceof Refusal) return render.refusal(error);
    if (error instanceof BadSignature) return render.refusal(render.signature(error));
    throw error;
  });
  if (outcome !== NEVER) sendReply(response, outcome);
}

async function answerCall(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  room: AwsRoom,
) {
  const { method = "", headers } = request;
  const bytes = await readBody(request);
  // The link in a subscription's confirmation is opened by anyone who was sent it.
  const byLink = method === "GET" && url.searchParams.get("Action") === "ConfirmSubscription";
  if (!byLink) {
    const signed = { method, path: url.pathname, query: url.searchParams, headers, body: bytes };
    await room.checkSignature(signed, service, Date.now());
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const body = bytes.toString();
  const incoming = { call: callOf(request, url, body), gone: gone.signal };
  if (service === "ses") return answerSes(url.pathname, incoming, room);
  return answerSns(byLink ? url.searchParams : new URLSearchParams(body), room, incoming);
}

const callOf = ({ method = "", headers }: IncomingMessage, url: URL, body: string): Call => ({
  method,
  url: url.href,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  body,
});
