/** A door before a service, that a test shuts. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = { status: number; body: string };

/** Whoever comes through is handed on to `to`; while it is shut, the line is cut, or what is said is answered instead. */
export async function openDoor() {
  let to = "";
  let shut: "cut" | Answer | null = null;
  let met = 0;
  const server = createServer((request, response) => void pass(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    met++;
    if (shut === "cut") return void request.socket.destroy();
    const type = { "content-type": "application/json" };
    if (shut) return void response.writeHead(shut.status, type).end(shut.body);
    const names = [
      "content-type",
      "neon-connection-string",
      "neon-raw-text-output",
      "neon-array-mode",
      "neon-batch-isolation-level",
      "neon-batch-read-only",
      "neon-batch-deferrable",
    ];
    const headers = names.flatMap((name): [string, string][] =>
      request.headers[name] ? [[name, String(request.headers[name])]] : [],
    );
    const { method = "GET", url = "/" } = request;
    try {
      const answer = await fetch(new URL(url, to), {
        method,
        headers,
        ...(method !== "GET" && { body: Buffer.concat(parts) }),
      });
      response.writeHead(answer.status, type).end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      request.socket.destroy();
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadsTo: (origin: string) => {
      to = origin;
    },
    shut: (how: "cut" | Answer = "cut") => {
      shut = how;
      met = 0;
    },
    open: () => {
      shut = null;
    },
    /** Since it was last shut. */
    met: () => met,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
