import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { NeonPools, tooLarge, type Work } from "./neon-pools.ts";
import { Refusal, readRequest, renderError, renderResults } from "./neon-protocol.ts";
import { portError } from "./ports.ts";

export type NeonEndpoint = { url: string; stop(): Promise<void> };

const MAX_BYTES = 64 * 1024 * 1024;
/** Longer than any client keeps an idle connection: whoever closes first must not be the one being asked. */
const KEEP_ALIVE_MS = 10 * 60_000;
/** A page on the web can reach this port under a name of its own, but not under these. */
const HOSTS = /^(localhost|127\.0\.0\.1)(:\d+)?$/;

/**
 * Starts the HTTP endpoint that `@neondatabase/serverless` speaks, in front of PostgreSQL servers on this machine.
 *
 * @param port 0 takes a free one
 * @param onQuery is told of each request's statements: one, or the size of a batch
 * @throws {PortTaken}
 */
export async function startNeonEndpoint(options: {
  port: number;
  onQuery?: (queries: number) => void;
}): Promise<NeonEndpoint> {
  const pools = new NeonPools(MAX_BYTES);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void answer(request, response, pools, options.onQuery);
  });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening").catch((error) => {
    throw portError(error, options.port);
  });
  let stopped: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };

  async function stop(): Promise<void> {
    server.close();
    // Whatever still runs is abandoned, which ends it in PostgreSQL too.
    server.closeAllConnections();
    await pools.end();
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pools: NeonPools,
  onQuery?: (queries: number) => void,
): Promise<void> {
  const work: Work = { abandoned: false, connected: false };
  // Neon ends the query of a caller who went away.
  response.once("close", () => {
    if (response.writableFinished) return;
    work.abandoned = true;
    work.cancel?.();
  });
  try {
    refuseOtherDoors(request);
    const asked = readRequest(request.headers, await readBody(request));
    onQuery?.(asked.statements.length);
    const results = await pools.run(asked.connectionString, asked.statements, asked.begin, work);
    const body = Buffer.from(renderResults(asked, results));
    if (body.length > MAX_BYTES) throw tooLarge(MAX_BYTES);
    send(response, 200, body);
  } catch (error) {
    const { status, body } = renderError(error, work.connected);
    send(response, status, Buffer.from(body));
  }
}

function refuseOtherDoors({ headers, url, method }: IncomingMessage): void {
  if (!HOSTS.test(headers.host ?? "")) throw new Refusal(403, "this endpoint answers to localhost only");
  if (url !== "/sql") throw new Refusal(404, "the endpoint is /sql");
  if (method !== "POST") throw new Refusal(405, "the method is POST");
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // The rest is read and dropped: a caller who is still sending would never see the answer.
    if (bytes <= MAX_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BYTES) throw new Refusal(413, `request is too large (max is ${MAX_BYTES} bytes)`);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length }).end(body);
}
