import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal } from "./refusal.ts";
import type { Reply } from "./reply.ts";

const MAX_BODY_BYTES = 12_000_000;

/** The whole body; throws Refusal over 12 MB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refusal("RequestEntityTooLarge", "The body is over 12 MB", 413);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

export function sendReply(response: ServerResponse, { status, headers, body, cut, after }: Reply): void {
  if (cut) {
    response.socket?.destroy();
    after?.();
    return;
  }
  if (after) response.once("close", after);
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendReply(response, { status, headers: JSON_HEADERS, body: JSON.stringify(body) });
}

const JSON_HEADERS = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
const ROWS_A_CHUNK = 200;

/** A list of any length, without holding its text in memory at once. */
export async function sendList(response: ServerResponse, rows: readonly object[]): Promise<void> {
  response.writeHead(200, JSON_HEADERS);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.write("[");
  for (let start = 0; start < rows.length; start += ROWS_A_CHUNK) {
    const chunk = rows.slice(start, start + ROWS_A_CHUNK).map((row) => JSON.stringify(row));
    const flowing = response.write((start === 0 ? "" : ",") + chunk.join(","));
    if (!flowing) await once(response, "drain", { signal: gone.signal }).catch(() => {});
    if (gone.signal.aborted) return;
  }
  response.end("]");
}

/** A page of another origin can make a browser call this machine; under a name of its own it shall get nothing. */
export const isLocalHost = (host: string | undefined) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? "");
